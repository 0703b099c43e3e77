"""The row below the images: to the next one, what is noted on this one, help, close."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from planetview.core.marks import BEST_RATING
from planetview.gui.models.wording import rating_words
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import FlowLayout


class ImageButtons(QWidget):
    """Buttons that are reached by Tab and leave the focus with the images when they are clicked."""

    stepped = Signal(int)  # -1 for the image before, 1 for the one after
    rated = Signal(int)  # 1 to 5, 0 for no rating

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row, self._ends = FlowLayout(GAP, GAP), QHBoxLayout(self)
        self._ends.setContentsMargins(0, 0, 0, 0)
        self._ends.setSpacing(GAP)
        self._ends.addLayout(self._row, 1)
        self.before = self._button(self.tr("← Previous"), self.tr("The image before (PgUp)."))
        self.after = self._button(self.tr("Next →"), self.tr("The image after (PgDown)."))
        self.flag = self._button(self.tr("⚑ Flag"), self.tr("Mark the image to find it again (F)."), is_on=True)
        self.exclude = self._button(
            self.tr("✕ Exclude"), self.tr("Leave the image out of the next run (X)."), is_on=True
        )
        self.rating = QComboBox()
        self.rating.setAccessibleName(self.tr("Rating"))
        self.rating.setToolTip(self.tr("How good the image is: poor (Alt+1) to best (Alt+5), or not rated (Alt+0)."))
        self.rating.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.rating.addItem(self.tr("No rating"))
        self.rating.addItems([rating_words(rating) for rating in range(1, BEST_RATING + 1)])
        self._row.addWidget(self.rating)
        self.help = self._button(self.tr("Keys"), self.tr("Show all keys (?)."), is_last=True)
        self.close_button = self._button(self.tr("Close"), self.tr("Close the view (Esc)."), is_last=True)
        self.before.clicked.connect(partial(self._step, -1))
        self.after.clicked.connect(partial(self._step, 1))
        self.rating.activated.connect(self.rated)

    def show_marks(self, is_flagged: bool, is_excluded: bool, rating: int) -> None:
        """Show what is noted on the image. rating: 1 to 5, 0 for none."""
        self.flag.setChecked(is_flagged)
        self.exclude.setChecked(is_excluded)
        self.rating.setCurrentIndex(rating)

    @Slot()
    def _step(self, by: int) -> None:
        self.stepped.emit(by)

    def _button(self, text: str, tip: str, *, is_on: bool = False, is_last: bool = False) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(is_on)
        button.setProperty("segment", is_on)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        # Enter belongs to the button with the focus alone.
        button.setAutoDefault(False)
        if is_last:
            self._ends.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        else:
            self._row.addWidget(button)
        return button
