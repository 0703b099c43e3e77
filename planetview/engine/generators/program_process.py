"""Runs TorchScript and torch.export programs in a process of their own, once the user has agreed.

What comes back is JSON and raw numbers: a program may do anything in its process, but cannot make this one run code.
"""

from __future__ import annotations

import logging
import multiprocessing
import queue
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planetview.core.errors import UserError
from planetview.engine.generators.exported import Array, Part, PartName
from planetview.engine.generators.frames import pack, unpack
from planetview.engine.generators.isolated import children_allowed
from planetview.engine.generators.program_host import serve_program

_log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.05
_MOST_ANSWER_BYTES: Final = 2**31 - 1
_PART_NAMES: Final[tuple[PartName, ...]] = ("full", "mapping", "synthesis")


class ProgramRunner:
    """Implements `Runner` with a child process that holds the program.

    sha256: what the file must still be when the child reads it. format: "torchscript" or "torch.export".
    check: called twenty times a second while the child works; what it raises ends the child at once. Raises UserError
    when the program cannot be loaded, fails, dies or answers nonsense; the child is gone then.
    """

    def __init__(self, path: Path, sha256: str, format: str, check: Callable[[], None], threads: int) -> None:
        self._check = check
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        # A daemon: a program that never returns must not keep this process from ending.
        self._process = context.Process(
            target=serve_program,
            args=(theirs, str(path), sha256, format, threads),
            name="planetview-program",
            daemon=True,
        )
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._closed = False
        with children_allowed():
            self._process.start()
        theirs.close()
        # A thread receives: a program that sends half an answer would hold whoever waits for the rest.
        threading.Thread(target=_receive, args=(self._connection, self._answers), daemon=True).start()
        header, _ = self._answer()
        self.parts: Mapping[PartName, Part] = self._understood(header)

    def run(self, part: PartName, inputs: list[NDArray[np.float32]]) -> Array:
        """Return the one output of a part, made by the child."""
        if self._closed:
            raise UserError("This generator was closed.", "Open it again.")
        try:
            self._connection.send_bytes(pack({"part": part}, inputs))
        except OSError as error:
            raise self._ended() from error
        _, arrays = self._answer()
        if len(arrays) != 1:
            raise self._nonsense()
        return arrays[0]

    def close(self) -> None:
        """End the child, whatever it does."""
        if not self._closed:
            self._closed = True
            self._process.kill()
            self._process.join()
            self._connection.close()

    def _answer(self) -> tuple[dict[str, Any], list[NDArray[Any]]]:
        """Wait for an answer; on anything but a good one the child is ended."""
        try:
            frame = self._wait()
        except BaseException:
            self.close()
            raise
        if frame is None:
            raise self._ended()
        try:
            header, arrays = unpack(frame)
        except (ValueError, RecursionError) as error:
            raise self._nonsense() from error
        if "error" in header:
            message = str(header["error"])[:2000]
            _log.error("a program failed:\n%s", str(header.get("details", ""))[:10_000])
            self.close()
            raise UserError(message)
        return header, arrays

    def _wait(self) -> bytes | None:
        while True:
            self._check()
            try:
                return self._answers.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue

    def _understood(self, header: dict[str, Any]) -> dict[PartName, Part]:
        told = header.get("parts")
        parts: dict[PartName, Part] = {}
        if isinstance(told, dict):
            for name in _PART_NAMES:
                if name in told:
                    parts[name] = Part(_shapes(told[name]))
        if not parts:
            raise self._nonsense()
        return parts

    def _ended(self) -> UserError:
        self._process.join(1.0)
        code = self._process.exitcode
        self.close()
        return UserError(
            f"The process that ran the program ended unexpectedly (code {code}).",
            "It may need more memory than this computer has.",
        )

    def _nonsense(self) -> UserError:
        self.close()
        return UserError("The program's process gave an answer that makes no sense; it was ended.")


def _receive(connection: Connection, answers: queue.SimpleQueue[bytes | None]) -> None:
    """Pass on what the child sends, and None when it sends no more."""
    try:
        while True:
            answers.put(connection.recv_bytes(_MOST_ANSWER_BYTES))
    except (EOFError, OSError, MemoryError, TypeError, ValueError):
        answers.put(None)


def _shapes(told: object) -> tuple[tuple[int | None, ...], ...]:
    """Return the shapes of inputs as the child tells them; what makes no sense counts as not known."""
    shapes = told if isinstance(told, list) else []
    return tuple(
        tuple(side if type(side) is int and side > 0 else None for side in shape) if isinstance(shape, list) else ()
        for shape in shapes[:16]
    )
