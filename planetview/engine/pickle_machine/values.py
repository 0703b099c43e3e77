"""What a pickle stream says, written down: names, calls, and why a stream is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from planetview.core.errors import UserError


class UnsafeFile(UserError):
    """A file that wants code to run, or that no honest program wrote; nothing of it was run.

    name: the (module, name) pair that is not allowed, when that is the reason.
    """

    def __init__(self, message: str, hint: str = "", exit_code: int = 2, name: tuple[str, str] | None = None) -> None:
        super().__init__(message, hint, exit_code)
        self.name = name

    def __reduce__(self) -> tuple[type[UserError], Any]:
        return (UnsafeFile, (self.message, self.hint, self.exit_code, self.name))


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A name the stream mentions; nothing was looked up."""

    module: str
    name: str

    @property
    def pair(self) -> tuple[str, str]:
        """Return (module, name)."""
        return (self.module, self.name)


@dataclass(slots=True, eq=False)
class Call:
    """A call the stream asks for; it was not made.

    state: what the stream would set on the result, None when it sets nothing. items: what it would store in it.
    """

    name: Name
    args: tuple[Any, ...]
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


def refused_name(module: str, name: str) -> UnsafeFile:
    """Return the refusal of a file that mentions a name it must not mention."""
    full = re.sub(r"[^ -~]", "?", f"{module}.{name}")
    shown = full if len(full) <= 100 else f"{full[:100]}…"
    return UnsafeFile(
        f"This file asks Python to run '{shown}'. Files that do that can take over your computer; "
        "PlanetView did not run it.",
        "Delete the file unless you made it yourself.",
        name=(module, name),
    )


def refused_instruction(instruction: str) -> UnsafeFile:
    """Return the refusal of a file that uses a pickle instruction which honest files do without."""
    return UnsafeFile(
        f"This file uses the pickle instruction {instruction}, which the files PlanetView reads never need; "
        "PlanetView did not follow it.",
        "Delete the file unless you made it yourself.",
    )


def damaged(detail: str) -> UnsafeFile:
    """Return the refusal of a file that no program writes that way."""
    return UnsafeFile(f"The file is damaged or was tampered with: {detail}.", "Get the file again from its source.")
