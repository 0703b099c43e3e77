"""Keeping the computer from falling asleep while a job runs; the screen may go dark."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import subprocess
import sys
from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher, QDBusUnixFileDescriptor

_APPLICATION = "PlanetView"
# winbase.h
_ES_CONTINUOUS, _ES_SYSTEM_REQUIRED = 0x80000000, 0x00000001

_log = logging.getLogger(__name__)


class Wakefulness(Protocol):
    """Something that can hold off sleep; both calls return at once and may be repeated."""

    def hold(self, reason: str) -> None:
        """Hold off sleep until `release`; where that is not possible, it says so in the log."""
        ...

    def release(self) -> None:
        """Let the computer sleep again."""
        ...


def wakefulness(parent: QObject) -> Wakefulness:
    """Return what holds off sleep on this system."""
    system: str = sys.platform
    if system == "win32":
        return WindowsWakefulness()
    if system == "darwin":
        return MacWakefulness()
    if system.startswith("linux"):
        return BusWakefulness(parent)
    return NoWakefulness()


class NoWakefulness:
    """Lets the computer do as it likes."""

    def hold(self, reason: str) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Do nothing."""


class BusWakefulness(QObject):
    """Asks the login manager over D-Bus, else the desktop's screen saver.

    Both end what they hold by themselves when this process ends, in whatever way: the first holds a file
    descriptor, the second a place on the bus.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_wanted = self._has_told = False
        self._lock: int | None = None  # file descriptor of the login manager
        self._cookie: int | None = None  # of the screen saver
        self._calls: list[QDBusPendingCallWatcher] = []

    @property
    def is_held(self) -> bool:
        """Whether the answer came that sleep is held off."""
        return self._lock is not None or self._cookie is not None

    def hold(self, reason: str) -> None:
        """Ask to hold off sleep; the answer comes later."""
        if self._is_wanted:
            return
        self._is_wanted = True
        call = QDBusMessage.createMethodCall(
            "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "Inhibit"
        )
        call.setArguments(["sleep:idle", _APPLICATION, reason, "block"])
        self._ask(QDBusConnection.systemBus(), call, self._on_locked, lambda: self._ask_screen_saver(reason))

    def release(self) -> None:
        """Let the computer sleep again."""
        self._is_wanted = False
        if self._lock is not None:
            with contextlib.suppress(OSError):
                os.close(self._lock)
            self._lock = None
        if self._cookie is not None:
            call = _screen_saver("UnInhibit")
            call.setArguments([self._cookie])
            QDBusConnection.sessionBus().send(call)
            self._cookie = None

    def _ask_screen_saver(self, reason: str) -> None:
        call = _screen_saver("Inhibit")
        call.setArguments([_APPLICATION, reason])
        self._ask(QDBusConnection.sessionBus(), call, self._on_cookie, self._on_refused)

    def _ask(self, bus: QDBusConnection, call: QDBusMessage, on_done: object, on_failed: object) -> None:
        assert callable(on_done)
        assert callable(on_failed)
        if not bus.isConnected():
            on_failed()
            return
        watcher = QDBusPendingCallWatcher(bus.asyncCall(call), self)
        self._calls.append(watcher)

        def on_finished(done: QDBusPendingCallWatcher) -> None:
            self._calls.remove(watcher)
            reply = done.reply()
            watcher.deleteLater()
            if reply.type() is QDBusMessage.MessageType.ReplyMessage:
                on_done(reply)
            elif self._is_wanted:
                on_failed()

        watcher.finished.connect(on_finished)

    def _on_locked(self, reply: QDBusMessage) -> None:
        (descriptor,) = reply.arguments()
        if not isinstance(descriptor, QDBusUnixFileDescriptor) or not descriptor.isValid():
            self._on_refused()
            return
        # The message closes its own; ours must live on.
        lock = os.dup(descriptor.fileDescriptor())
        if self._is_wanted:
            self._lock = lock
        else:
            os.close(lock)

    def _on_cookie(self, reply: QDBusMessage) -> None:
        self._cookie = int(reply.arguments()[0])
        if not self._is_wanted:
            self.release()

    def _on_refused(self) -> None:
        if not self._has_told:
            self._has_told = True
            _log.info("this system offers no way to hold off sleep while a job runs")


class WindowsWakefulness:
    """Sets the execution state of the window's thread; it ends with the thread."""

    def hold(self, reason: str) -> None:
        """Hold off sleep."""
        self._set(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED)

    def release(self) -> None:
        """Let the computer sleep again."""
        self._set(_ES_CONTINUOUS)

    def _set(self, state: int) -> None:
        try:
            kernel = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009 - exists only on Windows
            kernel.SetThreadExecutionState.argtypes = (ctypes.c_uint32,)
            kernel.SetThreadExecutionState.restype = ctypes.c_uint32
            if not kernel.SetThreadExecutionState(state):
                _log.info("Windows did not take the wish to hold off sleep")
        except (OSError, AttributeError):
            _log.info("this system offers no way to hold off sleep while a job runs", exc_info=True)


class MacWakefulness:
    """Keeps the system's own `caffeinate` running, which ends with this process."""

    def __init__(self, program: str = "/usr/bin/caffeinate") -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def hold(self, reason: str) -> None:
        """Hold off sleep."""
        if self._process is not None:
            return
        try:
            self._process = subprocess.Popen(
                [self._program, "-i", "-w", str(os.getpid())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            _log.info("caffeinate could not be started: the computer may sleep while a job runs", exc_info=True)

    def release(self) -> None:
        """Let the computer sleep again."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


def _screen_saver(method: str) -> QDBusMessage:
    return QDBusMessage.createMethodCall(
        "org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver", method
    )
