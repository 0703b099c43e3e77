"""A login manager and a listener on a private D-Bus, and what the window asks of them; prints what they hear."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusUnixFileDescriptor, QDBusVirtualObject

heard: list[str] = []
monitor_listens = threading.Event()


class LoginManager(QDBusVirtualObject):
    """Hands out a lock as the real one does, and notices when it is let go."""

    def introspect(self, _path: str) -> str:
        return ""

    def handleMessage(self, message: QDBusMessage, connection: QDBusConnection) -> bool:
        if message.member() != "Inhibit":
            return False
        say("inhibit", *message.arguments())
        ours, theirs = os.pipe()
        reply = message.createReply()
        reply.setArguments([QDBusUnixFileDescriptor(theirs)])
        connection.send(reply)
        os.close(theirs)
        threading.Thread(target=self._wait, args=(ours,), daemon=True).start()
        return True

    def _wait(self, ours: int) -> None:
        os.read(ours, 1)
        say("lock released")


def say(*words: object) -> None:
    heard.append(" ".join(map(str, words)))


def read(monitor: subprocess.Popen[str]) -> None:
    """Keep what the bus itself shows of the signals for docks: their names and values."""
    assert monitor.stdout is not None
    for line in monitor.stdout:
        monitor_listens.set()
        words = line.split(None, 1)
        if "LauncherEntry" in line:
            say(line.rpartition("; ")[2].strip())
        elif words and words[0] in ("string", "variant") and "org.freedesktop" not in line and ":" not in words[1][:3]:
            say(line.strip().replace("variant             ", "variant "))


def main() -> None:
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    from planetview.gui.awake import BusWakefulness
    from planetview.gui.taskbar import LauncherEntry

    application = QCoreApplication([])
    service = QDBusConnection.connectToBus(QDBusConnection.BusType.SessionBus, "service")
    login = LoginManager()
    assert service.registerService("org.freedesktop.login1")
    assert service.registerVirtualObject("/org/freedesktop/login1", login)
    monitor = subprocess.Popen(
        ["dbus-monitor", "--session", "interface='com.canonical.Unity.LauncherEntry'"],
        stdout=subprocess.PIPE,
        text=True,
    )
    threading.Thread(target=read, args=(monitor,), daemon=True).start()
    monitor_listens.wait(10)
    ticking = QTimer()
    ticking.start(10)

    def wait(until: Callable[[], bool]) -> None:
        for _ in range(1000):
            if until():
                return
            application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        raise SystemExit(f"waited in vain after {heard}")

    awake, entry = BusWakefulness(), LauncherEntry()
    awake.hold("Judge 2 sets")
    wait(lambda: awake.is_held)
    awake.release()
    wait(lambda: len(heard) == 2)
    entry.show(0.25)
    entry.clear()
    wait(lambda: len(heard) == 14)
    monitor.terminate()
    monitor.wait()
    sys.stdout.write("\n".join(heard) + "\n")
