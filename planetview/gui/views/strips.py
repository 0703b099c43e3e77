"""Quiet strips above the numbers: what to know before trusting them, and that they are of another time."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from planetview.core.formatting import format_count
from planetview.core.results import Results
from planetview.gui.models.wording import tr


def warnings_of(results: Results) -> tuple[str, ...]:
    """Return what to know before trusting the numbers: the run's warnings, then images left out."""
    lines = list(results.warnings)
    for name, images in results.unusable.items():
        if images:
            lines.append(tr("{0}: left out during the run: {1}.").format(name, _first_of(images)))
    for dataset in results.datasets:
        if dataset.skipped:
            skipped = tuple((image.name, image.reason) for image in dataset.skipped)
            lines.append(tr("{0}: left out by the scan: {1}.").format(dataset.name, _first_of(skipped)))
    return tuple(lines)


def _first_of(images: tuple[tuple[str, str], ...]) -> str:
    name, reason = images[0]
    more = tr(" and {0} more").format(format_count(len(images) - 1)) if len(images) > 1 else ""
    return f"{name}: {reason}{more}"


class WarningStrip(QFrame):
    """Warnings on one quiet line; a button shows all of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "warning")
        self._warnings: tuple[str, ...] = ()
        self._text = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.more = QPushButton()
        self.more.setCheckable(True)
        self.more.setProperty("quiet", True)
        self.more.toggled.connect(self._show_lines)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 8, 4)
        layout.addWidget(self._text, 1)
        layout.addWidget(self.more, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def text(self) -> str:
        """Return the lines that are shown."""
        return self._text.text()

    def show_warnings(self, warnings: tuple[str, ...]) -> None:
        """Show these warnings, or nothing at all where there are none."""
        self._warnings = warnings
        self.more.setChecked(False)
        self._show_lines()

    @Slot()
    def _show_lines(self) -> None:
        shown = self._warnings if self.more.isChecked() else self._warnings[:1]
        self._text.setText("\n".join(f"⚠ {warning}" for warning in shown))
        self.more.setVisible(len(self._warnings) > 1)
        hidden = len(self._warnings) - 1
        self.more.setText(self.tr("Show less") if self.more.isChecked() else self.tr("{0} more").format(hidden))
        self.setVisible(bool(self._warnings))


class StaleStrip(QFrame):
    """Says that the numbers belong to other sets or settings, and offers to run again."""

    run_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "info")
        text = QLabel(self.tr("Sets or settings have changed since this run."), wordWrap=True)
        self.run_again = QPushButton(self.tr("Run again (F5)"))
        self.run_again.setToolTip(self.tr("Judge the sets as they are now; what is stored is not computed again."))
        self.run_again.clicked.connect(self.run_wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 8, 4)
        layout.addWidget(text, 1)
        layout.addWidget(self.run_again)
        self.hide()
