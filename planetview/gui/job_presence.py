"""What a running job does outside its window's pages: taskbar, title, sleep, and a notice when a long one ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from planetview.core.formatting import format_duration
from planetview.gui.awake import Wakefulness
from planetview.gui.jobs import Job, Jobs
from planetview.gui.models.job_words import JobState, percent_words, state_words
from planetview.gui.taskbar import Taskbar

# Shorter jobs end while one still looks at them.
LONG_SECONDS = 60.0
_TASKBAR_SECONDS = 0.5
_NOTICE_MS = 10_000


class Notices(Protocol):
    """Somewhere to tell that a job has ended, without taking the focus."""

    def tell(self, title: str, text: str, has_failed: bool) -> None:
        """Show a short message."""
        ...


class JobPresence(QObject):
    """Follows the jobs on behalf of one window.

    keeps_awake: hold off sleep while a job runs (not while it is paused). tells_ends: tell when a job of more than
    `LONG_SECONDS` ends while the window is not active. Both may be set at any time.
    """

    prefix_changed = Signal(str)  # "32 % – " to stand before the title of the window, or ""

    def __init__(
        self,
        jobs: Jobs,
        window: QWidget,
        taskbar: Taskbar,
        wakefulness: Wakefulness,
        notices: Notices,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(window)
        self._jobs, self._window, self._clock = jobs, window, clock
        self._taskbar, self._wakefulness, self._notices = taskbar, wakefulness, notices
        self._keeps_awake = self.tells_ends = True
        self._is_holding = self._is_on_taskbar = False
        self._told_at = -_TASKBAR_SECONDS
        self._prefix = ""
        jobs.listed.connect(self._on_listed)
        jobs.progressed.connect(self._on_progressed)
        jobs.ended.connect(self._on_ended)

    @property
    def prefix(self) -> str:
        """What stands before the title of the window while a job runs."""
        return self._prefix

    @property
    def keeps_awake(self) -> bool:
        """Whether sleep is held off while a job runs."""
        return self._keeps_awake

    @keeps_awake.setter
    def keeps_awake(self, wanted: bool) -> None:
        self._keeps_awake = wanted
        self._on_listed()

    def end(self) -> None:
        """Let go of everything outside the window, before it closes."""
        self._hold(None)
        if self._is_on_taskbar:
            self._taskbar.clear()
            self._is_on_taskbar = False

    @Slot()
    def _on_listed(self) -> None:
        job = self._jobs.current()
        self._hold(job if job is not None and job.state is JobState.RUNNING and self._keeps_awake else None)
        self._show(job)

    @Slot(object)
    def _on_progressed(self, job: Job) -> None:
        # A taskbar is another program: twice a second is enough for it.
        if job is self._jobs.current() and self._clock() - self._told_at >= _TASKBAR_SECONDS:
            self._show(job)

    def _show(self, job: Job | None) -> None:
        is_shown = job is not None and job.is_active
        self._told_at = self._clock()
        if is_shown and job is not None:
            self._taskbar.show(job.fraction, job.state is JobState.PAUSED)
        elif self._is_on_taskbar:
            self._taskbar.clear()
        self._is_on_taskbar = is_shown
        prefix = ""
        if is_shown and job is not None:
            words = state_words(job.state) + " " if job.state is JobState.PAUSED else ""
            prefix = f"{words}{percent_words(job.fraction)} – "
        if prefix != self._prefix:
            self._prefix = prefix
            self.prefix_changed.emit(prefix)

    def _hold(self, job: Job | None) -> None:
        if job is not None and not self._is_holding:
            self._wakefulness.hold(job.title)
        elif job is None and self._is_holding:
            self._wakefulness.release()
        self._is_holding = job is not None

    @Slot(object)
    def _on_ended(self, job: Job) -> None:
        is_asked_for = job.state is JobState.CANCELLED
        took = job.watch.seconds()
        if not self.tells_ends or is_asked_for or took < LONG_SECONDS or self._window.isActiveWindow():
            return
        QApplication.alert(self._window)
        has_failed = job.state is JobState.FAILED
        words = self.tr("Failed after {0}: {1}") if has_failed else self.tr("Done after {0}: {1}")
        self._notices.tell(job.title, words.format(format_duration(took), job.summary), has_failed)


class TrayNotices(QObject):
    """Messages of the desktop through an icon in the tray, which is there only while one is shown.

    A click on the message brings the window to the front.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._icon: QSystemTrayIcon | None = None
        self._hide_later = QTimer(self, singleShot=True, interval=_NOTICE_MS)
        self._hide_later.timeout.connect(self._hide)

    def tell(self, title: str, text: str, has_failed: bool) -> None:
        """Show a short message; nothing happens on a desktop without a tray."""
        if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
            return
        if self._icon is None:
            self._icon = QSystemTrayIcon(self._window.windowIcon(), self)
            self._icon.messageClicked.connect(self._on_clicked)
            self._icon.activated.connect(self._on_clicked)
        self._icon.setToolTip(f"{title}\n{text}")
        self._icon.show()
        kinds = QSystemTrayIcon.MessageIcon
        self._icon.showMessage(title, text, kinds.Warning if has_failed else kinds.Information, _NOTICE_MS)
        self._hide_later.start()

    def _on_clicked(self) -> None:
        self._hide()
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()

    def _hide(self) -> None:
        self._hide_later.stop()
        if self._icon is not None:
            self._icon.hide()
