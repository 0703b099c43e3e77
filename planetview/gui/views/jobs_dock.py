"""The panel of all jobs of the session: the one at work, those that wait, those that ended."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QHideEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from planetview.gui.icons import icon, square_beside
from planetview.gui.jobs import Job, Jobs
from planetview.gui.local_keys import JOBS, bind
from planetview.gui.models.job_list import JobListModel
from planetview.gui.models.job_words import JobState
from planetview.gui.theme import Theme
from planetview.gui.views.job_details import JobDetails, job_text
from planetview.gui.views.job_painting import JobDelegate
from planetview.gui.widgets.flow import FlowLayout

_SECOND_MS = 1000
# Numbers that change twenty times a second cannot be read; drawing them all took 5 ms each.
_DRAW_MS = 150


class JobsDock(QWidget):
    """A list of jobs and the details of one of them; costs nothing while it is hidden.

    In the list: Space pauses and resumes, Delete cancels or takes off the line, Ctrl+Up lets a job be the next one,
    Ctrl+C copies all that is known of it.
    """

    log_requested = Signal()

    def __init__(self, jobs: Jobs, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._theme = jobs, theme
        self._follows = True
        self.model = JobListModel(self)
        self.list = QListView(self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(JobDelegate(theme, self.list))
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName(self.tr("Jobs of this session"))
        self.details = JobDetails(theme, self)
        self._actions = self._make_actions()
        self._buttons = {name: self._button(action) for name, action in self._actions.items()}
        self._lay_out()
        self.list.selectionModel().currentChanged.connect(self._on_chosen)
        self._tick = QTimer(self, interval=_SECOND_MS)
        self._tick.timeout.connect(self._draw_numbers)
        self._draw_soon = QTimer(self, interval=_DRAW_MS, singleShot=True)
        self._draw_soon.timeout.connect(self._draw_numbers)
        jobs.listed.connect(self._on_listed)
        jobs.progressed.connect(self._on_progressed)
        theme.changed.connect(self._draw)
        self._draw()
        self._on_listed()

    def sizeHint(self) -> QSize:
        width = self.fontMetrics().averageCharWidth()
        return QSize(58 * width, 34 * self.fontMetrics().height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()
        self._draw_soon.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_wide = self.width() > 110 * self.fontMetrics().averageCharWidth()
        self._splitter.setOrientation(Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical)

    def chosen(self) -> Job | None:
        """Return the job whose details are shown."""
        return self.model.job_at(self.list.currentIndex().row())

    def _make_actions(self) -> dict[str, QAction]:
        actions = {}
        for name, keys, slot in (
            ("pause", "Space", self._jobs.toggle_pause),
            ("run_next", "Ctrl+Up", self._run_next),
            ("cancel", "Delete", self._cancel),
            ("again", "", self._again),
            ("copy", "Ctrl+C", self._copy),
        ):
            action = QAction(self.list)
            action.setObjectName(f"job_{name}")
            if keys:
                action.setShortcut(QKeySequence.fromString(keys))
                if name != "copy":
                    bind(action, JOBS)
            # Space presses a button that has the focus: these keys belong to the list alone.
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(slot)
            self.list.addAction(action)
            actions[name] = action
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return actions

    def _button(self, action: QAction) -> QPushButton:
        button = QPushButton(self)
        button.clicked.connect(lambda _checked=False: action.trigger())
        return button

    def _lay_out(self) -> None:
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(10)
        column.addWidget(self.details, 1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setWidget(right)
        self._splitter = QSplitter(Qt.Orientation.Vertical, self)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.list)
        self._splitter.addWidget(scroll)
        self._splitter.setStretchFactor(0, 2)
        self._splitter.setStretchFactor(1, 3)
        self._empty = QLabel(
            self.tr("No job yet.\nReading images, runs, downloads and images made by a generator are listed here."),
            self, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter,
        )  # fmt: skip
        self._empty.setProperty("muted", True)
        self._empty.setMargin(24)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._splitter)
        self._doings = QWidget(self)
        doings = QVBoxLayout(self._doings)
        doings.setContentsMargins(12, 8, 12, 4)
        flow = FlowLayout(8, 8)
        doings.addLayout(flow)
        for button in self._buttons.values():
            flow.addWidget(button)
        self._log = QPushButton(self.tr("Log…"), self)
        self._log.setToolTip(self.tr("Show what the window and the engine have logged in this session"))
        self._log.clicked.connect(self.log_requested)
        self._forget = QPushButton(self.tr("Clear ended"), self)
        self._forget.setToolTip(self.tr("Take the jobs that have ended off this list; their results stay"))
        self._forget.clicked.connect(self._jobs.forget_ended)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 6, 12, 8)
        foot.addWidget(self._log)
        foot.addStretch()
        foot.addWidget(self._forget)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._stack, 1)
        # Outside of what scrolls: a job that runs away must be stopped without looking for the button.
        outer.addWidget(self._doings)
        outer.addLayout(foot)

    def _on_listed(self) -> None:
        if self.isVisible():
            self._refresh()

    def _on_progressed(self, job: Job) -> None:
        if self.isVisible() and not self._draw_soon.isActive():
            self._draw_soon.start()

    def _draw_numbers(self) -> None:
        job = self._jobs.current()
        if job is not None and self.isVisible():
            self.model.show_changed(job)
            if job is self.details.job:
                self.details.show_job(job)

    def _refresh(self) -> None:
        before = self.chosen()
        jobs = self._jobs.all()
        self.model.show_jobs(jobs)
        wanted = self._jobs.current() if self._follows or before not in jobs else before
        row = max(0, self.model.row_of(wanted))
        if jobs and self.list.currentIndex().row() != row:
            self.list.setCurrentIndex(self.model.index(row))
        self._stack.setCurrentWidget(self._splitter if jobs else self._empty)
        self._doings.setVisible(bool(jobs))
        self._forget.setEnabled(any(job.has_ended for job in jobs))
        self._show_chosen()
        current = self._jobs.current()
        if current is not None and current.state is JobState.RUNNING:
            self._tick.start()
        else:
            self._tick.stop()

    def _on_chosen(self, _now: QModelIndex, _before: QModelIndex) -> None:
        job = self.chosen()
        if job is not None:
            # Whoever looks at an ended job is not taken away from it by the next one.
            current = self._jobs.current()
            self._follows = job is current or current is None
            self._show_chosen()

    def _show_chosen(self) -> None:
        job = self.chosen()
        self.details.show_job(job)
        for name, (words, tip, is_offered, is_enabled) in self._offers(job).items():
            action, button = self._actions[name], self._buttons[name]
            action.setText(words)
            action.setVisible(is_offered)
            action.setEnabled(is_enabled)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            button.setText(words)
            button.setToolTip(f"{tip} ({keys})" if keys else tip)
            button.setVisible(is_offered)
            button.setEnabled(is_enabled)
        self._draw_buttons()

    def _offers(self, job: Job | None) -> dict[str, tuple[str, str, bool, bool]]:
        """Return for each action its words, its tip, whether it is offered and whether it can be done."""
        tr = self.tr
        state = job.state if job is not None else JobState.DONE
        is_active, has_ended = job is not None and job.is_active, job is not None and job.has_ended
        is_waiting = state is JobState.WAITING
        pause = (tr("Resume"), tr("Let the job go on")) if state is JobState.PAUSED else (
            tr("Pause"), tr("Let the job rest after the step it is at")
        )  # fmt: skip
        cancel = (tr("Remove"), tr("Take the job off the line")) if is_waiting else (
            tr("Cancel"), tr("Stop the job; finished work is kept")
        )  # fmt: skip
        again = {JobState.FAILED: tr("Retry"), JobState.CANCELLED: tr("Resume")}.get(state, tr("Run again"))
        may_repeat = job is not None and self._jobs.may_repeat(job)
        again_tip = tr("Do the job again; what it finished is not computed twice")
        if has_ended and not may_repeat:
            again_tip = tr("This can be done when no other job is at work")
        copy = tr("Copy details") if state is JobState.FAILED else tr("Copy")
        return {
            "pause": (*pause, is_active, is_active),
            "run_next": (
                tr("Run next"), tr("Let this job be the next one"), is_waiting,
                job is not None and self._jobs.can_wait_less(job),
            ),
            "cancel": (*cancel, is_active or is_waiting, is_active or is_waiting),
            "again": (again, again_tip, has_ended, may_repeat),
            "copy": (copy, tr("Copy all that is known of the job as text"), job is not None, job is not None),
        }  # fmt: skip

    def _run_next(self) -> None:
        job = self.chosen()
        if job is not None:
            self._jobs.run_next(job.id)

    def _cancel(self) -> None:
        job = self.chosen()
        if job is not None:
            self._jobs.cancel(job.id)

    def _again(self) -> None:
        job = self.chosen()
        if job is not None:
            self._follows = True
            self._jobs.again(job.id)

    def _copy(self) -> None:
        job = self.chosen()
        if job is not None:
            QGuiApplication.clipboard().setText(job_text(job, self.details.stages.as_text() if job.stages else ""))

    def _draw(self) -> None:
        self.model.use_tokens(self._theme.tokens)
        self._log.setIcon(icon("log", self._theme.tokens.text_muted))
        self._draw_buttons()

    def _draw_buttons(self) -> None:
        job = self.chosen()
        ink = self._theme.tokens.text_muted
        edge = square_beside(self)
        for button in (*self._buttons.values(), self._log):
            button.setIconSize(edge)
        is_paused = job is not None and job.state is JobState.PAUSED
        is_waiting = job is not None and job.state is JobState.WAITING
        names = {"pause": "run" if is_paused else "pause", "cancel": "remove" if is_waiting else "cancel"}
        names |= {"again": "run", "run_next": "next"}
        for name, drawing in names.items():
            self._buttons[name].setIcon(icon(drawing, ink))
            self._actions[name].setIcon(icon(drawing, ink))
