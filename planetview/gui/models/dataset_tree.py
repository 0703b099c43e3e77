"""The sets of a study as a tree: roles, their sets, and what is known of each set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap

from planetview.core.datasets import Dataset, Role
from planetview.core.set_summary import SetSummary
from planetview.gui.icons import icon
from planetview.gui.models.set_findings import Finding, Summaries, Tone
from planetview.gui.models.set_words import count_words, depths_words, role_letter, role_word, sizes_words
from planetview.gui.models.wording import tr
from planetview.gui.plots.styles import SeriesStyle, draw_marker, set_style
from planetview.gui.theme import Theme
from planetview.gui.widgets.drops import has_local_paths, local_paths
from planetview.gui.workspace import MissingSource

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
NAME, COUNT = 0, 1
_MARKER_PX = 32


@dataclass(eq=False)
class Node:
    """One row. key: stable while the thing is there; subject: the set or source of it and of the rows above it."""

    key: str
    text: str
    count: str = ""
    role: Role | None = None
    subject: Dataset | MissingSource | None = None
    tone: Tone | None = None
    help: str = ""
    style: SeriesStyle | None = None
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def is_set(self) -> bool:
        """Whether this is the row of a set or of a missing source, not one below it."""
        return self.subject is not None and self.parent is not None and self.parent.subject is None

    def add(self, child: Node) -> Node:
        """Put a row under this one."""
        child.parent = self
        self.children.append(child)
        return child


class DatasetTree(QAbstractItemModel):
    """Two columns, name and count. Names of sets are edited in place; folders dropped on a role go to it."""

    rename_wanted = Signal(str, str)  # name, wanted name
    paths_dropped = Signal(object, object)  # tuple[Path, ...], Role

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        # Views may ask once more for rows of the tree before; they must not be gone.
        self._root = self._former = Node("", "")
        self._icons: dict[object, QIcon] = {}
        theme.changed.connect(self._on_theme_changed)

    def show_sets(
        self,
        datasets: Sequence[Dataset],
        missing: Sequence[MissingSource],
        summaries: Summaries,
        findings: Sequence[Finding],
    ) -> None:
        """Show these sets; counts of a set that is still being counted come with the next call."""
        of_set: dict[str, list[Finding]] = {}
        for finding in findings:
            for name in finding.sets:
                of_set.setdefault(name, []).append(finding)
        root = Node("", "")
        for role in Role:
            mine = [dataset for dataset in datasets if dataset.role is role]
            gone = [item for item in missing if item.source.role is role]
            images = sum(len(dataset) for dataset in mine)
            group = root.add(Node(f"role {role.value}", role_word(role), f"{images:,}" if mine else "", role))
            group.help = count_words(len(mine), "1 set", "{0} sets") + ", " + count_words(images)
            for order, dataset in enumerate(mine):
                style = set_style(role, order)
                group.add(_set_node(dataset, style, summaries(dataset), of_set.get(dataset.name, [])))
            for item in gone:
                group.add(_missing_node(item))
        self.beginResetModel()
        self._former, self._root = self._root, root
        self.endResetModel()

    def node(self, index: Index) -> Node:
        """Return the row of an index; the invisible root for none."""
        return index.internalPointer() if index.isValid() else self._root

    def find(self, key: str) -> QModelIndex:
        """Return the row of a key, or no index."""
        waiting = list(self._root.children)
        while waiting:
            node = waiting.pop()
            if node.key == key:
                return self._index_of(node)
            waiting += node.children
        return QModelIndex()

    def index(self, row: int, column: int, parent: Index = _ROOT) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, self.node(parent).children[row])

    def parent(self, index: Index = _ROOT) -> QModelIndex:  # type: ignore[override]
        above = self.node(index).parent if index.isValid() else None
        return self._index_of(above) if above is not None and above is not self._root else QModelIndex()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return len(self.node(parent).children) if parent.column() <= 0 else 0

    def columnCount(self, _parent: Index = _ROOT) -> int:
        return 2

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole and section < 2:
            return (tr("Set"), tr("Images"))[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        node = self.node(index)
        if node.role is not None:
            flags |= Qt.ItemFlag.ItemIsDropEnabled
        if index.column() == NAME and node.is_set and isinstance(node.subject, Dataset):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node = self.node(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return node.text if index.column() == NAME else node.count
        if role == Qt.ItemDataRole.EditRole:
            return node.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return node.help or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(node) if index.column() == NAME else node.count
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == COUNT:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return self._look(node, index.column(), role)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        node = self.node(index)
        if role != Qt.ItemDataRole.EditRole or not node.is_set:
            return False
        if str(value).strip() != node.text:
            self.rename_wanted.emit(node.text, str(value))
        return True

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def canDropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        return has_local_paths(data)

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        paths: tuple[Path, ...] = local_paths(data)
        if not paths:
            return False
        # Between the groups and below the last one no role is meant.
        self.paths_dropped.emit(paths, self.node(parent).role if parent.isValid() else None)
        return True

    def _look(self, node: Node, column: int, role: int) -> Any:
        tokens = self._theme.tokens
        if role == Qt.ItemDataRole.DecorationRole and column == NAME:
            return self._icon(node)
        if role == Qt.ItemDataRole.FontRole and node.parent is self._root and column == NAME:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole:
            if node.tone is Tone.WARNING and not node.is_set:
                return QColor(tokens.warning)
            if not node.is_set and node.parent is not self._root:
                return QColor(tokens.text_muted)
        return None

    def _icon(self, node: Node) -> QIcon | None:
        if node.style is not None:
            key: object = node.style
        elif node.tone is not None:
            key = node.tone
        else:
            return None
        if key not in self._icons:
            tokens = self._theme.tokens
            if node.style is not None:
                self._icons[key] = _marker(node.style, self._theme)
            elif node.tone is Tone.WARNING:
                self._icons[key] = icon("warning", tokens.warning)
            else:
                self._icons[key] = icon("info", tokens.text_muted)
        return self._icons[key]

    def _spoken(self, node: Node) -> str:
        if node.is_set and node.role is not None:
            return f"{node.text}, {role_word(node.role)}, {node.help}"
        return f"{node.text} {node.count}".strip()

    def _index_of(self, node: Node) -> QModelIndex:
        assert node.parent is not None
        return self.createIndex(node.parent.children.index(node), 0, node)

    def _on_theme_changed(self) -> None:
        self._icons = {}
        self.layoutChanged.emit()


def _set_node(dataset: Dataset, style: SeriesStyle, summary: SetSummary | None, findings: list[Finding]) -> Node:
    warnings = sum(finding.tone is Tone.WARNING for finding in findings)
    mark = f"⚠ {warnings}  " if warnings else ""
    node = Node(f"set {dataset.name}", dataset.name, f"{mark}{len(dataset):,}", dataset.role, dataset, style=style)
    lines = [count_words(len(dataset))]
    if summary is not None:
        lines += [sizes_words(summary), depths_words(summary)]
        _add_facts(node, dataset, summary)
    if warnings:
        lines.append(count_words(warnings, "1 warning", "{0} warnings"))
    node.help = "\n".join([*filter(None, lines), str(dataset.source)])
    for finding in findings:
        child = Node(f"{node.key} {finding.key}", finding.title, "", dataset.role, dataset, finding.tone)
        child.help = finding.consequence
        node.add(child)
    return node


def _add_facts(node: Node, dataset: Dataset, summary: SetSummary) -> None:
    for kind, text in ((tr("Size"), sizes_words(summary)), (tr("Depth"), depths_words(summary))):
        if text:
            node.add(Node(f"{node.key} {kind}", f"{kind}: {text}", "", dataset.role, dataset))
    if summary.labels:
        words = count_words(len(summary.labels), "1 class", "{0} classes")
        classes = node.add(Node(f"{node.key} classes", words, "", dataset.role, dataset))
        labels: Mapping[str, int] = summary.labels
        for label, count in labels.items():
            classes.add(Node(f"{classes.key} {label}", label, f"{count:,}", dataset.role, dataset))


def _missing_node(item: MissingSource) -> Node:
    source = item.source
    node = Node(f"set {source.name}", source.name, tr("missing"), source.role, item, Tone.WARNING)
    node.help = f"{item.message} {item.hint}".strip() + f"\n{source.path}"
    node.add(Node(f"{node.key} why", item.message, "", source.role, item))
    return node


def _marker(style: SeriesStyle, theme: Theme) -> QIcon:
    """Draw the marker of a set with the letter of its role beside it, legible on a selected row too."""
    drawn = QIcon(_marker_pixmap(style, theme, theme.tokens.text))
    drawn.addPixmap(_marker_pixmap(style, theme, theme.tokens.accent_text), QIcon.Mode.Selected)
    return drawn


def _marker_pixmap(style: SeriesStyle, theme: Theme, ink: str) -> QPixmap:
    pixmap = QPixmap(2 * _MARKER_PX, _MARKER_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    centre = pixmap.rect().center().toPointF()
    centre.setX(_MARKER_PX / 2)
    draw_marker(painter, style, theme.tokens, centre, 0.62 * _MARKER_PX)
    font = QFont(painter.font())
    font.setPixelSize(round(0.72 * _MARKER_PX))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor(ink))
    painter.drawText(_MARKER_PX, 0, _MARKER_PX, _MARKER_PX, int(Qt.AlignmentFlag.AlignCenter), role_letter(style.role))
    painter.end()
    return pixmap
