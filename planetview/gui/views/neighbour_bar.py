"""What the neighbours page shows, as controls: set, spaces, order, filters, size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QSlider, QSpinBox, QWidget

from planetview.core.formatting import format_count
from planetview.gui.models.neighbour_filter import FOLLOW_MARKS, NO_CLASS, RATED, Show, Wanted
from planetview.gui.models.neighbour_order import RATING, Order, Score, distance_score, space_label
from planetview.gui.models.neighbour_set import Toward
from planetview.gui.models.wording import rating_words
from planetview.gui.views.image_grid import EDGE_DEFAULT, EDGE_MAX, EDGE_MIN
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import FlowLayout, labelled
from planetview.gui.widgets.line_fields import SteadyField
from planetview.gui.widgets.numbers import inset_text

_TYPING_MS = 150
_NO_OTHER = ""
_ANY_CLASS = None
_DISTANCE = ""
_LETTERS, _MORE_LETTERS = 12, 20


class NeighbourBar(QWidget):
    """Rows of controls; tells what kind of change was made, and keeps choices that are still possible."""

    set_changed = Signal()  # another set or space
    rows_changed = Signal()  # another order or filter
    look_changed = Signal()  # other neighbours or sizes in the same tiles

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.seed = 0
        # The order and the number that were last chosen in the other direction.
        self._last_order: tuple[object, object] = (Order.WORST, _DISTANCE)
        self.toward = QComboBox()
        self.toward.addItem(self.tr("Synthetic → nearest real"), Toward.REAL)
        self.toward.addItem(self.tr("Real → nearest synthetic"), Toward.SYNTHETIC)
        self._last_by, self._shown_toward = "", Toward.REAL
        self._scores: dict[str, Score] = {}
        self.query, self.by, self.other = QComboBox(), QComboBox(), QComboBox()
        self.score, self.order, self.show_only, self.label = QComboBox(), QComboBox(), QComboBox(), QComboBox()
        self.count = QSpinBox(minimum=1, maximum=1)
        inset_text(self.count)
        self.edge = self._build_size()
        self.shuffle = QPushButton(self.tr("Shuffle"))
        self.shuffle.setToolTip(self.tr("Take the next seed. The same seed always gives the same order."))
        self.seed_label = QLabel()
        self.text = SteadyField(placeholderText=self.tr("Find a name"), clearButtonEnabled=True)
        self.text.setAccessibleName(self.tr("Find images by a part of their name"))
        self.text.setToolTip(self.tr("Show only images whose name holds these letters (Ctrl+F)."))
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._fields: dict[QWidget, QWidget] = {}
        self._build()
        self._connect()
        self._fill_orders()
        self.set_counts({})

    @property
    def wanted(self) -> Wanted:
        """Which images are to be shown."""
        # Qt hands a string enumeration back as a plain string.
        return Wanted(Show(self.show_only.currentData()), self.label.currentData(), self.text.text())

    @property
    def chosen_order(self) -> Order:
        """In which order."""
        return Order(self.order.currentData())

    @property
    def chosen_score(self) -> Score | None:
        """By which number, None while there is nothing to sort."""
        chosen = self.score.currentData()
        return self._scores.get(distance_score(self.by.currentData() or "") if chosen == _DISTANCE else chosen)

    @property
    def chosen_other(self) -> str | None:
        """The second space, None for one alone."""
        return self.other.currentData() or None

    @property
    def chosen_toward(self) -> Toward:
        """Whether real images stand beside synthetic ones, or the other way round."""
        return Toward(self.toward.currentData())

    def offer_directions(self, is_possible: bool) -> None:
        """Let real images be looked up among the synthetic ones, where their neighbours were kept."""
        self._fields[self.toward].setVisible(is_possible)
        if not is_possible:
            self.choose_direction(Toward.REAL)

    def choose_direction(self, toward: Toward) -> None:
        """Change the direction; the order and the number go with it."""
        if toward is not self._shown_toward:
            self.toward.setCurrentIndex(self.toward.findData(toward))
            self._take_direction()

    @property
    def follows_marks(self) -> bool:
        """Whether marks decide which images are shown, or in which order."""
        score = self.chosen_score
        return self.wanted.show in FOLLOW_MARKS or (score is not None and score.id == RATING)

    def fill_queries(self, items: Iterable[tuple[str, str]]) -> None:
        """Offer sets, as (text, name)."""
        _fill(self.query, items)

    def fill_spaces(self, spaces: Iterable[str]) -> None:
        """Offer the spaces in which the chosen set has neighbours."""
        spaces = tuple(spaces)
        _fill(self.by, [(space_label(by), by) for by in spaces])
        self._last_by = self.by.currentData() or ""
        self._fill_others()
        self._fields[self.by].setVisible(len(spaces) > 1)
        self._fields[self.other].setVisible(len(spaces) > 1)

    def fill_scores(self, scores: Iterable[Score]) -> None:
        """Offer numbers to sort by; the first is the distance in the first space, whichever that is."""
        self._scores = {score.id: score for score in scores}
        nearest = distance_score(self.by.currentData() or "")
        others = [(score.label, score.id) for score in self._scores.values() if score.id != nearest]
        _fill(self.score, [(self.tr("Nearest distance"), _DISTANCE), *others])
        self._fill_orders()

    def fill_labels(self, labels: Mapping[str, int]) -> None:
        """Offer classes with their counts, `NO_CLASS` for the images without one; nothing where there is none."""
        items: list[tuple[str, str | None]] = [(self.tr("Any class"), _ANY_CLASS)]
        items += [(f"{label} ({format_count(count)})", label) for label, count in labels.items() if label != NO_CLASS]
        if len(items) > 1 and NO_CLASS in labels:
            items.append((self.tr("No class ({0})").format(format_count(labels[NO_CLASS])), NO_CLASS))
        _fill(self.label, items)
        self._fields[self.label].setVisible(len(items) > 1)

    def set_depth(self, depth: int) -> None:
        """Offer as many neighbours as each image has."""
        with QSignalBlocker(self.count):
            self.count.setMaximum(max(1, depth))
        self._fields[self.count].setVisible(depth > 1)

    def set_counts(self, counts: Mapping[Show, int]) -> None:
        """Offer kinds of images with their counts; kinds that are not named are left out, all images never."""
        words = {
            Show.ALL: self.tr("All images"),
            Show.SELECTED: self.tr("Selected"),
            Show.FLAGGED: self.tr("Flagged"),
            Show.EXCLUDED: self.tr("Excluded"),
            Show.INCLUDED: self.tr("Not excluded"),
            Show.GAPS: self.tr("○ Only gaps"),
            **{show: rating_words(least, or_more=True) for least, show in enumerate(RATED, 1)},
            Show.UNRATED: self.tr("Not rated"),
            Show.NEARER: self.tr("▲ Nearer to reference"),
            Show.DIFFERENT: self.tr("≠ A and B differ"),
            Show.SAME: self.tr("= A and B agree"),
        }
        items = [
            (text if show is Show.ALL else f"{text} ({format_count(counts[show])})", show)
            for show, text in words.items()
            if show is Show.ALL or show in counts
        ]
        _fill(self.show_only, items)

    def show_all(self) -> None:
        """Take all filters back."""
        # Its own button to clear it follows the signal of the field, which therefore must not be blocked.
        self.text.clear()
        self._typing.stop()
        self.label.setCurrentIndex(0)
        self.show_only.setCurrentIndex(0)
        self.rows_changed.emit()

    def choose_set(self, name: str) -> None:
        """Choose a set where it is offered, without a word to anybody."""
        if (position := self.query.findData(name)) >= 0:
            self.query.setCurrentIndex(position)

    def choose_gaps(self, by: str | None) -> None:
        """Choose the gaps by a space, of any class, the farthest first, without a word to anybody."""
        self.by.setCurrentIndex(max(0, self.by.findData(by)))
        self._take_space()
        self.text.clear()
        self._typing.stop()
        self.label.setCurrentIndex(0)
        self.score.setCurrentIndex(0)
        self._fill_orders()
        self.order.setCurrentIndex(self.order.findData(Order.WORST))
        self._show_seed()
        if self.show_only.findData(Show.GAPS) < 0:
            self.set_counts({Show.GAPS: 0})
        self.show_only.setCurrentIndex(self.show_only.findData(Show.GAPS))

    def choose_class(self, label: str) -> None:
        """Show the images of one class, where it is offered."""
        if (position := self.label.findData(label)) >= 0:
            self.label.setCurrentIndex(position)
            self.rows_changed.emit()

    def show_possible_copies(self) -> None:
        """Sort the likeliest copies to the front, without any filter."""
        self.order.setCurrentIndex(max(0, self.order.findData(Order.COPIES)))
        self._show_seed()
        self.show_all()

    def _build(self) -> None:
        fields = (
            (self.tr("Di&rection"), self.toward, self.tr("Which images are looked up among which.")),
            (self.tr("&Images"), self.query, self.tr("The set whose images are shown.")),
            (self.tr("&By"), self.by, self.tr("A: the distance that decides what is near.")),
            (self.tr("an&d"), self.other, self.tr("B: a second distance beside it. Do both agree?")),
            (self.tr("N&eighbours"), self.count, self.tr("How many of its neighbours stand beside an image.")),
            (self.tr("S&ort"), self.order, self.tr("Which images come first.")),
            (self.tr("b&y"), self.score, self.tr("The number that decides the order.")),
            ("", self.shuffle, ""),
            ("", self.seed_label, ""),
            (self.tr("Sho&w"), self.show_only, self.tr("Leave images out of this view.")),
            (self.tr("&Class"), self.label, self.tr("Show the images of one class.")),
            ("", self.text, ""),
            (self.tr("Si&ze"), self.edge, self.tr("Thumbnail size")),
        )
        layout = FlowLayout(2 * GAP, GAP, self)
        for text, control, tip in fields:
            layout.addWidget(self._field(text, control, tip))

    def _field(self, text: str, control: QWidget, tip: str) -> QWidget:
        if tip:
            control.setToolTip(tip)
        if isinstance(control, QComboBox):
            # The longest name of a score would take a third of a small window: the list shows it whole.
            control.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            control.setMinimumContentsLength(_MORE_LETTERS if control in (self.query, self.toward) else _LETTERS)
            control.view().setTextElideMode(Qt.TextElideMode.ElideNone)
        if not text:
            return control
        names: dict[QWidget, str] = {
            self.other: self.tr("Second space"),
            self.score: self.tr("Sort by"),
            self.by: self.tr("Space"),
        }
        control.setAccessibleName(names.get(control, text.replace("&", "")))
        self._fields[control] = labelled(text, control)
        return self._fields[control]

    def _build_size(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(EDGE_MIN, EDGE_MAX)
        slider.setValue(EDGE_DEFAULT)
        slider.setSingleStep(8)
        slider.setPageStep(32)
        slider.setMaximumWidth(120)
        return slider

    def _connect(self) -> None:
        self.toward.activated.connect(self._on_direction_chosen)
        self.query.activated.connect(self.set_changed)
        self.by.activated.connect(self._on_space_chosen)
        self.other.activated.connect(self.set_changed)
        self.count.valueChanged.connect(self.look_changed)
        self.score.activated.connect(self._on_score_chosen)
        self.order.activated.connect(self._on_order_chosen)
        self.show_only.activated.connect(self.rows_changed)
        self.label.activated.connect(self.rows_changed)
        self.shuffle.clicked.connect(self._on_shuffle)
        self.text.textChanged.connect(self._on_typed)
        self._typing.timeout.connect(self.rows_changed)

    def _fill_others(self) -> None:
        spaces = [self.by.itemData(i) for i in range(self.by.count())]
        items = [(self.tr("no second"), _NO_OTHER)]
        _fill(self.other, items + [(space_label(by), by) for by in spaces if by != self.by.currentData()])

    def _fill_orders(self) -> None:
        score, is_real = self.chosen_score, self._shown_toward is Toward.SYNTHETIC
        if score is not None and score.is_text:
            words = {Order.BEST: self.tr("A to Z"), Order.WORST: self.tr("Z to A")}
        elif score is not None and score.better is None:
            words = {
                Order.BEST: self.tr("Smallest first"),
                Order.TYPICAL: self.tr("Typical first"),
                Order.WORST: self.tr("Largest first"),
            }
        elif is_real:
            words = {
                Order.WORST: self.tr("Farthest first"),
                Order.TYPICAL: self.tr("Typical first"),
                Order.BEST: self.tr("Nearest first"),
            }
        else:
            words = {
                Order.BEST: self.tr("Best first"),
                Order.TYPICAL: self.tr("Typical first"),
                Order.WORST: self.tr("Worst first"),
            }
        words |= {} if is_real else {Order.COPIES: self.tr("Possible copies")}
        words |= {Order.RANDOM: self.tr("Random")}
        _fill(self.order, [(text, order) for order, text in words.items()])
        tips = {
            Order.TYPICAL: self.tr("By distance from the median."),
            Order.COPIES: self.tr("Smallest reference / held-out distance first."),
            Order.RANDOM: self.tr("A shuffle that the seed decides."),
        }
        for order, tip in tips.items():
            if (position := self.order.findData(order)) >= 0:
                self.order.setItemData(position, tip, Qt.ItemDataRole.ToolTipRole)
        self._show_seed()

    def _show_seed(self) -> None:
        is_random = self.chosen_order is Order.RANDOM
        self.shuffle.setVisible(is_random)
        self.seed_label.setVisible(is_random)
        self.seed_label.setText(self.tr("seed {0}").format(self.seed))
        self.score.setEnabled(not is_random and self.chosen_order is not Order.COPIES)

    @Slot()
    def _on_direction_chosen(self) -> None:
        if self.chosen_toward is not self._shown_toward:
            self._take_direction()
            self.set_changed.emit()

    def _take_direction(self) -> None:
        """Bring back what was chosen in this direction; a filter that has another meaning here is taken back."""
        self._shown_toward = self.chosen_toward
        chosen, self._last_order = self._last_order, (self.order.currentData(), self.score.currentData())
        self._fill_orders()
        self.order.setCurrentIndex(max(0, self.order.findData(chosen[0])))
        self.score.setCurrentIndex(max(0, self.score.findData(chosen[1])))
        self._show_seed()
        self.show_only.setCurrentIndex(0)

    @Slot()
    def _on_space_chosen(self) -> None:
        self._take_space()
        self.set_changed.emit()

    def _take_space(self) -> None:
        chosen = self.by.currentData()
        swapped = self._last_by if self.chosen_other == chosen else self.chosen_other
        self._last_by = chosen
        self._fill_others()
        self.other.setCurrentIndex(max(0, self.other.findData(swapped or _NO_OTHER)))

    @Slot()
    def _on_score_chosen(self) -> None:
        self._fill_orders()
        self.rows_changed.emit()

    @Slot()
    def _on_order_chosen(self) -> None:
        self._show_seed()
        self.rows_changed.emit()

    @Slot()
    def _on_typed(self) -> None:
        self._typing.start()

    @Slot()
    def _on_shuffle(self) -> None:
        self.seed += 1
        self._show_seed()
        self.rows_changed.emit()


def _fill(box: QComboBox, items: Iterable[tuple[str, str | None]]) -> None:
    """Offer other items, keep the choice where it is still there; nothing happens where all is as before."""
    items = list(items)
    if items == [(box.itemText(i), box.itemData(i)) for i in range(box.count())]:
        return
    chosen = box.currentData()
    box.clear()
    for text, data in items:
        box.addItem(text, data)
    box.setCurrentIndex(max(0, box.findData(chosen)) if items else -1)
