"""The findings as a tree: one row each, and under it the images or sets that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QIcon

from planetview.gui.icons import icon, icon_pixmap
from planetview.gui.models.set_findings import Finding, Tone
from planetview.gui.models.wording import tr
from planetview.gui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
# The id of a finding's own row; those of its list carry the finding's row plus one.
_TOP = 0
_COLUMNS = 3
_ICON_PX = 64


class FindingTree(QAbstractItemModel):
    """Findings of `set_findings`; two levels, the second of up to three columns."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._findings: tuple[Finding, ...] = ()
        self._icons: dict[Tone, QIcon] = {}
        theme.changed.connect(self._on_theme_changed)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is shown, top to bottom."""
        return self._findings

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show these; nothing happens where they are the same as before."""
        if tuple(findings) != self._findings:
            self.beginResetModel()
            self._findings = tuple(findings)
            self.endResetModel()

    def finding(self, index: Index) -> Finding | None:
        """Return the finding that a row is or belongs to."""
        if not index.isValid():
            return None
        inner = index.internalId()
        return self._findings[index.row() if inner == _TOP else inner - 1]

    def row_of(self, key: str) -> QModelIndex:
        """Return the row of the finding of a key, or no index."""
        row = next((row for row, finding in enumerate(self._findings) if finding.key == key), -1)
        return self.index(row, 0) if row >= 0 else QModelIndex()

    def index(self, row: int, column: int, parent: Index = _ROOT) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else _TOP)

    def parent(self, index: Index = _ROOT) -> QModelIndex:  # type: ignore[override]
        if not index.isValid() or index.internalId() == _TOP:
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, _TOP)

    def rowCount(self, parent: Index = _ROOT) -> int:
        if not parent.isValid():
            return len(self._findings)
        if parent.internalId() != _TOP or parent.column():
            return 0
        return len(self._findings[parent.row()].rows)

    def columnCount(self, _parent: Index = _ROOT) -> int:
        return _COLUMNS

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        finding = self.finding(index)
        assert finding is not None
        if index.internalId() == _TOP:
            return self._top(finding, role) if index.column() == 0 else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            row = finding.rows[index.row()]
            if index.column() >= len(row):
                return None
            text = row[index.column()]
            return f"{finding.header[index.column()]}: {text}" if role != Qt.ItemDataRole.DisplayRole else text
        return None

    def _top(self, finding: Finding, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return finding.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            word = tr("Warning") if finding.tone is Tone.WARNING else tr("Note")
            return f"{word}: {finding.title}. {finding.consequence}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{finding.title}\n{finding.consequence}"
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(finding.tone)
        if role == Qt.ItemDataRole.ForegroundRole and finding.tone is Tone.WARNING:
            return QColor(self._theme.tokens.warning)
        return None

    def _icon(self, tone: Tone) -> QIcon:
        if tone not in self._icons:
            tokens = self._theme.tokens
            name, ink = ("warning", tokens.warning) if tone is Tone.WARNING else ("info", tokens.text_muted)
            drawn = self._icons[tone] = icon(name, ink)
            drawn.addPixmap(icon_pixmap(name, tokens.accent_text, _ICON_PX), QIcon.Mode.Selected)
        return self._icons[tone]

    def _on_theme_changed(self) -> None:
        self._icons = {}
        if self._findings:
            roles = [Qt.ItemDataRole.DecorationRole, Qt.ItemDataRole.ForegroundRole]
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._findings) - 1, 0), roles)
