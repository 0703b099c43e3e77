"""Everything of one window that shows its jobs: bar, panels, taskbar, title, sleep, notices."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QWidget

from planetview.gui.awake import wakefulness
from planetview.gui.job_presence import JobPresence, TrayNotices
from planetview.gui.jobs import Jobs
from planetview.gui.session_log import SessionLog
from planetview.gui.taskbar import taskbar
from planetview.gui.theme import Theme
from planetview.gui.views.job_bar import JobBar
from planetview.gui.views.jobs_dock import JobsDock
from planetview.gui.views.log_view import LogView


class AddDock(Protocol):
    """Adds a panel to a window; see `Docks.add`."""

    def __call__(
        self, id: str, title: str, widget: QWidget, area: Qt.DockWidgetArea, keys: str = ""
    ) -> QDockWidget: ...


class JobPanels(QObject):
    """Puts the panels of jobs and log into a window and connects them with its bar.

    presence: what happens outside the window; its preferences may be set at any time.
    """

    def __init__(self, window: QWidget, add_dock: AddDock, jobs: Jobs, bar: JobBar, theme: Theme) -> None:
        super().__init__(window)
        self.jobs = JobsDock(jobs, theme)
        self.log = LogView(session_log())
        areas = Qt.DockWidgetArea
        self._jobs_dock = add_dock("jobs", self.tr("Jobs"), self.jobs, areas.RightDockWidgetArea, "Ctrl+J")
        self._log_dock = add_dock("log", self.tr("Log"), self.log, areas.BottomDockWidgetArea, "Ctrl+Shift+J")
        self.presence = JobPresence(
            jobs, window, taskbar(lambda: int(window.winId())), wakefulness(self), TrayNotices(window)
        )
        bar.attach(jobs)
        bar.jobs_requested.connect(self._jobs_dock.toggleViewAction().trigger)
        self.jobs.log_requested.connect(lambda: _show(self._log_dock))

    def toggles(self) -> tuple[QAction, ...]:
        """Return the actions that show and hide the panels."""
        return self._jobs_dock.toggleViewAction(), self._log_dock.toggleViewAction()


@lru_cache(maxsize=1)
def session_log() -> SessionLog:
    """Return the log of the session, which all windows show; it listens from the first call on."""
    log = SessionLog()
    log.install()
    return log


def _show(dock: QDockWidget) -> None:
    dock.show()
    dock.raise_()
