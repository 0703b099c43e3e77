"""The bar above the metric table: filter, what is beyond the floor, order, columns, details."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QMenu, QPushButton, QWidget

from planetview.gui.models.metric_columns import Column, ColumnKind
from planetview.gui.models.metric_rows import BY_NAME
from planetview.gui.models.metric_table import MetricTableModel
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import FlowLayout, labelled
from planetview.gui.widgets.line_fields import SteadyField

_TYPING_MS = 120
_SORT_LETTERS = 20


class TableTools(QWidget):
    """Chooses the rows of a model; `columns` and `details` are buttons for others to wire."""

    def __init__(self, model: MetricTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.filter = SteadyField(clearButtonEnabled=True)
        self.filter.setPlaceholderText(self.tr("Filter rows (Ctrl+F)"))
        self.filter.setToolTip(self.tr("Words in the metric, the features or the group. Escape clears."))
        self.filter.setAccessibleName(self.tr("Filter rows"))
        self.beyond = QCheckBox(self.tr("&Beyond floor only"))
        self.beyond.setToolTip(self.tr("Leave out the rows in which no candidate is worse than held-out real images."))
        self.sort = QComboBox()
        self.sort.setAccessibleName(self.tr("Sort rows"))
        self.sort.setToolTip(self.tr("Order the rows of each group. A click on a candidate's heading does it too."))
        self.sort.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.sort.setMinimumContentsLength(_SORT_LETTERS)
        self.sort.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.columns = QPushButton(self.tr("&Columns"))
        self.columns.setToolTip(self.tr("Show, hide and order columns."))
        self.details = QPushButton()
        self.details.setCheckable(True)
        self.details.setChecked(True)
        self.details.setToolTip(self.tr("Show or hide what is known about the current number."))
        self.details.toggled.connect(self._name_details)
        self._name_details(True)
        self._count = QLabel()
        self._count.setProperty("muted", True)
        self._all = QPushButton(self.tr("Show all rows"))
        self._all.setProperty("quiet", True)
        self._all.clicked.connect(self.show_all)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._on_filtered)
        self._build()
        self.filter.textChanged.connect(self._on_typed)
        self.filter.returnPressed.connect(self._on_filtered)
        self.beyond.toggled.connect(self._on_beyond)
        self.sort.activated.connect(self._on_sorted)
        model.modelReset.connect(self._follow)
        self._follow()

    def use_menu(self, menu: QMenu) -> None:
        """Open `menu` by the button for columns."""
        self.columns.setMenu(menu)

    def begin_filter(self) -> None:
        """Put the keyboard into the filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    @Slot()
    def show_all(self) -> None:
        """Take every filter away."""
        self._clear_filter(is_beyond=False)
        self._model.choose_rows(replace(self._model.row_choice, text="", only_beyond=False, beyond_of=None))

    def show_beyond(self, candidate: str) -> None:
        """Leave the rows in which one candidate is worse than the floor, the worst first."""
        self._clear_filter(is_beyond=True)
        sort = Column(ColumnKind.CANDIDATE, candidate).id
        choice = replace(self._model.row_choice, text="", only_beyond=True, beyond_of=candidate)
        self._model.choose_rows(replace(choice, sort=sort, is_reversed=False, closed=frozenset()))

    def _clear_filter(self, *, is_beyond: bool) -> None:
        # Its own button to clear it follows the signal of the field, which therefore must not be blocked.
        self.filter.clear()
        self._typing.stop()
        with QSignalBlocker(self.beyond):
            self.beyond.setChecked(is_beyond)

    def sort_by(self, id: str | None, is_reversed: bool = False) -> None:
        """Order the rows by the candidate of a column, by name, or (None) as the catalogue does."""
        self._model.choose_rows(replace(self._model.row_choice, sort=id, is_reversed=is_reversed))

    @Slot(int)
    def turn_sort(self, column: int) -> None:
        """Go on to the next order of a column: worst first, best first, as before."""
        found, choice = self._model.columns[column], self._model.row_choice
        if found.kind is not ColumnKind.CANDIDATE:
            return
        if choice.sort != found.id:
            self.sort_by(found.id)
        elif not choice.is_reversed:
            self.sort_by(found.id, is_reversed=True)
        else:
            self.sort_by(None)

    def _build(self) -> None:
        bar = FlowLayout(GAP, GAP, self)
        order = labelled(self.tr("S&ort"), self.sort)
        for widget in (self.filter, self.beyond, order, self.columns, self.details, self._count, self._all):
            bar.addWidget(widget)
        clear = QAction(self.filter)
        clear.setShortcut(Qt.Key.Key_Escape)
        clear.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        clear.triggered.connect(self.filter.clear)
        self.filter.addAction(clear)

    @Slot(bool)
    def _name_details(self, is_shown: bool) -> None:
        self.details.setText(self.tr("Hide &details") if is_shown else self.tr("Show &details"))

    @Slot()
    def _on_typed(self) -> None:
        self._typing.start()

    @Slot()
    def _on_filtered(self) -> None:
        self._typing.stop()
        self._model.choose_rows(replace(self._model.row_choice, text=self.filter.text()))

    @Slot(bool)
    def _on_beyond(self, is_on: bool) -> None:
        self._model.choose_rows(replace(self._model.row_choice, only_beyond=is_on, beyond_of=None))

    @Slot(int)
    def _on_sorted(self, position: int) -> None:
        id, is_reversed = self.sort.itemData(position)
        self.sort_by(id, is_reversed)

    @Slot()
    def _follow(self) -> None:
        """Say what the model shows: others sort and filter it too."""
        choice = self._model.row_choice
        items: list[tuple[str, tuple[str | None, bool]]] = [
            (self.tr("As in the catalogue"), (None, False)),
            (self.tr("By name"), (BY_NAME, False)),
        ]
        for name in self._model.candidates:
            id = Column(ColumnKind.CANDIDATE, name).id
            items.append((self.tr("Worst of {0} first").format(name), (id, False)))
            items.append((self.tr("Best of {0} first").format(name), (id, True)))
        if [self.sort.itemText(i) for i in range(self.sort.count())] != [text for text, _ in items]:
            self.sort.clear()
            for text, data in items:
                self.sort.addItem(text, data)
        wanted = (choice.sort, choice.is_reversed)
        self.sort.setCurrentIndex(next((i for i, (_, data) in enumerate(items) if data == wanted), 0))
        total = len(self._model.items)
        left = self._model.filtered_count
        words = self.tr("{0} of {1} rows").format(left, total)
        if choice.only_beyond and choice.beyond_of is not None:
            words = self.tr("{0} of {1} rows: {2} is worse").format(left, total, choice.beyond_of)
        self._count.setText(words)
        self._count.setVisible(choice.is_filtering)
        self._all.setVisible(choice.is_filtering)
