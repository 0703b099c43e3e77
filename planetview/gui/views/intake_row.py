"""One source on the sheet that asks before images are taken in: what it holds, and the role it will get."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from planetview.core.datasets import Role
from planetview.core.set_preview import Picture, SetPreview
from planetview.gui.models.preview_words import (
    ignored_words,
    preview_classes,
    preview_facts,
    preview_warnings,
)
from planetview.gui.models.set_words import quoted
from planetview.gui.theme import Theme
from planetview.gui.views.dataset_card import ROLES

_EDGE_PX = 64
_GAP_PX = 4
_ACROSS = 3
_FOLDERS_NAMED = 4


class IntakeRow(QFrame):
    """Says what a source holds as far as it is known; it can be left out, and its role changed.

    known_as: the name of a set of the study that comes from there already, "" for none; such a source is left out
    unless it is ticked. note: what to say of how it came here.
    """

    changed = Signal()  # whether it is taken in, its role
    grown = Signal()  # it needs more room
    folders_wanted = Signal(object)  # Path: its sub-folders are to be sets of their own

    def __init__(self, path: Path, role: Role, theme: Theme, known_as: str = "", note: str = "") -> None:
        super().__init__()
        self.path, self.preview = path, SetPreview(path)
        self.setProperty("card", True)
        name = path.name or str(path)
        self.setAccessibleName(self.tr("Source {0}").format(name))
        self.take = QCheckBox(name.replace("&", "&&"), self)
        font = self.take.font()
        font.setBold(True)
        self.take.setFont(font)
        self.take.setChecked(not known_as)
        self.take.setToolTip(self.tr("Whether this source is taken in"))
        self.role_box = self._make_roles(name, role)
        self._pictures = _Pictures(theme, self)
        self._facts, self._classes, self._warnings, self._left_out = (self._line() for _ in range(4))
        self._place, self._note = self._line("muted"), self._line()
        self._facts.setToolTip(self.tr("Sizes, depth and bands of the images looked into; all are read when taken in"))
        self._left_out.setProperty("muted", True)
        self._place.setText(str(path))
        self._place.setToolTip(str(path))
        known = self.tr("Already in the study as '{0}'. Tick it to take it in once more.").format(known_as)
        self._note.setText("\n".join(words for words in (known if known_as else "", note) if words))
        self._note.setVisible(bool(self._note.text()))
        self._warnings.setProperty("tone", "warning")
        self.split_button = QPushButton(self)
        self.split_button.setToolTip(self.tr("Each sub-folder becomes a set with a role of its own"))
        self.split_button.hide()
        self.split_button.clicked.connect(lambda: self.folders_wanted.emit(self.path))
        self.take.toggled.connect(lambda _is_on: self.changed.emit())
        self.role_box.activated.connect(lambda _index: self.changed.emit())
        self._lay_out()
        self.show_preview(self.preview)

    @property
    def role(self) -> Role:
        """The role that the set will get."""
        return ROLES[self.role_box.currentIndex()][0]

    @property
    def is_taken(self) -> bool:
        """Whether the source is to be taken in, and can be as far as is known."""
        return self.take.isChecked() and not self.preview.problem

    def words(self) -> str:
        """Return all that is said of the source, a line each."""
        labels = (self._facts, self._classes, self._note, self._warnings, self._left_out)
        return "\n".join(label.text() for label in labels if not label.isHidden() and label.text())

    def show_preview(self, preview: SetPreview) -> None:
        """Show what is known now."""
        was_taken, self.preview = self.is_taken, preview
        self._pictures.show_pictures(preview.pictures)
        self._pictures.setVisible(not preview.problem)
        problem = f"{preview.problem} {preview.hint}".strip()
        self._facts.setProperty("tone", "danger" if problem else "")
        self._facts.style().polish(self._facts)
        self._say(self._facts, f"✕ {problem}" if problem else preview_facts(preview))
        self._say(self._classes, preview_classes(preview))
        self._say(self._warnings, "\n".join(f"⚠ {line}" for line in preview_warnings(preview)))
        self._say(self._left_out, ignored_words(preview))
        self.take.setEnabled(not problem)
        if problem:
            self.take.setChecked(False)
        self.role_box.setEnabled(not problem)
        self._offer_folders()
        if was_taken is not self.is_taken:
            self.changed.emit()
        self.grown.emit()

    def _offer_folders(self) -> None:
        folders = self.preview.folders
        self.split_button.setVisible(bool(folders))
        if folders:
            self.split_button.setText(self.tr("Take in as {0} sets").format(len(folders)))
            named = [folder.name for folder in folders[:_FOLDERS_NAMED]]
            more = "" if len(folders) <= _FOLDERS_NAMED else self.tr(" and others")
            words = self.tr("The sub-folders {0} look like sets of their own, not like classes.").format(quoted(named))
            self._say(self._classes, words.replace(quoted(named), quoted(named) + more))

    def _make_roles(self, name: str, role: Role) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(self.tr("Role of {0}").format(name))
        box.setToolTip(self.tr("What the set is for; it can be changed later"))
        for index, (known, label, tip) in enumerate(ROLES):
            box.addItem(self.tr(label), known)
            box.setItemData(index, self.tr(tip), Qt.ItemDataRole.ToolTipRole)
        box.setCurrentIndex([known for known, _, _ in ROLES].index(role))
        return box

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.take, 1)
        top.addWidget(self.role_box)
        texts = QVBoxLayout()
        texts.setSpacing(4)
        texts.addLayout(top)
        for label in (self._facts, self._note, self._classes):
            texts.addWidget(label)
        texts.addWidget(self.split_button, 0, Qt.AlignmentFlag.AlignLeft)
        for label in (self._warnings, self._left_out, self._place):
            texts.addWidget(label)
        texts.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(16)
        layout.addWidget(self._pictures, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)

    def _line(self, look: str = "") -> QLabel:
        label = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        if look:
            label.setProperty(look, True)
        return label

    def _say(self, label: QLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))


class _Pictures(QWidget):
    """Draws a few small pictures, three across; empty places while they are looked for."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._images: list[tuple[str, QImage]] = []
        self.setAccessibleName(self.tr("Examples"))

    def show_pictures(self, pictures: tuple[Picture, ...]) -> None:
        """Show these."""
        if len(pictures) == len(self._images):
            return
        self._images = []
        for picture in pictures:
            height, width = picture.pixels.shape[:2]
            image = QImage(picture.pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            self._images.append((picture.name, image.copy()))
        self.setToolTip("\n".join(name for name, _ in self._images))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_ACROSS * (_EDGE_PX + _GAP_PX) - _GAP_PX, 2 * (_EDGE_PX + _GAP_PX) - _GAP_PX)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place in range(2 * _ACROSS):
            step = _EDGE_PX + _GAP_PX
            tile = QRect(place % _ACROSS * step, place // _ACROSS * step, _EDGE_PX, _EDGE_PX)
            painter.fillRect(tile, QColor(self._theme.tokens.surface_alt))
            if place < len(self._images):
                image = self._images[place][1]
                fitted = QRect(tile.topLeft(), image.size().scaled(tile.size(), Qt.AspectRatioMode.KeepAspectRatio))
                fitted.moveCenter(tile.center())
                painter.drawImage(fitted, image)
        painter.end()
