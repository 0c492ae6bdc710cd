"""What is judged by mutation, by which tests, and which mutants no test can find, each with its reason."""

from __future__ import annotations

LEAST_PERCENT = 95.0
"""Of the mutants that are not equivalent, so many at least must be found, in every module."""

# Not the campaign of `test_gate`, whose second opinion takes a minute for each mutant that it lets live.
_SIGNING = (
    "tests/signing/test_permit.py",
    "tests/signing/test_accepted.py",
    "tests/signing/test_second_tier.py",
    "tests/signing/test_reasons.py",
)
_FOLLOWING = (
    "tests/chain_acting/test_follow.py",
    "tests/chain_acting/test_bids.py",
    "tests/chain_acting/test_watching.py",
    "tests/chain_acting/test_watch_bids.py",
    "tests/chain_acting/test_watch_endings.py",
)

TARGETS: dict[str, tuple[str, ...]] = {
    "mammon.core.stops": ("tests/core/test_stops.py",),
    "mammon.core.txstate": ("tests/core/test_txstate.py",),
    "mammon.core.watch": (
        "tests/core/test_watch.py",
        "tests/core/test_watch_figures.py",
        "tests/core/test_bids.py",
    ),
    "mammon.chain.permit": _SIGNING,
    "mammon.chain.permit_call": _SIGNING,
    "mammon.chain.permit_lists": _SIGNING,
    "mammon.chain.recovery": ("tests/chain_acting/test_recovery.py",),
    "mammon.chain.follow": _FOLLOWING,
    "mammon.state.journal": (
        "tests/state/test_journal.py",
        "tests/state/test_journal_audit.py",
        "tests/state/test_journal_laws.py",
        "tests/state/test_journal_steps.py",
    ),
}
"""Modules, and the fast tests that each of them is held to."""

AT_LOADING = frozenset({("mammon.core.stops", "_row")})
"""Functions that are called when their module is loaded, and never again."""

EQUIVALENT: dict[str, dict[tuple[str, str, str], str]] = {
    "mammon.core.stops": {
        (
            "_row",
            "...move, exit_home, revoke, rebroadcast, bump, cancel), strict=True))",
            "...move, exit_home, revoke, rebroadcast, bump, cancel), strict=False))",
        ): "there are seven acts, and seven answers in the call",
    },
    "mammon.core.watch": {
        (
            "_seen",
            "if len(used) == len(views) and all(((view.safe_nonce or 0) > slot.nonce for view in views)):",
            "if len(used) == len(views) and all(((view.safe_nonce or -1) > slot.nonce for view in views)):",
        ): "no nonce is below 0, and neither is more than one",
        (
            "_settled",
            "if alone and reached[0].head - mined.block >= pace.deep_blocks:",
            "if alone and reached[-1].head - mined.block >= pace.deep_blocks:",
        ): "who is alone is first and last",
    },
    "mammon.chain.permit": {
        (
            "judge_call",
            "zero = Wei(0)",
            "zero = Wei(1)",
        ): "value and fees of a call for other hands are judged by no rule",
        ("_accepted", "return False", "return None"): "only its truth is asked",
    },
    "mammon.chain.permit_call": {
        (
            "call_refusals",
            "target = market.token.address if allowed[0].target == 'token' else market.id.address",
            "target = market.token.address if allowed[-1].target == 'token' else market.id.address",
        ): "all forms of one movement go to one target, as `test_permit` holds the table to",
        (
            "_meant",
            "if not any((_word(data, place) for place in places)):",
            "if not all((_word(data, place) for place in places)):",
        ): "no form has two zeros, and a form without any shares its selector with none",
        (
            "_arguments",
            "...ole, value) in enumerate(zip(form.arguments, values, strict=True)):",
            "...ole, value) in enumerate(zip(form.arguments, values, strict=False)):",
        ): "there is a value for each argument: they were made from them",
        (
            "_term",
            "due = dict(zip(TERMS, terms_of(market), strict=True))[role]",
            "due = dict(zip(TERMS, terms_of(market), strict=False))[role]",
        ): "`terms_of` returns five, whatever the market",
    },
    "mammon.chain.recovery": {
        (
            "Recovery._require_ours",
            "if enough and all(((view.safe_nonce or 0) > due for view in views)):",
            "if enough and all(((view.safe_nonce or -1) > due for view in views)):",
        ): "no count is below 0, and neither is more than one",
    },
    "mammon.chain.follow": {
        **{
            ("Follower.__init__", "self._head = 0", f"self._head = {number}"): "every head is beyond it"
            for number in (1, -1)
        },
        **{
            (f"Follower.{name}", "return False", "return None"): "only its truth is asked"
            for name in ("_done", "_settle", "_contradicted")
        },
        (
            "Follower.bid",
            "...'cancel' if wanted.role == 'cancel' else 'bump', by_command=True)",
            "...'cancel' if wanted.role == 'cancel' else 'bump', by_command=False)",
        ): "no stop has `by_command` for a bump or a cancellation",
        (
            "Follower.bid",
            "...higher(errand, newest, wanted, by_command=True), by_command=True)",
            "...higher(errand, newest, wanted, by_command=True), by_command=False)",
        ): "no stop has `by_command` for a bump or a cancellation",
        (
            "",
            "...t(self, attempt: Attempt, ready: Prepared, by_command: bool=False) -> None:",
            "...t(self, attempt: Attempt, ready: Prepared, by_command: bool=True) -> None:",
        ): "no stop has `by_command` for a bump or a cancellation",
        (
            "Follower._order",
            "...ng, named_shares(market, call.data) if step.everything else 0, by_command, again=True)",
            "...ng, named_shares(market, call.data) if step.everything else 1, by_command, again=True)",
        ): "without `everything` no form that has shares is let pass",
        (
            "Follower._order",
            "...ng, named_shares(market, call.data) if step.everything else 0, by_command, again=True)",
            "...ng, named_shares(market, call.data) if step.everything else -1, by_command, again=True)",
        ): "without `everything` no form that has shares is let pass",
        (
            "_class",
            "return f'refused: {result.message}'[:120] if isinstance(result, RpcFailure) else 'taken'",
            "return f'refused: {result.message}'[:121] if isinstance(result, RpcFailure) else 'taken'",
        ): "`safe_text` has cut the message far shorter",
        (
            "_class",
            "return f'refused: {result.message}'[:120] if isinstance(result, RpcFailure) else 'taken'",
            "return f'refused: {result.message}'[:119] if isinstance(result, RpcFailure) else 'taken'",
        ): "`safe_text` has cut the message far shorter",
    },
    "mammon.state.journal": {
        (
            name,
            before,
            before.replace("attempt_row(0", f"attempt_row({number}"),
        ): "the row's number is cut off"
        for name in ("Journal.sign_slot", "Journal.sign_again")
        for before in ("self._attempts.append(*rows.attempt_row(0, attempt)[1:])",)
        for number in (1, -1)
    }
    | {
        (
            "Journal.adopt",
            "if expected is not None and nonce < expected:",
            "if expected is not None and nonce <= expected:",
        ): "the one that is expected has returned before",
        ("Journal.saw", "if at > self.seen_at():", "if at >= self.seen_at():"): "the same time is put again",
        ("Journal.__init__", "self._seen = 0", "self._seen = -1"): "what the database has is 0 at least",
        (
            "Journal._keep_seen",
            "if self._seen > super().seen_at():",
            "if self._seen >= super().seen_at():",
        ): "the same time is put again",
    },
}
"""By module: function, before, after -> why no test can tell the mutant from the original."""
