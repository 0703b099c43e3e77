"""How images deeper than 8-bit become 8-bit: one choice for the whole study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from planetview.core.stretch import Stretch, StretchKind
from planetview.gui.widgets.flow import FlowLayout
from planetview.gui.widgets.numbers import inset_text

_CHOICES: tuple[tuple[StretchKind, str, str], ...] = (
    (StretchKind.NONE, "None (8-bit images)", "8-bit images pass unchanged; deeper ones are refused, never clipped"),
    (StretchKind.SET_PERCENTILE, "Percentiles of each set", "Keeps exposure differences inside a set; usual choice"),
    (StretchKind.IMAGE_PERCENTILE, "Percentiles of each image", "Hides exposure differences between images"),
    (StretchKind.FIXED, "Fixed range", "The same native values for every set; keeps all differences"),
)
_DEFAULTS = {StretchKind.FIXED: (0.0, 65535.0)}


class StretchChoice(QWidget):
    """Edits a `Stretch`; warns while deep images would be refused."""

    chosen = Signal(object)  # Stretch

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stretch = Stretch()
        self._kind = QComboBox(self)
        self._kind.setAccessibleName(self.tr("Stretch of the study"))
        for index, (kind, words, tip) in enumerate(_CHOICES):
            self._kind.addItem(self.tr(words), kind)
            self._kind.setItemData(index, self.tr(tip), Qt.ItemDataRole.ToolTipRole)
        self._low, self._high = self._field(self.tr("Lower end")), self._field(self.tr("Upper end"))
        label = QLabel(self.tr("Stre&tch to 8-bit"), self)
        label.setBuddy(self._kind)
        label.setToolTip(self.tr("Every network and metric sees 8-bit images; one choice holds for all sets"))
        row = FlowLayout(8, 8)
        self._ends = QWidget(self)
        in_line = QHBoxLayout(self._ends)
        in_line.setContentsMargins(0, 0, 0, 0)
        in_line.setSpacing(8)
        in_line.addWidget(self._low)
        in_line.addWidget(QLabel("–", self))
        in_line.addWidget(self._high)
        row.addWidget(label)
        row.addWidget(self._kind)
        row.addWidget(self._ends)
        self._warning = QLabel(self, wordWrap=True)
        self._warning.setProperty("tone", "warning")
        self._remedy = QPushButton(self.tr("Use set percentiles"), self)
        self._remedy.clicked.connect(self._on_remedy_clicked)
        warning = QHBoxLayout()
        warning.addWidget(self._warning, 1)
        warning.addWidget(self._remedy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addLayout(warning)
        self._kind.activated.connect(self._on_kind_activated)
        self._low.editingFinished.connect(self._on_range_edited)
        self._high.editingFinished.connect(self._on_range_edited)
        self.show_stretch(Stretch(), ())

    def show_stretch(self, stretch: Stretch, refused: Sequence[str]) -> None:
        """Show a stretch; `refused` names the sets whose deep images it would refuse."""
        self._stretch = stretch
        self._kind.setCurrentIndex([kind for kind, _, _ in _CHOICES].index(stretch.kind))
        self._kind.setToolTip(self.tr(_CHOICES[self._kind.currentIndex()][2]))
        is_percent = stretch.kind in (StretchKind.SET_PERCENTILE, StretchKind.IMAGE_PERCENTILE)
        for field, value in ((self._low, stretch.low), (self._high, stretch.high)):
            field.setRange(*((0.0, 100.0) if is_percent else (-1e9, 1e9)))
            field.setSuffix(" %" if is_percent else "")
            field.setValue(value)
        self._ends.setVisible(stretch.kind is not StretchKind.NONE)
        if refused:
            names = ", ".join(f"'{name}'" for name in refused)
            text = self.tr(
                "⚠ {0}: deeper than 8-bit. Without a stretch these images are refused and the run cannot use them."
            )
            self._warning.setText(text.format(names))
        self._warning.setVisible(bool(refused))
        self._remedy.setVisible(bool(refused))

    def warning(self) -> str:
        """Return the warning that is shown, or ""."""
        return self._warning.text() if not self._warning.isHidden() else ""

    def _field(self, name: str) -> QDoubleSpinBox:
        field = QDoubleSpinBox(self)
        field.setDecimals(2)
        field.setAccessibleName(name)
        field.setToolTip(name)
        inset_text(field)
        return field

    def _on_kind_activated(self, index: int) -> None:
        kind = StretchKind(self._kind.itemData(index))
        if kind is not self._stretch.kind:
            low, high = _DEFAULTS.get(kind, (Stretch().low, Stretch().high))
            self.chosen.emit(Stretch(kind, low, high))

    def _on_range_edited(self) -> None:
        low, high = self._low.value(), self._high.value()
        if (low, high) == (self._stretch.low, self._stretch.high):
            return
        if low < high:
            self.chosen.emit(replace(self._stretch, low=low, high=high))
        else:
            self._low.setValue(self._stretch.low)
            self._high.setValue(self._stretch.high)

    def _on_remedy_clicked(self) -> None:
        self.chosen.emit(Stretch(StretchKind.SET_PERCENTILE))
