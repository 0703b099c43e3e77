"""The bar of the running job: what it does, how far it is, how to stop it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from planetview.core.messages import Progress
from planetview.gui.icons import icon
from planetview.gui.theme import Theme

_STEPS = 1000


class JobBar(QFrame):
    """Hidden while nothing runs."""

    cancel_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("bar", "bottom")
        self._label = QLabel(self)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._numbers = QLabel(self)
        self._numbers.setProperty("muted", True)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress of the job"))
        self._cancel = QPushButton(self.tr("Cancel"), self)
        self._cancel.setToolTip(self.tr("Stop the job; finished work is kept (Esc)"))
        self._cancel.clicked.connect(self.cancel_requested)
        texts = QHBoxLayout()
        texts.addWidget(self._label, 1)
        texts.addWidget(self._numbers)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addLayout(texts)
        column.addWidget(self._bar)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(16)
        layout.addLayout(column, 1)
        layout.addWidget(self._cancel)
        theme.changed.connect(self._draw)
        self._draw()
        self.hide()

    def begin(self, title: str) -> None:
        """Show the bar for a job that has just been asked for."""
        self._label.setText(title)
        self._numbers.clear()
        # A range of nothing draws a busy bar: how much there is to do is not known yet.
        self._bar.setRange(0, 0)
        self.show()

    def show_progress(self, progress: Progress) -> None:
        """Show how far the job is."""
        # A progress bar paints at once, and with it all that waits for painting: 20 ms while results arrive.
        self._bar.setUpdatesEnabled(False)
        self._bar.setRange(0, _STEPS)
        self._bar.setValue(round(progress.fraction * _STEPS))
        self._bar.setUpdatesEnabled(True)
        self._label.setText(progress.label)
        self._numbers.setText(progress_words(progress, self.tr("{0} left")))

    def end(self) -> None:
        """Hide the bar."""
        self.hide()

    def text(self) -> str:
        """Return what the bar says."""
        return " · ".join(part for part in (self._label.text(), self._numbers.text()) if part)

    def value(self) -> float:
        """Return the fraction shown, 0 to 1."""
        return self._bar.value() / _STEPS

    def _draw(self) -> None:
        self._cancel.setIcon(icon("cancel", self._theme.tokens.text_muted))


def progress_words(progress: Progress, left: str = "{0} left") -> str:
    """Return "1,200 / 4,000 images · 85 images/s · 0:33 left · 30 %", leaving out what is not known."""
    parts = []
    if progress.total > 0:
        parts.append(f"{progress.done:,} / {progress.total:,} {progress.unit}")
    if progress.rate is not None and progress.rate > 0:
        rate = f"{progress.rate:,.0f}" if progress.rate >= 10 else f"{progress.rate:.1f}"
        parts.append(f"{rate} {progress.unit}/s")
    if progress.eta_seconds is not None:
        parts.append(left.format(duration_words(progress.eta_seconds)))
    parts.append(f"{progress.fraction:.0%}".replace("%", " %"))
    return " · ".join(parts)


def duration_words(seconds: float) -> str:
    """Return a duration as m:ss, or h:mm:ss from one hour on."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
