"""Fields for a line of text, where Qt's own is not calm enough."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLineEdit

# Qt asks for 17 of them, and for 4 more as soon as there is something to clear.
_LETTERS = 22


class SteadyField(QLineEdit):
    """A field with a button to clear it, as wide with text as without: what is beside it must not jump."""

    def sizeHint(self) -> QSize:
        return QSize(_LETTERS * self.fontMetrics().horizontalAdvance("x"), super().sizeHint().height())
