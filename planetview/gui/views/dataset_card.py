"""One set of the study: examples, name, role, what the scan found."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from planetview.core.datasets import Dataset, Role, SharedImages
from planetview.core.set_summary import SetSummary
from planetview.gui.icons import icon, square_beside
from planetview.gui.models.set_words import facts_words
from planetview.gui.relinker import Relinked
from planetview.gui.stretch_preview import SetStretch
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.stretch_samples import set_words
from planetview.gui.widgets.expander import Expander
from planetview.gui.widgets.thumb_strip import ThumbStrip
from planetview.gui.workspace import MissingSource

_NAME_CHARACTERS = 16

ROLES: tuple[tuple[Role, str, str], ...] = (
    (Role.REFERENCE, "Reference", "Real images the generator learned from; exactly one set"),
    (Role.HELD_OUT, "Held-out", "Real images the generator never saw; at most one set"),
    (Role.CANDIDATE, "Candidate", "Synthetic images to judge; one set per generator"),
)


class DatasetCard(QFrame):
    """Shows one scanned set and lets its name and role be corrected."""

    renamed = Signal(str, str)  # old name, wanted name
    role_chosen = Signal(str, object)  # name, Role
    removed = Signal(str)
    relink_accepted = Signal(str)
    relink_rejected = Signal(str)

    def __init__(
        self, dataset: Dataset, colour: str, thumbs: ThumbnailCache, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.dataset, self.colour, self._theme = dataset, colour, theme
        self.setProperty("card", True)
        self.setAccessibleName(self.tr("Set {0}").format(dataset.name))
        self._build_fields()
        self._strip = ThumbStrip(dataset, thumbs, theme, parent=self)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self._name, 1)
        top.addWidget(self._role)
        top.addWidget(self._remove)
        self._texts = QVBoxLayout()
        self._texts.setSpacing(4)
        self._texts.addLayout(top)
        self._facts = self._line(facts_words(dataset, None))
        self._texts.addWidget(self._facts)
        source = self._line(str(dataset.source))
        source.setProperty("muted", True)
        source.setToolTip(str(dataset.source))
        self._texts.addWidget(source)
        self._stretch_label = self._line("")
        self._shared_label = self._line("")
        for label in (self._stretch_label, self._shared_label):
            label.hide()
            self._texts.addWidget(label)
        self._relinked: QFrame | None = None
        self._add_findings()
        self._texts.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(20, 12, 12, 12)
        layout.setSpacing(16)
        layout.addWidget(self._strip, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(self._texts, 1)

    def set_shared(self, shared: Sequence[SharedImages]) -> None:
        """Say which images this set has in common with others."""
        words = []
        for item in shared:
            if self.dataset.name in (item.first, item.second):
                other = item.second if item.first == self.dataset.name else item.first
                words.append(self.tr("{0} exact duplicates shared with '{1}'").format(f"{len(item.pairs):,}", other))
        self._shared_label.setText("⚠ " + " · ".join(words) if words else "")
        self._shared_label.setProperty("tone", "warning")
        self._shared_label.style().polish(self._shared_label)
        self._shared_label.setVisible(bool(words))

    def show_summary(self, summary: SetSummary | None) -> None:
        """Say what was counted; None while that is going on."""
        self._facts.setText(facts_words(self.dataset, summary))

    def show_stretch(self, found: SetStretch | None) -> None:
        """Show the examples through a stretch, and say what it does; None changes nothing."""
        if found is None:
            return
        words = set_words(found)
        self._stretch_label.setText(words)
        self._stretch_label.setVisible(bool(words))
        if found.resolved is not None:
            self._strip.show_stretch(found.resolved)

    def show_relinked(self, relinked: Relinked | None) -> None:
        """Say how a set that was found at another place compares with what it was."""
        if self._relinked is not None:
            self._relinked.hide()
            self._relinked.deleteLater()
            self._relinked = None
        if relinked is None:
            return
        box = self._relinked = QFrame(self)
        words = self._line(relinked.words)
        words.setProperty("tone", "warning" if relinked.is_doubtful else "success")
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(words, 1)
        name = self.dataset.name
        for text, tip, signal in (
            (self.tr("Keep"), self.tr("Go on with the images of this place"), self.relink_accepted),
            (self.tr("Choose another…"), self.tr("Look for the set elsewhere"), self.relink_rejected),
        ):
            button = QPushButton(text, box)
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit(name))
            row.addWidget(button)
        self._texts.insertWidget(1, box)

    def restore_name(self) -> None:
        """Show the name of the set again, in place of one that cannot be."""
        self._name.setText(self.dataset.name)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.colour))
        painter.drawRoundedRect(7, 14, 4, self.height() - 28, 2, 2)
        painter.end()

    def _build_fields(self) -> None:
        name = self.dataset.name
        self._name = QLineEdit(name, self)
        self._name.setAccessibleName(self.tr("Name of the set"))
        self._name.setToolTip(self.tr("Name of the set, as shown everywhere"))
        self._name.setMinimumWidth(_NAME_CHARACTERS * self.fontMetrics().averageCharWidth())
        self._name.setCursorPosition(0)
        self._name.editingFinished.connect(self._on_name_edited)
        self._role = QComboBox(self)
        self._role.setAccessibleName(self.tr("Role of {0}").format(name))
        for index, (role, label, tip) in enumerate(ROLES):
            self._role.addItem(self.tr(label), role)
            self._role.setItemData(index, self.tr(tip), Qt.ItemDataRole.ToolTipRole)
            if role is self.dataset.role:
                self._role.setCurrentIndex(index)
                self._role.setToolTip(self.tr(tip))
        self._role.activated.connect(self._on_role_activated)
        self._remove = QToolButton(self, autoRaise=True)
        self._remove.setIcon(icon("remove", self._theme.tokens.text_muted))
        self._remove.setIconSize(square_beside(self._remove))
        self._remove.setAccessibleName(self.tr("Remove {0} from the study").format(name))
        self._remove.setToolTip(self.tr("Remove from the study; the files stay where they are"))
        self._remove.clicked.connect(lambda: self.removed.emit(self.dataset.name))

    def _add_findings(self) -> None:
        for note in self.dataset.notes:
            line = self._line(f"⚠ {note}")
            line.setProperty("tone", "warning")
            self._texts.addWidget(line)
        if self.dataset.skipped:
            lines = [f"{item.name} — {item.reason}" for item in self.dataset.skipped]
            listing = _text_list(lines, self)
            count = len(lines)
            title = self.tr("1 file left out") if count == 1 else self.tr("{0} files left out").format(f"{count:,}")
            listing.setAccessibleName(title)
            self.skipped = Expander(title, listing, self._theme, self)
            self._texts.addWidget(self.skipped)

    def _line(self, text: str) -> QLabel:
        label = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        label.setText(text)
        return label

    def _on_name_edited(self) -> None:
        if self._name.text().strip() != self.dataset.name:
            self.renamed.emit(self.dataset.name, self._name.text())

    def _on_role_activated(self, index: int) -> None:
        role = Role(self._role.itemData(index))
        if role is not self.dataset.role:
            self.role_chosen.emit(self.dataset.name, role)


class MissingCard(QFrame):
    """A source of the study that could not be read: locate it elsewhere, try again, or let it go."""

    locate_requested = Signal(object)  # MissingSource
    retry_requested = Signal(object)  # MissingSource
    removed = Signal(str)

    def __init__(self, missing: MissingSource, is_scanning: bool, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.missing, self.is_scanning = missing, is_scanning
        self.setProperty("card", True)
        name = QLabel(missing.source.name, self)
        font = name.font()
        font.setBold(True)
        name.setFont(font)
        text = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        words = f"{missing.message} {missing.hint}".strip()
        text.setText(self.tr("Reading…") if is_scanning else f"⚠ {words}")
        text.setProperty("tone", "" if is_scanning else "warning")
        source = QLabel(str(missing.source.path), self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        source.setProperty("muted", True)
        column = QVBoxLayout()
        for widget in (name, text, source):
            column.addWidget(widget)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(20, 12, 12, 12)
        layout.addLayout(column, 1)
        for label, signal in (
            (self.tr("Locate…"), self.locate_requested),
            (self.tr("Try again"), self.retry_requested),
        ):
            button = QPushButton(label, self)
            button.setVisible(not is_scanning)
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit(missing))
            layout.addWidget(button)
        remove = QToolButton(self, autoRaise=True)
        remove.setIcon(icon("remove", theme.tokens.text_muted))
        remove.setAccessibleName(self.tr("Remove {0} from the study").format(missing.source.name))
        remove.clicked.connect(lambda: self.removed.emit(missing.source.name))
        layout.addWidget(remove)


def _text_list(lines: Sequence[str], parent: QWidget) -> QListView:
    view = QListView(parent)
    view.setModel(QStringListModel(list(lines), view))
    view.setUniformItemSizes(True)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    row = view.fontMetrics().height() + 4
    view.setFixedHeight(row * min(6, max(2, len(lines))) + 8)
    view.setMinimumSize(QSize(120, row))
    return view
