"""Errors meant for people: what happened, and the next step."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can put right; shown as text, never as a traceback.

    message: names the thing and the cause, ends with a full stop.
    hint: the next step, or empty.
    exit_code: process status the command line returns for it (2: the request is wrong,
    3: no usable images, 4: the machine refused, for instance a full disk).
    """

    def __init__(self, message: str, hint: str = "", exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str, int]]:
        return (UserError, (self.message, self.hint, self.exit_code))


class ImageProblem(Exception):
    """One image that cannot be used; the run goes on without it.

    reason: short text for the findings table, for example "truncated: 1,204 of 11,310 bytes".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
