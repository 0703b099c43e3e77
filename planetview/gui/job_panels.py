"""Everything of one window that shows its jobs: bar, panels, taskbar, title, sleep, notices."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QVBoxLayout, QWidget

from planetview.gui.awake import wakefulness
from planetview.gui.job_presence import JobPresence, TrayNotices
from planetview.gui.jobs import Jobs
from planetview.gui.session_log import SessionLog
from planetview.gui.taskbar import taskbar
from planetview.gui.theme import Theme
from planetview.gui.views.job_bar import JobBar
from planetview.gui.views.jobs_dock import JobsDock
from planetview.gui.views.log_view import LogView

Content = TypeVar("Content", bound=QWidget)


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
        self._jobs, self._theme = jobs, theme
        self._log_lines = session_log()
        # Both together take as long to make as a page: hidden panels must not delay the window.
        self._jobs_holder = _MadeWhenShown(self._make_jobs, QSize(58, 34))
        self._log_holder = _MadeWhenShown(lambda: LogView(self._log_lines), QSize(90, 12))
        areas = Qt.DockWidgetArea
        self._jobs_dock = add_dock("jobs", self.tr("Jobs"), self._jobs_holder, areas.RightDockWidgetArea, "Ctrl+J")
        self._log_dock = add_dock("log", self.tr("Log"), self._log_holder, areas.BottomDockWidgetArea, "Ctrl+Shift+J")
        self.presence = JobPresence(
            jobs, window, taskbar(lambda: int(window.winId())), wakefulness(self), TrayNotices(window)
        )
        bar.attach(jobs)
        bar.jobs_requested.connect(self._jobs_dock.toggleViewAction().trigger)

    @property
    def jobs(self) -> JobsDock:
        """The panel of jobs."""
        return self._jobs_holder.content()

    @property
    def log(self) -> LogView:
        """The panel of the log."""
        return self._log_holder.content()

    def _make_jobs(self) -> JobsDock:
        made = JobsDock(self._jobs, self._theme)
        made.log_requested.connect(lambda: _show(self._log_dock))
        return made


class _MadeWhenShown(QWidget, Generic[Content]):
    """Holds a widget that is made when it is first shown or asked for. size: in characters and lines."""

    def __init__(self, make: Callable[[], Content], size: QSize) -> None:
        super().__init__()
        self._make, self._size = make, size
        self._content: Content | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def content(self) -> Content:
        """Return the widget."""
        if self._content is None:
            self._content = self._make()
            self._layout.addWidget(self._content)
            self._content.show()
        return self._content

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(self._size.width() * metrics.averageCharWidth(), self._size.height() * metrics.height())

    def showEvent(self, event: QShowEvent) -> None:
        self.content()
        super().showEvent(event)


@lru_cache(maxsize=1)
def session_log() -> SessionLog:
    """Return the log of the session, which all windows show; it listens from the first call on."""
    log = SessionLog()
    log.install()
    return log


def _show(dock: QDockWidget) -> None:
    dock.show()
    dock.raise_()
