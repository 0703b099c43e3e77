"""The two native values that a person makes black and white."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QWidget

from planetview.core.image_compare import Limits
from planetview.gui.models.wording import tr
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import labelled
from planetview.gui.widgets.numbers import inset_text

_FARTHEST = 1e9
_DIGITS_OF_FLOATS = 5


class FixedLimits(QWidget):
    """Two fields; black is always below white. A number that is typed counts with Enter or when the field is left."""

    changed = Signal(object)  # Limits

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.black = self._field(tr("Black from"), tr("This native value and what is below it is black."))
        self.white = self._field(tr("White from"), tr("This native value and what is above it is white."))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(labelled(tr("Black"), self.black))
        layout.addWidget(labelled(tr("White"), self.white))

    def set_digits(self, dtype: str) -> None:
        """Offer whole numbers for whole samples, and five decimals otherwise."""
        for field in (self.black, self.white):
            digits = _DIGITS_OF_FLOATS if "float" in dtype else 0
            if field.decimals() != digits:
                field.setDecimals(digits)

    def show_limits(self, limits: Limits) -> None:
        """Show these; `changed` does not follow."""
        for field in (self.black, self.white):
            field.blockSignals(True)
            field.setRange(-_FARTHEST, _FARTHEST)
        self.black.setValue(limits[0])
        self.white.setValue(limits[1])
        least = 10.0 ** -self.black.decimals()
        self.black.setMaximum(self.white.value() - least)
        self.white.setMinimum(self.black.value() + least)
        for field in (self.black, self.white):
            field.blockSignals(False)

    def _field(self, name: str, tip: str) -> QDoubleSpinBox:
        field = QDoubleSpinBox(decimals=0, minimum=-_FARTHEST, maximum=_FARTHEST)
        field.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        field.setKeyboardTracking(False)
        field.setAccessibleName(name)
        field.setToolTip(tip)
        # The ends of its range would make it as wide as ten digits and a sign need.
        field.setMinimumWidth(field.fontMetrics().horizontalAdvance("−000000.0") + 6 * GAP)
        field.setMaximumWidth(field.minimumWidth())
        inset_text(field)
        field.valueChanged.connect(self._on_changed)
        return field

    @Slot()
    def _on_changed(self) -> None:
        self.changed.emit((self.black.value(), self.white.value()))
