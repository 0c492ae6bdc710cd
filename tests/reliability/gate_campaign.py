"""The signing gate against mutated transactions: `python -m tests.reliability.gate_campaign 50000 [seed]`.

First every single-field change of every golden transaction, then as many random ones as asked for. Each
verdict is held against an opinion written with other libraries. Ends with 1 when any two differ.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from mammon.chain.evidence import Permit
from mammon.chain.permit import judge
from tests.reliability.mutations import Case, drawn, single
from tests.signing.golden import Golden, goldens
from tests.signing.oracle import permitted


@dataclass
class Tally:
    """What a campaign came to."""

    judged: int = 0
    wrong_permits: list[str] = field(default_factory=list)
    wrong_denials: list[str] = field(default_factory=list)
    permitted: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    def hold(self, cases: Iterable[Case]) -> None:
        """Judge each case and hold the verdict against the other opinion."""
        for name, payload, evidence in cases:
            verdict = judge(payload, evidence)
            allowed = permitted(payload, evidence)
            self.judged += 1
            if isinstance(verdict, Permit):
                self.permitted += 1
                if not allowed:
                    self.wrong_permits.append(name)
                continue
            self.codes.update({refusal.code for refusal in verdict})
            if allowed:
                self.wrong_denials.append(f"{name}: {verdict}")


def golden_cases() -> Iterator[Case]:
    """Yield the golden transactions themselves."""
    return ((each.name, each.payload, each.evidence) for each in goldens())


def single_changes(of: Iterable[Golden] = ()) -> Iterator[Case]:
    """Yield every single-field change of golden transactions: of all, or of those given."""
    for golden in of or goldens():
        for name, payload, evidence in single(golden):
            yield f"{golden.name}: {name}", payload, evidence


def random_changes(count: int, seed: int) -> Iterator[Case]:
    """Yield so many random changes."""
    random, known = Random(seed), goldens()
    for _ in range(count):
        golden = random.choice(known)
        name, payload, evidence = drawn(golden, random)
        yield f"{golden.name}: {name}", payload, evidence


def main(count: int, seed: int) -> int:
    """Run a campaign, print its counts, return the exit code."""
    tally = Tally()
    for name, cases in (
        ("golden", golden_cases()),
        ("single changes", single_changes()),
        (f"random changes, seed {seed}", random_changes(count, seed)),
    ):
        before = tally.judged, tally.permitted
        tally.hold(cases)
        judged, allowed = tally.judged - before[0], tally.permitted - before[1]
        print(f"{name}: {judged} judged, {allowed} permitted")
    print(f"{len(tally.wrong_permits)} wrong permits, {len(tally.wrong_denials)} wrong denials")
    print("codes: " + ", ".join(f"{code} {seen}" for code, seen in sorted(tally.codes.items())))
    for name in (*tally.wrong_permits[:20], *tally.wrong_denials[:20]):
        print(f"  {name}")
    return 1 if tally.wrong_permits or tally.wrong_denials else 0


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(arguments + [50_000, 1][len(arguments) :])))
