"""Drops files on a window of X11 as a file manager does: the XDND protocol, version 5, through libX11 alone.

    DISPLAY=:90 python packaging/drag.py WINDOW X Y FILE...

WINDOW is the id of a window without a frame, X and Y a place on the screen. Ends with 0 when the window took the files.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_VERSION = 5
_SELECTION_REQUEST, _SELECTION_NOTIFY, _CLIENT_MESSAGE = 30, 31, 33
_Id = ctypes.c_ulong


class _Message(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("serial", _Id), ("send_event", ctypes.c_int), ("display", ctypes.c_void_p),
        ("window", _Id), ("kind", _Id), ("format", ctypes.c_int), ("data", ctypes.c_long * 5),
    )  # fmt: skip


class _Asked(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("serial", _Id), ("send_event", ctypes.c_int), ("display", ctypes.c_void_p),
        ("owner", _Id), ("requestor", _Id), ("selection", _Id), ("target", _Id), ("property", _Id), ("time", _Id),
    )  # fmt: skip


class _Answer(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("serial", _Id), ("send_event", ctypes.c_int), ("display", ctypes.c_void_p),
        ("requestor", _Id), ("selection", _Id), ("target", _Id), ("property", _Id), ("time", _Id),
    )  # fmt: skip


class _Event(ctypes.Union):
    _fields_ = (
        ("type", ctypes.c_int), ("message", _Message), ("asked", _Asked), ("answer", _Answer),
        ("room", ctypes.c_long * 24),
    )  # fmt: skip


class Drag:
    """One drag of `files` over the window `target`, from a window of its own that is never shown."""

    def __init__(self, target: int, files: Sequence[Path]) -> None:
        self.x11 = ctypes.CDLL("libX11.so.6")
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        for name in ("XDefaultRootWindow", "XCreateSimpleWindow", "XInternAtom"):
            getattr(self.x11, name).restype = _Id
        self.display = ctypes.c_void_p(self.x11.XOpenDisplay(None))
        if not self.display:
            raise OSError("there is no X display")
        root = _Id(self.x11.XDefaultRootWindow(self.display))
        self.target = target
        self.source: int = self.x11.XCreateSimpleWindow(self.display, root, 0, 0, 1, 1, 0, _Id(0), _Id(0))
        self.uris = "".join(path.absolute().as_uri() + "\r\n" for path in files).encode()
        self.x11.XSetSelectionOwner(self.display, self._atom("XdndSelection"), _Id(self.source), _Id(0))

    def drop(self, x: int, y: int, seconds: float = 20.0) -> bool:
        """Move over the window to (x, y) on the screen and let go; return whether the window took the files."""
        self._send("XdndEnter", _VERSION << 24, self._atom("text/uri-list").value)
        for step in range(4):
            # A hand moves, and a window that decides by the place decides at each move.
            place = (x - 3 + step) << 16 | y
            self._send("XdndPosition", 0, place, 0, self._atom("XdndActionCopy").value)
            status = self._wait("XdndStatus", seconds)
        if status is None or not status[1] & 1:
            self._send("XdndLeave")
            return False
        self._send("XdndDrop")
        finished = self._wait("XdndFinished", seconds)
        return finished is not None and bool(finished[1] & 1)

    def _wait(self, name: str, seconds: float) -> tuple[int, ...] | None:
        """Return the data of the next message of that name, giving the files to whoever asks; None when none comes."""
        wanted, end, event = self._atom(name).value, time.monotonic() + seconds, _Event()
        while time.monotonic() < end:
            if not self.x11.XPending(self.display):
                time.sleep(0.01)
                continue
            self.x11.XNextEvent(self.display, ctypes.byref(event))
            if event.type == _SELECTION_REQUEST:
                self._give(event.asked)
            elif event.type == _CLIENT_MESSAGE and event.message.kind == wanted:
                return tuple(event.message.data)
        return None

    def _give(self, asked: _Asked) -> None:
        self.x11.XChangeProperty(
            self.display, _Id(asked.requestor), _Id(asked.property), _Id(asked.target), 8, 0, self.uris, len(self.uris)
        )
        event = _Event()
        event.answer = _Answer(
            _SELECTION_NOTIFY, 0, 1, self.display, asked.requestor, asked.selection, asked.target, asked.property,
            asked.time,
        )  # fmt: skip
        self._deliver(asked.requestor, event)

    def _send(self, name: str, *data: int) -> None:
        event = _Event()
        values = (ctypes.c_long * 5)(self.source, *data)
        event.message = _Message(_CLIENT_MESSAGE, 0, 1, self.display, self.target, self._atom(name).value, 32, values)
        self._deliver(self.target, event)

    def _deliver(self, window: int, event: _Event) -> None:
        self.x11.XSendEvent(self.display, _Id(window), 0, ctypes.c_long(0), ctypes.byref(event))
        self.x11.XFlush(self.display)

    def _atom(self, name: str) -> _Id:
        return _Id(self.x11.XInternAtom(self.display, name.encode(), 0))


def main(words: Sequence[str]) -> int:
    """Drop the files that `words` name; return 0 when they were taken."""
    window, x, y = (int(word) for word in words[:3])
    return 0 if Drag(window, [Path(word) for word in words[3:]]).drop(x, y) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
