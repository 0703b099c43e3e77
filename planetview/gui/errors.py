"""Errors that nobody caught: logged once, told once, and the window goes on."""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from planetview.core.messages import JobFailure

_log = logging.getLogger("planetview")


class ErrorReporter(QObject):
    """Takes over the interpreter's hooks for uncaught errors.

    A hook runs on the thread that failed: it only logs and emits. An error that repeats is logged
    again but told only the first time.
    """

    reported = Signal(object)  # JobFailure

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._told: dict[str, int] = {}
        self._lock = threading.Lock()
        self._in_hook = threading.local()

    def install(self) -> None:
        """Set `sys.excepthook`, `threading.excepthook` and `sys.unraisablehook`."""
        sys.excepthook = self.report
        threading.excepthook = self._report_thread
        sys.unraisablehook = self._report_unraisable

    def report(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """Log an error; emit `reported` unless the same one was told before."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        if getattr(self._in_hook, "active", False):
            return
        self._in_hook.active = True
        try:
            text = "".join(traceback.format_exception(kind, error, trace))
            _log.error("uncaught error\n%s", text)
            if self._is_new(text):
                summary = f"{kind.__name__}: {error}"
                self.reported.emit(
                    JobFailure(
                        f"Something went wrong inside PlanetView: {summary}",
                        "The window goes on; save your study to be safe. Details can be copied into a report.",
                        text,
                    )
                )
        finally:
            self._in_hook.active = False

    def _is_new(self, text: str) -> bool:
        key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        with self._lock:
            self._told[key] = self._told.get(key, 0) + 1
            return self._told[key] == 1

    def _report_thread(self, args: threading.ExceptHookArgs) -> None:
        self.report(args.exc_type, args.exc_value, args.exc_traceback)

    def _report_unraisable(self, args: sys.UnraisableHookArgs) -> None:
        self.report(args.exc_type, args.exc_value, args.exc_traceback)
