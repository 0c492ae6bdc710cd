"""The exception tree and the exit code of each branch.

A refusal by a gate is data (`core.types.Verdict`), not an exception. What is raised here is a
failure: something the caller asked for did not happen. Every failure carries a stable `code`, one
sentence, and a `hint` that says what to do next.
"""

from __future__ import annotations


class MammonError(Exception):
    """Carry a failure to the one handler in `cli/`: code, sentence, next step."""

    exit_code = 1

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class UsageError(MammonError):
    """Report a wrong flag, file, document or configuration: the caller can mend it (exit 2)."""

    exit_code = 2


class RefusedError(MammonError):
    """Report that a safety gate refused what was asked (exit 3)."""

    exit_code = 3


class OutsideError(MammonError):
    """Report that the outside world failed or a lock is held: safe to try again (exit 4)."""

    exit_code = 4


class PersonNeededError(MammonError):
    """Report a state only a person may resolve: a stop, a mismatch, a missing consent (exit 5)."""

    exit_code = 5


class TransientError(OutsideError):
    """Report a failure that may pass by itself: a refused connection, 429, 5xx, a replica behind."""

    def __init__(self, code: str, message: str, hint: str = "", *, retry_after_s: float = 0.0) -> None:
        super().__init__(code, message, hint)
        self.retry_after_s = retry_after_s
        """What the other side asked us to wait, clamped; 0 when it asked nothing."""


class DeadlinePassedError(OutsideError):
    """Report that a total deadline ran out (exit 124 when it is the command's own)."""

    exit_code = 124


class CallFailedError(MammonError):
    """Report, inside an adapter, that a required contract call failed; becomes `Unread` for one market."""

    exit_code = 4


class MalformedError(MammonError):
    """Report bytes or values that are not what their type says (return data, documents, answers)."""

    exit_code = 4
