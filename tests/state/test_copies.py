"""Backups and restoring: checked, thinned out, and never a moment without a state or with half of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.errors import MammonError, PersonNeededError, UsageError
from mammon.state import restoring
from mammon.state.copies import FOLDER, back_up, backups, thinned_out
from mammon.state.inspection import problems
from mammon.state.opening import NAME, Identity
from mammon.state.restoring import restore
from mammon.state.store import Store
from tests.state.journals import begun, journal_contents, settled, write
from tests.state.worlds import IDENTITY, opened

NOW = 1_767_225_600


def written(directory: Path) -> dict[str, object]:
    with opened(directory) as store:
        write(store)
        return journal_contents(store)


def test_a_copy_comes_back_as_it_was(directory: Path) -> None:
    """A3 44: the copy takes the place, what was there is kept, and the state says that it was restored."""
    before = written(directory)
    made = back_up(directory, directory / FOLDER, IDENTITY, NOW)
    with opened(directory) as store:
        store.journal.close_slot(5, "external", None, None)
        settled(store.journal, 6, begun(store.journal, "later"), 0)
    done = restore(directory, made.path, IDENTITY, NOW + 5)
    assert done.kept is not None
    assert done.kept.exists()
    with opened(directory) as store:
        after = journal_contents(store)
        for name in ("open", "slots", "attempts", "intents", "flows", "limits"):
            assert after[name] == before[name]
        assert store.restored() == made.path.name
        assert problems(store) == ()
        store.forget_restored()
        store.forget_restored()
        assert store.restored() == ""
        assert problems(store) == ()


@pytest.mark.parametrize("how", ["noise", "cut", "gone", "journal alone", "flipped"])
def test_a_damaged_state_is_replaced(directory: Path, how: str) -> None:
    """Whatever is left of the old file, the copy takes its place."""
    written(directory)
    made = back_up(directory, directory / FOLDER, IDENTITY, NOW)
    file = directory / NAME
    whole = file.read_bytes()
    if how == "noise":
        file.write_bytes(b"\x55" * 9000)
    elif how == "cut":
        file.write_bytes(whole[:5000])
    elif how == "flipped":
        file.write_bytes(whole[:8300] + b"\xff" * 64 + whole[8364:])
    else:
        file.unlink()
    if how == "journal alone":
        with pytest.raises(PersonNeededError):
            opened(directory)
    restore(directory, made.path, IDENTITY, NOW + 5)
    with opened(directory) as store:
        assert problems(store) == ()
        assert store.journal.open_slot() is not None


def test_a_bad_copy_replaces_nothing(directory: Path, tmp_path: Path) -> None:
    """Damage, another world and a file that is not there are refused; the world stays what it was."""
    before = written(directory)
    made = back_up(directory, directory / FOLDER, IDENTITY, NOW).path
    whole = made.read_bytes()
    bad = made.with_name("bad.db")
    place = whole.index(b"permit-5-1")
    bad.write_bytes(whole[:place] + b"PERMIT" + whole[place + 6 :])
    bad.chmod(0o600)
    for source, identity, kind in (
        (bad, IDENTITY, PersonNeededError),
        (made, Identity("live", 8453, IDENTITY.account), UsageError),
        (made.with_name("none.db"), IDENTITY, UsageError),
        (tmp_path / "nowhere" / "none.db", IDENTITY, UsageError),
    ):
        with pytest.raises(kind):
            restore(directory, source, identity, NOW)
        with opened(directory) as store:
            assert journal_contents(store) == before


def test_dying_while_restoring_leaves_a_state_or_a_refusal(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the exchange stops, an opening finds a whole state or refuses: never a fresh one."""
    written(directory)
    made = back_up(directory, directory / FOLDER, IDENTITY, NOW).path
    real, refused = restoring._rename, list[str]()
    for stop in (1, 2):
        count = iter(range(1, 9))

        def dying(folder: int, name: str, to: str, stop: int = stop, count: object = count) -> None:
            real(folder, name, to)
            if next(count) == stop:  # type: ignore[call-overload]
                raise KeyboardInterrupt

        monkeypatch.setattr(restoring, "_rename", dying)
        with pytest.raises(KeyboardInterrupt):
            restore(directory, made, IDENTITY, NOW + stop)
        try:
            with opened(directory) as store:
                assert store.journal.open_slot() is not None
                store.journal.saw(2 * NOW + stop)  # so that there is a journal file again
        except MammonError as error:
            refused.append(error.code)
    assert refused == ["state_gone"]
    monkeypatch.setattr(restoring, "_rename", real)
    restore(directory, made, IDENTITY, NOW + 9)
    with opened(directory) as store:
        assert store.journal.open_slot() is not None


def test_a_backup_of_damage_is_not_made(directory: Path) -> None:
    """A copy that is no sound state is not kept, and no older one is given up for it."""
    written(directory)
    good = back_up(directory, directory / FOLDER, IDENTITY, NOW).path
    file = directory / NAME
    file.write_bytes(file.read_bytes().replace(b"permit-5-1", b"PERMIT-5-1"))
    with pytest.raises(PersonNeededError):
        back_up(directory, directory / FOLDER, IDENTITY, NOW + 60)
    assert backups(directory / FOLDER, directory.name) == (good,)
    assert backups(directory / "none", directory.name) == ()
    with pytest.raises(UsageError):
        back_up(directory.with_name("other"), directory / FOLDER, IDENTITY, NOW)
    with Store.readonly(directory, IDENTITY) as store:
        assert problems(store) != ()


@given(st.lists(st.integers(0, 60 * 24 * 60), unique=True, min_size=1, max_size=200))
def test_old_backups_are_thinned_out(minutes: list[int]) -> None:
    """The newest stays, at most 24 + 7 + 4 do, each of the last days keeps one; twice is once."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    times = {f"w-{begin + timedelta(minutes=each):%Y%m%dT%H%M%SZ}.db" for each in minutes}
    kept = times - thinned_out(times)
    assert max(times) in kept
    assert len(kept) <= 35
    assert {name[2:10] for name in kept} >= set(sorted({name[2:10] for name in times})[-7:])
    assert {name[2:13] for name in kept} >= set(sorted({name[2:13] for name in times})[-24:])
    assert thinned_out(kept) == set()
