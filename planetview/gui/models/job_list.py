"""The jobs and the stages of one job as models, for the dock."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon

from planetview.core.formatting import format_duration
from planetview.gui.icons import icon, icon_pixmap
from planetview.gui.jobs import Job, JobStage
from planetview.gui.models.job_words import (
    STATE_ICONS,
    JobState,
    count_words,
    duration_words,
    percent_words,
    rate_words,
    state_words,
)
from planetview.gui.models.wording import tr
from planetview.gui.theme import Tokens

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_ICON_PX = 32

SUBTITLE_ROLE = Qt.ItemDataRole.UserRole
FRACTION_ROLE = Qt.ItemDataRole.UserRole + 1
"""Of the work, 0 to 1; None where no bar is to be drawn."""


def state_colours(tokens: Tokens) -> dict[JobState, str]:
    """Return the colour of each state's mark."""
    return {
        JobState.WAITING: tokens.text_muted,
        JobState.RUNNING: tokens.accent,
        JobState.PAUSED: tokens.warning,
        JobState.DONE: tokens.success,
        JobState.CANCELLED: tokens.text_muted,
        JobState.FAILED: tokens.danger,
    }


def job_line(job: Job) -> str:
    """Return how a job stands, in one line: "Running · 32 % · 1:10 left"."""
    parts = [state_words(job.state)]
    if job.is_active and job.progress is not None:
        parts.append(percent_words(job.fraction))
    if job.state is JobState.RUNNING and job.eta_seconds is not None:
        parts.append(tr("{0} left").format(duration_words(job.eta_seconds)))
    if job.has_ended:
        # A job that never began took no time.
        took = job.watch.seconds()
        parts.extend([format_duration(took)] if took else [])
        parts.append(f"{job.asked_at:%H:%M}")
    return " · ".join(parts)


class JobListModel(QAbstractListModel):
    """One row a job, the one at work first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: list[Job] = []
        self._icons: dict[JobState, QIcon] = {}

    def show_jobs(self, jobs: list[Job]) -> None:
        """Show these jobs; the same ones in the same order keep their rows."""
        if jobs == self._jobs:
            if jobs:
                self.dataChanged.emit(self.index(0), self.index(len(jobs) - 1))
            return
        self.beginResetModel()
        self._jobs = jobs
        self.endResetModel()

    def show_changed(self, job: Job) -> None:
        """Draw the row of a job anew."""
        row = self.row_of(job)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))

    def use_tokens(self, tokens: Tokens) -> None:
        """Draw the marks in the colours of a theme."""
        self._icons = {}
        for state, colour in state_colours(tokens).items():
            drawn = icon(STATE_ICONS[state], colour)
            drawn.addPixmap(icon_pixmap(STATE_ICONS[state], tokens.accent_text, _ICON_PX), QIcon.Mode.Selected)
            self._icons[state] = drawn
        if self._jobs:
            self.dataChanged.emit(self.index(0), self.index(len(self._jobs) - 1))

    def job_at(self, row: int) -> Job | None:
        """Return the job of a row, or None."""
        return self._jobs[row] if 0 <= row < len(self._jobs) else None

    def row_of(self, job: Job | None) -> int:
        """Return the row of a job, −1 where it has none."""
        return next((row for row, other in enumerate(self._jobs) if other is job), -1)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._jobs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        job = self.job_at(index.row())
        if job is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return job.title
        if role == SUBTITLE_ROLE:
            return job_line(job)
        if role == FRACTION_ROLE:
            return job.fraction if job.is_active else None
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icons.get(job.state)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{job.title}, {job_line(job)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (job.title, job_line(job), job.summary) if part)
        return None


class StageColumn(IntEnum):
    """What a column of the stages shows."""

    NAME = 0
    DONE = 1
    RATE = 2
    TIME = 3


class StageModel(QAbstractTableModel):
    """One row a stage of one job, in the order they began."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._stages: list[JobStage] = []

    def show_job(self, job: Job | None) -> None:
        """Show the stages of a job as they are now."""
        stages = list(job.stages.values()) if job is not None else []
        known = len(self._stages)
        if job is not self._job or len(stages) < known:
            self.beginResetModel()
            self._job, self._stages = job, stages
            self.endResetModel()
            return
        if len(stages) > known:
            self.beginInsertRows(QModelIndex(), known, len(stages) - 1)
            self._stages = stages
            self.endInsertRows()
        if stages:
            first = max(0, min(known, len(stages)) - 2)
            self.dataChanged.emit(self.index(first, 0), self.index(len(stages) - 1, len(StageColumn) - 1))

    def stage_at(self, row: int) -> JobStage:
        """Return the stage of a row."""
        return self._stages[row]

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._stages)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(StageColumn)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return {
                StageColumn.NAME: tr("Stage"),
                StageColumn.DONE: tr("Done"),
                StageColumn.RATE: tr("Rate"),
                StageColumn.TIME: tr("Time"),
            }[StageColumn(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self._stages):
            return None
        stage = self._stages[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(stage, StageColumn(index.column()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{stage.label}\n{count_words(stage.done, stage.total, stage.unit)}"
        if role == FRACTION_ROLE and index.column() == StageColumn.DONE:
            return stage.fraction
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        return None

    def as_text(self) -> str:
        """Return the stages as lines of tab-separated cells, with a heading."""
        rows = [[str(self.headerData(c, Qt.Orientation.Horizontal)) for c in StageColumn]]
        rows += [[_cell(stage, column) for column in StageColumn] for stage in self._stages]
        return "\n".join("\t".join(row) for row in rows)


def _cell(stage: JobStage, column: StageColumn) -> str:
    if column is StageColumn.NAME:
        return stage.label
    if column is StageColumn.DONE:
        return f"{stage.done:,} / {stage.total:,}" if stage.total else ""
    if column is StageColumn.RATE:
        return rate_words(stage.rate, stage.unit) if stage.rate else ""
    return duration_words(stage.seconds)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column >= StageColumn.RATE else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
