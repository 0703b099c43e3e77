"""The bar of the running job: what it does, how far it is, how to let it rest and how to stop it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from planetview.core.messages import Progress
from planetview.gui.icons import icon, square_beside
from planetview.gui.jobs import Job, Jobs
from planetview.gui.models.job_words import JobState, percent_words, progress_parts
from planetview.gui.theme import Theme
from planetview.gui.widgets.elided import ElidedLabel

_STEPS = 1000
# Where the bar is no wider than this, what the job does needs the room of the words for its neighbours.
_NARROW_CHARACTERS = 80
_SEPARATOR = " · "


class JobBar(QFrame):
    """Hidden while nothing runs.

    After `attach` it follows the jobs by itself; `begin` and `end` are then for work that is no job.
    """

    cancel_requested = Signal()
    jobs_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._jobs: Jobs | None = None
        self._is_paused = False
        self.setProperty("bar", "bottom")
        self._label = ElidedLabel(self)
        self._parts: list[str] = []
        self._numbers = QLabel(self)
        self._numbers.setProperty("muted", True)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress of the job"))
        self._show = QPushButton(self.tr("Show jobs"), self)
        self._show.setProperty("quiet", True)
        self._show.setToolTip(self.tr("Show all jobs: their stages, those that wait, and the log"))
        self._show.clicked.connect(self.jobs_requested)
        self._pause = QPushButton(self.tr("Pause"), self)
        self._pause.clicked.connect(self._on_pause_clicked)
        self._cancel = QPushButton(self.tr("Cancel"), self)
        self._cancel.setToolTip(self.tr("Stop the job; finished work is kept (Esc)"))
        self._cancel.clicked.connect(self.cancel_requested)
        self._lay_out()
        theme.changed.connect(self._draw)
        self._draw()
        self._show_pause(None)
        self.hide()

    def attach(self, jobs: Jobs) -> None:
        """Follow these jobs from now on."""
        self._jobs = jobs
        jobs.listed.connect(self._on_listed)
        jobs.progressed.connect(self._on_progressed)
        self._show.setVisible(True)
        self._on_listed()

    def begin(self, title: str) -> None:
        """Show the bar for work that has just been asked for; while a job is at work it stays with that."""
        if self._current() is None:
            self._begin(title)

    def show_progress(self, progress: Progress) -> None:
        """Show how far work is that no attached job stands for."""
        if self._current() is None:
            self._show_numbers(progress)

    def end(self) -> None:
        """Hide the bar, unless a job is at work."""
        if self._current() is None:
            self.hide()

    def text(self) -> str:
        """Return what the bar says."""
        return " · ".join(part for part in (self._label.text(), *self._parts) if part)

    def value(self) -> float:
        """Return the fraction shown, 0 to 1."""
        return self._bar.value() / _STEPS

    def _lay_out(self) -> None:
        texts = QHBoxLayout()
        texts.addWidget(self._label, 1)
        texts.addWidget(self._numbers)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addLayout(texts)
        column.addWidget(self._bar)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(8)
        layout.addLayout(column, 1)
        layout.addSpacing(8)
        layout.addWidget(self._show)
        layout.addWidget(self._pause)
        layout.addWidget(self._cancel)
        self._show.hide()

    def _current(self) -> Job | None:
        return self._jobs.current() if self._jobs is not None else None

    def _begin(self, title: str) -> None:
        self._label.setText(title)
        self._label.setToolTip(title)
        self._show_parts([])
        # A range of nothing draws a busy bar: how much there is to do is not known yet.
        self._bar.setRange(0, 0)
        self.show()

    def _show_numbers(self, progress: Progress) -> None:
        # A progress bar paints at once, and with it all that waits for painting: 20 ms while results arrive.
        self._bar.setUpdatesEnabled(False)
        self._bar.setRange(0, _STEPS)
        self._bar.setValue(round(progress.fraction * _STEPS))
        self._bar.setUpdatesEnabled(True)
        self._label.setText(progress.label)
        self._show_parts(progress_parts(progress, self.tr("{0} left")))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_parts(self._parts)
        self._show_waiting()

    def _show_parts(self, parts: list[str]) -> None:
        """Show the numbers, where the room is short only the last ones: time left and share."""
        self._parts = parts
        room = max(1, round(0.55 * self._bar.width()))
        shown = parts
        while len(shown) > 1 and self._numbers.fontMetrics().horizontalAdvance(_SEPARATOR.join(shown)) > room:
            shown = shown[1:]
        self._numbers.setText(_SEPARATOR.join(shown))

    def _on_progressed(self, job: Job) -> None:
        if job is self._current() and job.progress is not None:
            self._show_job(job)

    def _on_listed(self) -> None:
        job = self._current()
        self._show_pause(job)
        self._show_waiting()
        if job is None:
            self.hide()
        else:
            self._show_job(job)

    def _show_job(self, job: Job) -> None:
        if job.progress is None:
            self._begin(job.title)
        else:
            self._show_numbers(job.progress)
            self._label.setToolTip(job.title)
            self.show()
        if job.state is JobState.PAUSED:
            self._label.setText(self.tr("Paused: {0}").format(job.label or job.title))
            # Time left and rate say nothing of work that rests; a busy bar would move.
            self._show_parts([percent_words(job.fraction)])
            self._bar.setRange(0, _STEPS)
            self._bar.setValue(round(job.fraction * _STEPS))

    def _show_pause(self, job: Job | None) -> None:
        self._is_paused = job is not None and job.state is JobState.PAUSED
        self._pause.setVisible(job is not None)
        self._pause.setEnabled(job is not None and job.is_active)
        self._pause.setText(self.tr("Resume") if self._is_paused else self.tr("Pause"))
        tip = self.tr("Let the job go on (Ctrl+P)") if self._is_paused else self.tr(
            "Let the job rest after the step it is at, until you resume it (Ctrl+P)"
        )  # fmt: skip
        self._pause.setToolTip(tip)
        self._draw()

    def _show_waiting(self) -> None:
        waiting = self._jobs.waiting() if self._jobs is not None else 0
        words = self.tr("{0} more waiting").format(waiting) if waiting else self.tr("Show jobs")
        is_narrow = self.width() < _NARROW_CHARACTERS * self.fontMetrics().averageCharWidth()
        self._show.setText(f"+{waiting}" if is_narrow and waiting else "" if is_narrow else words)
        self._show.setAccessibleName(words)

    def _on_pause_clicked(self) -> None:
        if self._jobs is not None:
            self._jobs.toggle_pause()

    def _draw(self) -> None:
        ink = self._theme.tokens.text_muted
        self._cancel.setIcon(icon("cancel", ink))
        self._pause.setIcon(icon("run" if self._is_paused else "pause", ink))
        self._show.setIcon(icon("jobs", ink))
        for button in (self._cancel, self._pause, self._show):
            button.setIconSize(square_beside(self))
