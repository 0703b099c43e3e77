"""What can be done with the images of the neighbours page: one action each, for keys, menu and buttons."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractScrollArea, QMenu, QPushButton

from planetview.core.formatting import format_count
from planetview.core.marks import BEST_RATING
from planetview.core.selection import Mask
from planetview.gui.local_keys import IMAGES, bind
from planetview.gui.models.neighbour_filter import MarkMasks
from planetview.gui.models.wording import rating_words


class NeighbourActions(QObject):
    """The actions, with their keys while `view` has the focus, and the menu of `view`."""

    def __init__(self, view: QAbstractScrollArea) -> None:
        super().__init__(view)
        self._view = view
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(lambda at: self.menu_at(view.viewport().mapToGlobal(at)))
        make = self._make
        self.compare = make(self.tr("Compare…"), "", self.tr("See the images large, side by side (Enter)."))
        self.flag = make(self.tr("Flag"), "F", self.tr("Mark images to come back to."))
        self.exclude = make(
            self.tr("Exclude"), "X", self.tr("Leave images out of the next run. Their files stay untouched.")
        )
        self.rate = tuple(self._make_rating(rating) for rating in range(BEST_RATING + 1))
        self.all = make(self.tr("Select all shown"), "", self.tr("Select every image that is shown (Ctrl+A)."))
        self.none = make(self.tr("Clear selection"), "Ctrl+Shift+A", self.tr("Select nothing."))
        self.copy_path = make(self.tr("Copy path"), "", self.tr("Copy where the current image is (Ctrl+C)."))
        self.reveal = make(self.tr("Show in file manager"), "", self.tr("Open the folder of the current image."))
        self.copy_list = make(
            self.tr("Copy list"), "Ctrl+Shift+C", self.tr("Copy the selected images shown, or all shown, as a table.")
        )
        self.export = make(
            self.tr("Export list…"),
            "",
            self.tr("Write the selected images shown, or all shown, with neighbours, scores and marks: CSV or JSON."),
        )

    def button(self, action: QAction) -> QPushButton:
        """Return a button that does the same and says the same."""
        # Without a parent it would be shown as a window of its own until a layout takes it.
        button = QPushButton(self._view)

        def follow() -> None:
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            button.setText(action.text())
            button.setToolTip(f"{action.toolTip()} ({key})" if key else action.toolTip())
            button.setEnabled(action.isEnabled())
            button.setVisible(action.isVisible())

        follow()
        action.changed.connect(follow)
        button.clicked.connect(action.trigger)
        return button

    def describe(self, targets: Mask, marks: MarkMasks | None, *, has_current: bool, shown: int) -> None:
        """Say what the commands would do to the images of `targets`, and allow what is possible."""
        count = int(targets.sum())
        are_flagged = marks is not None and count > 0 and bool(marks.flagged[targets].all())
        are_excluded = marks is not None and count > 0 and bool(marks.excluded[targets].all())
        several = f" ({format_count(count)})" if count > 1 else ""
        self.flag.setText((self.tr("Remove flag") if are_flagged else self.tr("Flag")) + several)
        self.exclude.setText((self.tr("Take in again") if are_excluded else self.tr("Exclude")) + several)
        for rating, action in enumerate(self.rate):
            action.setChecked(marks is not None and count > 0 and bool((marks.ratings[targets] == rating).all()))
        for action in (self.flag, self.exclude, *self.rate):
            action.setEnabled(marks is not None and count > 0)
        for action in (self.compare, self.copy_path, self.reveal):
            action.setEnabled(has_current)
        for action in (self.all, self.copy_list, self.export):
            action.setEnabled(shown > 0)

    def menu_at(self, at: QPoint) -> QMenu:
        """Open the menu of an image at a global point."""
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ratings = QMenu(self.tr("Rating"), menu)
        ratings.addActions(self.rate)
        ratings.menuAction().setVisible(self.rate[0].isVisible())
        for group in (
            (self.compare,),
            (self.flag, self.exclude, ratings.menuAction()),
            (self.all, self.none),
            (self.copy_path, self.reveal),
            (self.copy_list, self.export),
        ):
            menu.addActions(group)
            menu.addSeparator()
        menu.popup(at)
        return menu

    def _make_rating(self, rating: int) -> QAction:
        if rating:
            tip = self.tr("Rate images {0} of {1}.").format(rating, BEST_RATING)
            action = self._make(self.tr("Rate {0}").format(rating_words(rating)), str(rating), tip)
        else:
            action = self._make(self.tr("No rating"), "0", self.tr("Take the rating away."))
        action.setCheckable(True)
        return action

    def _make(self, text: str, keys: str, tip: str) -> QAction:
        action = QAction(text, self._view)
        action.setToolTip(tip)
        if keys:
            action.setShortcut(QKeySequence(keys))
            bind(action, IMAGES)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._view.addAction(action)
        return action
