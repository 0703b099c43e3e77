"""How far the job is, on the window's button in the taskbar or dock."""

from __future__ import annotations

import ctypes
import logging
import sys
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtDBus import QDBusConnection, QDBusMessage
from PySide6.QtGui import QGuiApplication

_log = logging.getLogger(__name__)

# shobjidl_core.h: TBPFLAG, and the places of the methods in the table of ITaskbarList3.
_NO_PROGRESS, _NORMAL, _PAUSED = 0, 2, 8
_RELEASE, _HR_INIT, _SET_VALUE, _SET_STATE = 2, 3, 9, 10
_CLSID_TASKBAR = "56fdf344-fd6d-11d0-958a-006097c9a090"
_IID_TASKBAR3 = "ea1afb91-9e28-4b86-90e9-9e9f8a5eefaf"
_STEPS = 1000


class Taskbar(Protocol):
    """A place outside the window that shows how far a job is."""

    def show(self, fraction: float, is_paused: bool = False) -> None:
        """Show a fraction, 0 to 1."""
        ...

    def clear(self) -> None:
        """Show that nothing runs."""
        ...


def taskbar(window_id: Callable[[], int]) -> Taskbar:
    """Return the taskbar of this system. window_id: asked for when it is first needed."""
    system: str = sys.platform
    if system == "win32":
        return WindowsTaskbar(window_id)
    if system == "darwin":
        return DockBadge()
    if system.startswith("linux"):
        return LauncherEntry()
    return NoTaskbar()


class NoTaskbar:
    """Shows nothing."""

    def show(self, fraction: float, is_paused: bool = False) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Do nothing."""


class LauncherEntry:
    """Tells the docks of Linux desktops that listen to com.canonical.Unity.LauncherEntry: GNOME's, KDE's and others.

    desktop_file: name of the application's entry; the window itself must belong to it.
    """

    def __init__(self, desktop_file: str = "planetview.desktop") -> None:
        self._desktop_file = desktop_file

    def show(self, fraction: float, is_paused: bool = False) -> None:
        """Show a fraction; a pause looks like standing still."""
        self._tell({"progress": float(fraction), "progress-visible": True})

    def clear(self) -> None:
        """Take the bar away."""
        self._tell({"progress": 0.0, "progress-visible": False})

    def _tell(self, properties: dict[str, Any]) -> None:
        # Connected once by Qt; asked for only when there is something to show.
        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            return
        message = QDBusMessage.createSignal(
            "/com/canonical/unity/launcherentry/planetview", "com.canonical.Unity.LauncherEntry", "Update"
        )
        message.setArguments([f"application://{self._desktop_file}", properties])
        bus.send(message)


class DockBadge:
    """The number on the icon in the dock of macOS: whole percent."""

    def show(self, fraction: float, is_paused: bool = False) -> None:
        """Show a fraction; 0 would show no badge, so it counts from 1."""
        self._set(max(1, int(fraction * 100)))

    def clear(self) -> None:
        """Take the number away."""
        self._set(0)

    def _set(self, number: int) -> None:
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.setBadgeNumber(number)


class WindowsTaskbar:
    """The bar in the button of the Windows taskbar, through the COM interface ITaskbarList3."""

    def __init__(self, window_id: Callable[[], int]) -> None:
        self._window_id = window_id
        self._list: ctypes.c_void_p | None = None
        self._is_broken = False

    def show(self, fraction: float, is_paused: bool = False) -> None:
        """Show a fraction, in another colour while it is paused."""
        self._call(_SET_STATE, (ctypes.c_int,), _PAUSED if is_paused else _NORMAL)
        self._call(_SET_VALUE, (ctypes.c_uint64, ctypes.c_uint64), round(fraction * _STEPS), _STEPS)

    def clear(self) -> None:
        """Take the bar away."""
        self._call(_SET_STATE, (ctypes.c_int,), _NO_PROGRESS)

    def _call(self, place: int, kinds: tuple[Any, ...], *values: int) -> None:
        if self._is_broken:
            return
        try:
            if self._list is None:
                self._list = _make_taskbar_list()
            window = ctypes.c_void_p(self._window_id())
            _method(self._list, place, ctypes.c_void_p, *kinds)(self._list, window, *values)
        except (OSError, AttributeError, ValueError):
            self._is_broken = True
            _log.info("the taskbar cannot show progress", exc_info=True)


def _make_taskbar_list() -> ctypes.c_void_p:
    """Return a new ITaskbarList3. Raises OSError where the system has none."""
    ole = getattr(ctypes, "OleDLL")("ole32")  # noqa: B009 - exists only on Windows
    # Qt has initialised COM for this thread; CLSCTX_INPROC_SERVER is 1. OleDLL raises OSError for a failure.
    made = ctypes.c_void_p()
    ole.CoCreateInstance(_guid(_CLSID_TASKBAR), None, 1, _guid(_IID_TASKBAR3), ctypes.byref(made))
    if not made:
        raise OSError("no taskbar list was made")
    if _method(made, _HR_INIT)(made) < 0:
        _method(made, _RELEASE)(made)
        raise OSError("the taskbar list was not made ready")
    return made


def _method(interface: ctypes.c_void_p, place: int, *kinds: Any) -> Any:
    """Return a method of a COM object by its place in the table its first word points to."""
    table = ctypes.cast(interface, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))).contents
    function = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
    return function(ctypes.c_long, ctypes.c_void_p, *kinds)(table[place])


def _guid(text: str) -> Any:
    return (ctypes.c_byte * 16).from_buffer_copy(uuid.UUID(text).bytes_le)
