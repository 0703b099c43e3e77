"""The sets of the study in a narrow tree, for the side of the window: rename, remove, change roles, drop folders."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, QUrl, Signal, SignalInstance
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from planetview.core.datasets import Dataset, Role
from planetview.gui.local_keys import SETS, bind
from planetview.gui.models.dataset_tree import COUNT, NAME, DatasetTree, Node
from planetview.gui.models.set_findings import find_all
from planetview.gui.models.set_words import count_words, quoted, role_word
from planetview.gui.set_summaries import SetSummaries
from planetview.gui.theme import Theme
from planetview.gui.widgets.branches import BranchTree
from planetview.gui.widgets.drops import pasted_paths
from planetview.gui.workspace import MissingSource, Workspace

_ROW_GAP_PX = 6
_ROLE_KEYS = {Role.REFERENCE: "Ctrl+Alt+R", Role.HELD_OUT: "Ctrl+Alt+H", Role.CANDIDATE: "Ctrl+Alt+C"}


class DatasetDock(QWidget):
    """Shows and edits the sets of a `Workspace`; asks for everything that needs files or jobs.

    Every change goes through the workspace and can be undone there.
    """

    folder_requested = Signal(object)  # Role | None
    locate_requested = Signal(object)  # MissingSource
    rescan_requested = Signal(object)  # MissingSource
    paths_dropped = Signal(object, object)  # tuple[Path, ...], Role | None
    notice = Signal(str)

    def __init__(self, workspace: Workspace, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._summaries = SetSummaries.of(workspace)
        self._is_out_of_date = False
        self.setAccessibleName(self.tr("Datasets"))
        self.model = DatasetTree(theme, self)
        # Later: a change of the sets while the tree still ends its editing would pull the row from under it.
        self.model.rename_wanted.connect(self._on_rename_wanted, Qt.ConnectionType.QueuedConnection)
        self.model.paths_dropped.connect(self.paths_dropped)
        self.tree = _Tree(self)
        self.tree.setModel(self.model)
        self.tree.pasted.connect(self._on_pasted)
        self._build_look()
        self._build_actions()
        workspace.contents_changed.connect(self._refresh)
        workspace.shared_changed.connect(self._refresh)
        workspace.marks_changed.connect(self._refresh)
        workspace.settings_changed.connect(self._refresh)
        self._summaries.ready.connect(self._refresh)
        theme.changed.connect(self._size_icons, Qt.ConnectionType.QueuedConnection)
        self._refresh(is_first=True)

    def selected_names(self) -> tuple[str, ...]:
        """Return the names of the sets and missing sources that are selected, top to bottom."""
        return tuple(_name(node) for node in self._selected())

    def select(self, name: str) -> None:
        """Select a set."""
        index = self.model.find(f"set {name}")
        if index.isValid():
            model = self.tree.selectionModel()
            # The view's own way would toggle the row while Ctrl of a shortcut is down.
            model.setCurrentIndex(index, model.SelectionFlag.ClearAndSelect | model.SelectionFlag.Rows)
            self.tree.scrollTo(index)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.averageCharWidth() * 40, metrics.height() * 24)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        if self._is_out_of_date:
            self._refresh(is_first=True)

    def _build_look(self) -> None:
        tree = self.tree
        tree.setAccessibleName(self.tr("Sets of the study"))
        tree.setFrameShape(QFrame.Shape.NoFrame)
        tree.setUniformRowHeights(True)
        tree.setItemDelegate(_RoomyDelegate(tree))
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        tree.setAcceptDrops(True)
        tree.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.customContextMenuRequested.connect(self._on_menu)
        tree.doubleClicked.connect(lambda index: tree.edit(index.siblingAtColumn(NAME)))
        tree.setExpandsOnDoubleClick(False)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(COUNT, QHeaderView.ResizeMode.ResizeToContents)
        self._sum = QLabel(self, wordWrap=True)
        self._sum.setProperty("muted", True)
        add = QPushButton(self.tr("Add folder…"), self)
        add.setToolTip(self.tr("Add a folder of images; dropped on a role, a folder takes that role"))
        add.clicked.connect(lambda: self.folder_requested.emit(None))
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 0, 8, 8)
        foot.addWidget(self._sum, 1)
        foot.addWidget(add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(tree, 1)
        layout.addLayout(foot)
        self._size_icons()

    def _build_actions(self) -> None:
        self._rename = self._action(self.tr("&Rename"), "F2", self._on_rename)
        self._remove = self._action(self.tr("Re&move from the study"), "Del", self._on_remove)
        self._copy_paths = self._action(self.tr("&Copy path"), QKeySequence.StandardKey.Copy, self._on_copy_paths)
        self._reveal = self._action(self.tr("Show in file &manager"), "", self._on_reveal)
        self._locate = self._action(self.tr("&Locate…"), "", lambda: self._on_missing(self.locate_requested))
        self._rescan = self._action(self.tr("&Try again"), "", lambda: self._on_missing(self.rescan_requested))
        self._roles = {
            role: self._action(role_word(role), keys, partial(self._on_role, role)) for role, keys in _ROLE_KEYS.items()
        }

    def _action(self, text: str, keys: str | QKeySequence.StandardKey, slot: Callable[[], object]) -> QAction:
        action = QAction(text, self.tree)
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            if not isinstance(keys, QKeySequence.StandardKey):
                bind(action, SETS)
        action.triggered.connect(lambda _checked=False: slot())
        self.tree.addAction(action)
        return action

    def _refresh(self, *, is_first: bool = False) -> None:
        if not (is_first or self.isVisible()):
            self._is_out_of_date = True
            return
        self._is_out_of_date = False
        workspace = self._workspace
        findings = find_all(
            workspace.datasets,
            self._summaries.get,
            workspace.shared,
            workspace.settings.stretch,
            workspace.marks.excluded,
        )
        closed = {key for key, is_open in self._open_rows() if not is_open}
        opened = {key for key, is_open in self._open_rows() if is_open}
        current, selected = self.model.node(self.tree.currentIndex()).key, self.selected_names()
        self.model.show_sets(workspace.datasets, workspace.contents.missing, self._summaries.get, findings)
        for row in range(self.model.rowCount()):
            group = self.model.index(row, 0)
            self.tree.setExpanded(group, self.model.node(group).key not in closed)
            self._span_findings(group)
        for key in opened:
            if (index := self.model.find(key)).isValid():
                self.tree.expand(index)
        self._select_again(current, selected)
        sets, images = len(workspace.datasets), sum(len(dataset) for dataset in workspace.datasets)
        self._sum.setText(
            f"{count_words(sets, '1 set', '{0} sets')} · {count_words(images)}"
            if sets
            else self.tr("Drop folders of images here, each on its role.")
        )

    def _span_findings(self, group: QModelIndex) -> None:
        """Give sentences, which have no count, the whole width."""
        for number in range(self.model.rowCount(group)):
            parent = self.model.index(number, 0, group)
            for row in range(self.model.rowCount(parent)):
                below = self.model.index(row, 0, parent)
                self.tree.setFirstColumnSpanned(row, parent, not self.model.rowCount(below))

    def _open_rows(self) -> list[tuple[str, bool]]:
        rows, waiting = [], [self.model.index(row, 0) for row in range(self.model.rowCount())]
        while waiting:
            index = waiting.pop()
            below = self.model.rowCount(index)
            if below:
                rows.append((self.model.node(index).key, self.tree.isExpanded(index)))
                if self.tree.isExpanded(index):
                    waiting += [self.model.index(row, 0, index) for row in range(below)]
        return rows

    def _select_again(self, current: str, selected: tuple[str, ...]) -> None:
        model = self.tree.selectionModel()
        if current and (index := self.model.find(current)).isValid():
            model.setCurrentIndex(index, model.SelectionFlag.NoUpdate)
        for name in selected:
            if (index := self.model.find(f"set {name}")).isValid():
                model.select(index, model.SelectionFlag.Select | model.SelectionFlag.Rows)

    def _selected(self) -> list[Node]:
        nodes = [self.model.node(index) for index in self.tree.selectionModel().selectedRows()]
        return [node for node in nodes if node.is_set]

    def _on_menu(self, at: QPoint) -> None:
        menu = self.menu_of(self.tree.indexAt(at))
        menu.popup(self.tree.viewport().mapToGlobal(at))

    def menu_of(self, index: QModelIndex) -> QMenu:
        """Return the context menu of a row; it deletes itself once closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        node = self.model.node(index)
        chosen = self._selected()
        if chosen and node.subject is not None:
            is_found = all(isinstance(item.subject, Dataset) for item in chosen)
            if is_found:
                roles = menu.addMenu(self.tr("R&ole"))
                roles.addActions(list(self._roles.values()))
                if len(chosen) == 1:
                    menu.addAction(self._rename)
            else:
                menu.addActions([self._locate, self._rescan])
            menu.addSeparator()
            menu.addActions([self._reveal, self._copy_paths])
            menu.addSeparator()
            menu.addAction(self._remove)
        else:
            words = (
                self.tr("Add folder…")
                if node.role is None
                else self.tr("Add folder as {0}…").format(role_word(node.role).lower())
            )
            menu.addAction(words, lambda: self.folder_requested.emit(node.role))
        return menu

    def _on_rename(self) -> None:
        index = self.tree.currentIndex().siblingAtColumn(NAME)
        if self.model.flags(index) & Qt.ItemFlag.ItemIsEditable:
            self.tree.edit(index)

    def _on_rename_wanted(self, name: str, wanted: str) -> None:
        if self._workspace.rename(name, wanted):
            self.select(wanted.strip())
        else:
            self.notice.emit(self.tr("A set needs a name that no other set has."))

    def _on_role(self, role: Role) -> None:
        names = [
            _name(node) for node in self._selected() if isinstance(node.subject, Dataset) and node.role is not role
        ]
        self._as_one(
            self.tr("Make {0} {1}").format(quoted(names), role_word(role).lower()),
            [partial(self._workspace.set_role, name, role) for name in names],
        )
        if names:
            self.select(names[0])

    def _on_remove(self) -> None:
        names = self.selected_names()
        self._as_one(
            self.tr("Remove {0}").format(quoted(names)), [partial(self._workspace.remove, name) for name in names]
        )
        if names:
            self.notice.emit(self.tr("Removed {0}; the files stay where they are.").format(quoted(names)))

    def _as_one(self, text: str, changes: list[Callable[[], None]]) -> None:
        """Make several changes that one Undo takes back."""
        stack = self._workspace.undo_stack
        if len(changes) > 1:
            stack.beginMacro(text)
        for change in changes:
            change()
        if len(changes) > 1:
            stack.endMacro()

    def _on_copy_paths(self) -> None:
        paths = [str(_path(node)) for node in self._selected()]
        if paths:
            QGuiApplication.clipboard().setText("\n".join(paths))
            self.notice.emit(self.tr("Copied {0}.").format(count_words(len(paths), "1 path", "{0} paths")))

    def _on_reveal(self) -> None:
        for path in dict.fromkeys(_path(node) for node in self._selected()):
            folder = path if path.is_dir() else path.parent
            if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
                self.notice.emit(self.tr("No file manager opened {0}.").format(folder))

    def _on_missing(self, signal: SignalInstance) -> None:
        for node in self._selected():
            if isinstance(node.subject, MissingSource):
                signal.emit(node.subject)
                return

    def _on_pasted(self) -> None:
        paths, refusal = pasted_paths(QGuiApplication.clipboard().mimeData())
        if paths:
            self.paths_dropped.emit(paths, self.model.node(self.tree.currentIndex()).role)
        elif refusal:
            self.notice.emit(refusal)

    def _size_icons(self) -> None:
        edge = self.tree.fontMetrics().height()
        self.tree.setIconSize(QSize(2 * edge, edge))


class _RoomyDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return super().sizeHint(option, index) + QSize(0, _ROW_GAP_PX)


class _Tree(BranchTree):
    pasted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self.pasted.emit()
        else:
            super().keyPressEvent(event)


def _name(node: Node) -> str:
    return node.text


def _path(node: Node) -> Path:
    subject = node.subject
    return subject.source.path if isinstance(subject, MissingSource) else subject.source  # type: ignore[union-attr]
