"""What number fields need beyond the style sheet."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractSpinBox

_INSET_PX = 7


def inset_text(field: QAbstractSpinBox) -> None:
    """Keep the number off the border: with styled buttons Qt gives its editor the whole width, without padding."""
    field.lineEdit().setTextMargins(_INSET_PX, 0, 0, 0)
