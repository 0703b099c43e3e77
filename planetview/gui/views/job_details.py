"""All that is known of one job: how far it is, its stages, where it runs, what it came to."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from planetview.core.formatting import format_bytes, format_duration
from planetview.gui.icons import icon_pixmap
from planetview.gui.jobs import Job
from planetview.gui.models.job_list import StageColumn, StageModel, job_line, state_colours
from planetview.gui.models.job_words import STATE_ICONS, JobState, duration_words
from planetview.gui.models.wording import from_the_left, tr
from planetview.gui.theme import Theme
from planetview.gui.views.job_painting import BarDelegate

_STEPS = 1000


class JobDetails(QWidget):
    """Shows one job; draws nothing while it is hidden."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._job: Job | None = None
        self._mark_of: JobState | None = None
        self._mark = QLabel(self)
        self._title = _label(self, "title")
        self._state = _label(self, "muted")
        self._bar = QProgressBar(self, textVisible=False)
        self._bar.setAccessibleName(tr("Progress of the whole job"))
        self._facts: dict[str, QLabel] = {}
        self._form = QFormLayout()
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(4)
        for key, name in (
            ("time", tr("Time")),
            ("device", tr("Device")),
            ("memory", tr("Memory")),
            ("outcome", tr("Result")),
            ("notes", tr("Notes")),
        ):
            self._add_fact(key, name)
        self.stages = StageModel(self)
        self._table = self._make_table()
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)
        self.show_job(None)

    @property
    def job(self) -> Job | None:
        """The job that is shown."""
        return self._job

    def show_job(self, job: Job | None) -> None:
        """Show a job as it is now."""
        self._job = job
        if job is None:
            return
        _say(self._title, job.title)
        _say(self._state, job_line(job))
        self._draw_mark()
        self._bar.setVisible(not job.has_ended and job.state is not JobState.WAITING)
        is_unknown = job.progress is None and job.state is JobState.RUNNING
        self._bar.setRange(0, 0 if is_unknown else _STEPS)
        self._bar.setValue(round(job.fraction * _STEPS))
        for key, words in facts(job).items():
            self._show_fact(key, words)
        outcome = self._form.labelForField(self._facts["outcome"])
        assert isinstance(outcome, QLabel)
        _say(outcome, tr("Reason") if job.state is JobState.FAILED else tr("Result"))
        self._show_stages(job)

    def _show_stages(self, job: Job) -> None:
        known = self.stages.rowCount()
        self.stages.show_job(job)
        self._table.setVisible(bool(job.stages))
        if self.stages.rowCount() > known:
            self._table.scrollToBottom()

    def _add_fact(self, key: str, name: str) -> None:
        label = _label(self)
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        label.setAccessibleName(name)
        self._facts[key] = label
        heading = QLabel(name, self)
        heading.setProperty("muted", True)
        self._form.addRow(heading, label)

    def _show_fact(self, key: str, words: str) -> None:
        label = self._facts[key]
        words = from_the_left(words)
        if label.text() != words:
            label.setText(words)
        if self._form.isRowVisible(label) is not bool(words):
            self._form.setRowVisible(label, bool(words))

    def _make_table(self) -> _StageTable:
        table = _StageTable(self)
        table.setModel(self.stages)
        table.setItemDelegateForColumn(StageColumn.DONE, BarDelegate(self._theme, table))
        table.setAccessibleName(tr("Stages of the job"))
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        return table

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._title)
        texts.addWidget(self._state)
        head.addLayout(texts, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._bar)
        column.addLayout(self._form)
        column.addWidget(self._table, 1)
        column.addStretch()

    def _draw_mark(self) -> None:
        job = self._job
        if job is None or job.state is self._mark_of:
            return
        self._mark_of = job.state
        colour = state_colours(self._theme.tokens)[job.state]
        edge = self.fontMetrics().height() + 4
        self._mark.setPixmap(icon_pixmap(STATE_ICONS[job.state], colour, edge, self.devicePixelRatioF()))

    def _on_theme_changed(self) -> None:
        self._mark_of = None
        self._draw_mark()
        self._table.size_parts()


class _StageTable(QTableView):
    """Gives the numbers the room they need and the names the rest; where that is little, it scrolls."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.size_parts()

    def size_parts(self) -> None:
        """Fit columns and rows to the size of the text and the width there is."""
        metrics = self.fontMetrics()
        line, pad = metrics.height(), metrics.horizontalAdvance("000")
        widths = {
            StageColumn.DONE: metrics.horizontalAdvance("50,000 / 50,000"),
            StageColumn.RATE: metrics.horizontalAdvance("1,000 images/s"),
            StageColumn.TIME: metrics.horizontalAdvance("0:00:00"),
        }
        for column, width in widths.items():
            self.setColumnWidth(column, width + pad)
        # The job's own line tells the rate too: of all columns it is missed least where there is no room.
        least = metrics.horizontalAdvance("0" * 16)
        is_short = self.viewport().width() < least + sum(widths.values()) + len(widths) * pad
        self.setColumnHidden(StageColumn.RATE, is_short)
        if is_short:
            del widths[StageColumn.RATE]
        rest = self.viewport().width() - sum(widths.values()) - len(widths) * pad
        self.setColumnWidth(StageColumn.NAME, max(rest, least))
        self.verticalHeader().setDefaultSectionSize(round(1.7 * line))
        self.setMinimumHeight(7 * line)


def facts(job: Job) -> dict[str, str]:
    """Return what is told of a job besides its stages, by key; "" for what is not known."""
    time = tr("{0} so far").format(duration_words(job.watch.seconds())) if job.is_active else ""
    if job.state is JobState.WAITING:
        time = tr("asked for at {0}").format(f"{job.asked_at:%H:%M:%S}")
    elif job.state is JobState.PAUSED:
        time += tr(", the pause not counted")
    elif job.eta_seconds is not None:
        time += tr(", {0} left").format(duration_words(job.eta_seconds))
    if job.has_ended and job.watch.seconds():
        time = format_duration(job.watch.seconds())
    hint = job.failure.hint if job.failure is not None else ""
    return {
        "time": time,
        "device": " · ".join(part for part in (job.device, job.precision) if part),
        "memory": _memory_words(job),
        "outcome": "\n".join(part for part in (job.summary, hint) if part),
        "notes": "\n".join(job.notes[-5:]),
    }


def job_text(job: Job, stages: str) -> str:
    """Return all that is known of a job as text, for a report: the details of a failure at the end."""
    lines = [job.title, job_line(job), f"{job.asked_at:%Y-%m-%d %H:%M:%S}"]
    lines += [words for words in facts(job).values() if words]
    if stages:
        lines += ["", stages]
    if job.failure is not None and job.failure.details:
        lines += ["", job.failure.details]
    return "\n".join(lines)


def _memory_words(job: Job) -> str:
    parts = []
    if job.memory_bytes is not None and job.peak_bytes is not None:
        words = tr("engine {0}, at most {1}")
        parts.append(words.format(format_bytes(job.memory_bytes), format_bytes(job.peak_bytes)))
    if job.window_bytes is not None:
        parts.append(tr("window {0}").format(format_bytes(job.window_bytes)))
    return " · ".join(parts)


def _label(parent: QWidget, kind: str = "") -> QLabel:
    label = QLabel(parent, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setMinimumWidth(1)
    if kind:
        label.setProperty(kind, True)
    return label


def _say(label: QLabel, text: str) -> None:
    text = from_the_left(text)
    # A text that is set again lays the whole panel out again.
    if label.text() != text:
        label.setText(text)
