"""Changing the keys of commands: search, press the new keys, settle who has them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from planetview.core.errors import UserError
from planetview.gui import shortcuts
from planetview.gui.actions import tr
from planetview.gui.dialogs import choose
from planetview.gui.models.palette import match
from planetview.gui.shortcuts import Keys

_ROW_PAD_PX = 10
_FILE_NAME = "planetview-shortcuts.json"


class ShortcutsDialog(QDialog):
    """Lists every command with its keys; each change holds at once."""

    changed = Signal(object)  # dict[str, tuple[str, ...]], commands whose keys differ from the table

    def __init__(self, keys: Keys, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.keys: dict[str, tuple[str, ...]] = dict(keys)
        self.search = QLineEdit(self, placeholderText=self.tr("Find a command or keys…"), clearButtonEnabled=True)
        self.search.setAccessibleName(self.tr("Find a command or keys"))
        self.search.setToolTip(self.tr("A command's name, its menu, or keys such as Ctrl+S"))
        self._items: list[QTreeWidgetItem] = []
        self.table = self._build_table()
        self.record = QKeySequenceEdit(self)
        self.record.setMaximumSequenceLength(1)
        self.record.setClearButtonEnabled(True)
        self.record.setAccessibleName(self.tr("New keys"))
        self.record.setToolTip(self.tr("Press the new keys here"))
        self.note = QLabel(self, wordWrap=True)
        self.note.setAccessibleName(self.tr("What these keys do now"))
        label = QLabel(self.tr("&New keys"), self)
        label.setBuddy(self.record)
        self.set_button = self._button(self.tr("&Set"), self.tr("Give the chosen command these keys, and only these"))
        self.add_button = self._button(self.tr("&Add"), self.tr("Give the chosen command these keys too"))
        self.remove_button = self._button(self.tr("Re&move"), self.tr("Leave the chosen command without keys"))
        self.reset_button = self._button(self.tr("&Reset"), self.tr("Return to the usual keys of the chosen command"))
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.record, 1)
        for button in (self.set_button, self.add_button, self.remove_button, self.reset_button):
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        layout.addWidget(self.search)
        layout.addWidget(self.table, 1)
        layout.addLayout(line)
        layout.addWidget(self.note)
        layout.addWidget(self._build_buttons())
        self._connect()
        self._fill()
        self.resize(min(760, parent.width() - 40), min(600, parent.height() - 40))

    def choose(self, command: str) -> None:
        """Choose the row of a command."""
        for item in self._items:
            if item.data(0, Qt.ItemDataRole.UserRole) == command:
                self.table.setCurrentItem(item)

    def chosen(self) -> str:
        """Return the id of the chosen command, or ""."""
        item = self.table.currentItem()
        return str(item.data(0, Qt.ItemDataRole.UserRole)) if item is not None and not item.isHidden() else ""

    def export_to(self, path: Path) -> None:
        """Write all keys to a file; the note says how it went."""
        try:
            shortcuts.write_keys(self.keys, path)
        except UserError as error:
            self._say(str(error), "danger")
        else:
            self._say(self.tr("Wrote {0}.").format(path.name))

    def import_from(self, path: Path) -> None:
        """Take the keys from a file; the note says how it went."""
        try:
            self._use(shortcuts.read_keys(path))
        except UserError as error:
            self._say(str(error), "danger")
        else:
            self._say(self.tr("Took the keys from {0}.").format(path.name))

    def _build_table(self) -> QTreeWidget:
        table = QTreeWidget(self)
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setAlternatingRowColors(True)
        table.setHeaderLabels([self.tr("Command"), self.tr("Menu or place"), self.tr("Keys")])
        table.setAccessibleName(self.tr("Commands and their keys"))
        table.setToolTip(self.tr("Choose a command, then press its new keys below"))
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setAllColumnsShowFocus(True)
        for spec in shortcuts.EVERY:
            item = QTreeWidgetItem([shortcuts.title_of(spec.id), tr(spec.menu).replace("&", ""), ""])
            item.setData(0, Qt.ItemDataRole.UserRole, spec.id)
            item.setToolTip(0, tr(spec.tip))
            item.setSizeHint(0, QSize(0, table.fontMetrics().height() + _ROW_PAD_PX))
            self._items.append(item)
        table.addTopLevelItems(self._items)
        table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            table.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        return table

    def _build_buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, Qt.Orientation.Horizontal, self)
        role = QDialogButtonBox.ButtonRole
        self.reset_all_button = box.addButton(self.tr("Reset a&ll"), role.ResetRole)
        self.import_button = box.addButton(self.tr("&Import…"), role.ActionRole)
        self.export_button = box.addButton(self.tr("&Export…"), role.ActionRole)
        self.reset_all_button.setToolTip(self.tr("Return to the usual keys of every command"))
        self.import_button.setToolTip(self.tr("Take the keys from a file"))
        self.export_button.setToolTip(self.tr("Write all keys to a file, for another computer"))
        close = box.button(QDialogButtonBox.StandardButton.Close)
        close.setToolTip(self.tr("Close; the changes hold already"))
        for button in (self.reset_all_button, self.import_button, self.export_button, close):
            button.setAutoDefault(False)
        box.rejected.connect(self.reject)
        return box

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self, autoDefault=False)
        button.setToolTip(tip)
        return button

    def _connect(self) -> None:
        self.search.textChanged.connect(self._on_search_changed)
        self.table.currentItemChanged.connect(self._show_state)
        self.record.keySequenceChanged.connect(self._show_state)
        self.set_button.clicked.connect(self._on_set)
        self.add_button.clicked.connect(self._on_add)
        self.remove_button.clicked.connect(lambda: self._use(shortcuts.given(self.chosen(), (), self.keys)))
        self.reset_button.clicked.connect(lambda: self._use(shortcuts.reset(self.chosen(), self.keys)))
        self.reset_all_button.clicked.connect(lambda: self._use({}))
        self.import_button.clicked.connect(self._on_import)
        self.export_button.clicked.connect(self._on_export)

    def _fill(self) -> None:
        for item in self._items:
            command = str(item.data(0, Qt.ItemDataRole.UserRole))
            keys = ", ".join(shortcuts.native(text) for text in shortcuts.keys_of(command, self.keys))
            # Not by weight alone: a changed row says so in words too.
            item.setText(2, self.tr("{0} (changed)").format(keys or "–") if command in self.keys else keys)
            font = item.font(2)
            font.setBold(command in self.keys)
            item.setFont(2, font)
        if self.table.currentItem() is None:
            self.table.setCurrentItem(self._items[0])
        self._show_state()

    def _pressed(self) -> str:
        return self.record.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _show_state(self) -> None:
        command, pressed = self.chosen(), self._pressed()
        spec = next((spec for spec in shortcuts.EVERY if spec.id == command), None)
        is_fixed = spec is None or shortcuts.is_fixed(spec)
        owner = shortcuts.owner_of(pressed, self.keys, but=command) if pressed and command else ""
        is_taken = bool(owner) and shortcuts.is_fixed(next(spec for spec in shortcuts.EVERY if spec.id == owner))
        own = shortcuts.keys_of(command, self.keys) if command else ()
        can_give = bool(pressed) and not is_fixed and not is_taken
        self.set_button.setEnabled(can_give and own != (pressed,))
        self.add_button.setEnabled(can_give and bool(own) and pressed not in own)
        self.remove_button.setEnabled(bool(own) and not is_fixed)
        self.reset_button.setEnabled(command in self.keys)
        self.reset_all_button.setEnabled(bool(self.keys))
        name, keys = (shortcuts.title_of(command) if command else ""), shortcuts.native(pressed)
        if command and is_fixed:
            self._say(self.tr("'{0}' acts on what has the focus; its keys are the system's.").format(name))
        elif is_taken:
            words = self.tr("{0} always belongs to '{1}'. Press other keys.")
            self._say(words.format(keys, shortcuts.title_of(owner)), "warning")
        elif owner:
            words = self.tr("{0} belongs to '{1}' now. Set or Add gives it to '{2}' and takes it from '{1}'.")
            self._say(words.format(keys, shortcuts.title_of(owner), name), "warning")
        elif pressed and pressed in own:
            self._say(self.tr("'{0}' has {1} already.").format(name, keys))
        elif pressed:
            self._say(self.tr("{0} is free.").format(keys))
        else:
            self._say(self.tr("Choose a command and press its new keys. Changes hold at once."))

    def _on_set(self) -> None:
        self._give((self._pressed(),))

    def _on_add(self) -> None:
        self._give((*shortcuts.keys_of(self.chosen(), self.keys), self._pressed()))

    def _give(self, keys: tuple[str, ...]) -> None:
        after = shortcuts.given(self.chosen(), keys, self.keys)
        self.record.clear()
        self._use(after)

    def _use(self, keys: dict[str, tuple[str, ...]]) -> None:
        self.keys = keys
        self._fill()
        self.changed.emit(keys)

    def _on_search_changed(self, text: str) -> None:
        for item in self._items:
            words = f"{item.text(0)} {item.text(1)}"
            is_found = not text.strip() or match(text, words) > 0 or text.casefold() in item.text(2).casefold()
            item.setHidden(not is_found)
        current = self.table.currentItem()
        if current is None or current.isHidden():
            visible = [item for item in self._items if not item.isHidden()]
            self.table.setCurrentItem(visible[0] if visible else None)  # type: ignore[arg-type]
        self._show_state()

    def _on_import(self) -> None:
        choose.choose_file(
            self, self.tr("Take keys from a file"), [self.tr("Shortcuts (*.json)")],
            lambda paths: self.import_from(paths[0]),
        )  # fmt: skip

    def _on_export(self) -> None:
        choose.choose_new_file(
            self, self.tr("Write all keys"), _FILE_NAME, [self.tr("Shortcuts (*.json)")],
            lambda paths: self.export_to(paths[0]),
        )  # fmt: skip

    def _say(self, text: str, tone: str = "") -> None:
        self.note.setText(text)
        self.note.setProperty("tone", tone or None)
        self.note.style().unpolish(self.note)
        self.note.style().polish(self.note)
