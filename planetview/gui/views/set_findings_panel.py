"""The findings of the sets: what, what it means for the numbers, and the list behind it to copy or write."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from planetview.core.errors import UserError
from planetview.core.files import write_text_atomically
from planetview.gui.dialogs import choose
from planetview.gui.icons import square_beside
from planetview.gui.models.finding_tree import FindingTree
from planetview.gui.models.set_findings import Finding, Tone
from planetview.gui.models.set_words import count_words
from planetview.gui.theme import Theme
from planetview.gui.widgets.branches import BranchTree
from planetview.gui.widgets.flow import FlowLayout

_MOST_ROWS = 8


class SetFindingsPanel(QFrame):
    """Lists findings, the chosen one explained below; Copy and Export take the list of the chosen finding."""

    notice = Signal(str)
    exclusion_wanted = Signal(object)  # tuple[ImageKey, ...]: to be left out of the next run

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.model = FindingTree(theme, self)
        self._heading = QLabel(self, wordWrap=True)
        font = self._heading.font()
        font.setBold(True)
        self._heading.setFont(font)
        self._build_tree()
        self._words = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._words.setProperty("muted", True)
        self._exclude = QPushButton(self.tr("Exclude"), self)
        self._exclude.setToolTip(
            self.tr("Runs leave these images out; the files stay where they are. Undo takes it back.")
        )
        self._exclude.clicked.connect(self._on_exclude)
        self._copy = QPushButton(self.tr("Copy list"), self)
        self._copy.setToolTip(self.tr("Copy the list behind the chosen finding, as text with tabs"))
        self._copy.clicked.connect(self.copy)
        self._export = QPushButton(self.tr("Export list…"), self)
        self._export.setToolTip(self.tr("Write the list behind the chosen finding as CSV"))
        self._export.clicked.connect(self._on_export)
        buttons = FlowLayout(12, 8)
        for button in (self._exclude, self._copy, self._export):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 20, 12)
        layout.setSpacing(8)
        layout.addWidget(self._heading)
        layout.addWidget(self.tree)
        layout.addWidget(self._words)
        layout.addLayout(buttons)
        self._show_chosen()
        theme.changed.connect(self._fit, Qt.ConnectionType.QueuedConnection)

    def show_findings(self, findings: Sequence[Finding], *, is_counting: bool = False) -> None:
        """Show these; what is chosen and open stays so, where it is still found."""
        is_other = tuple(findings) != self.model.findings
        chosen = self.chosen()
        opened = [f.key for row, f in enumerate(self.model.findings) if self.tree.isExpanded(self.model.index(row, 0))]
        self.model.show_findings(findings)
        self._heading.setText(self._summary(is_counting=is_counting))
        if not is_other:
            return
        for row, finding in enumerate(self.model.findings):
            self.tree.setFirstColumnSpanned(row, QModelIndex(), True)
            if finding.key in opened:
                self.tree.expand(self.model.index(row, 0))
        at = self.model.row_of(chosen.key) if chosen is not None else QModelIndex()
        self.tree.setCurrentIndex(at if at.isValid() else self.model.index(0, 0))
        self._fit()
        self._show_chosen()

    def chosen(self) -> Finding | None:
        """Return the finding that is explained."""
        return self.model.finding(self.tree.currentIndex())

    def words(self) -> str:
        """Return the heading, for tests and status lines."""
        return self._heading.text()

    def copy(self) -> None:
        """Put the list of the chosen finding on the clipboard, the finding itself where it has none."""
        finding = self.chosen()
        if finding is None:
            return
        rows = [finding.header, *finding.rows] if finding.rows else [(finding.title,), (finding.consequence,)]
        QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in rows))
        count = count_words(max(1, len(finding.rows)), "1 line", "{0} lines")
        self.notice.emit(self.tr("Copied {0}.").format(count))

    def export(self, path: Path) -> None:
        """Write the list of the chosen finding as CSV."""
        finding = self.chosen()
        if finding is None:
            return
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([finding.header, *finding.rows])
        try:
            write_text_atomically(path, text.getvalue())
        except (OSError, UserError) as error:
            self.notice.emit(self.tr("Could not write {0}: {1}").format(path.name, error))
        else:
            self.notice.emit(self.tr("Wrote {0}").format(path))

    def _build_tree(self) -> None:
        self.tree = BranchTree(self)
        self.tree.setAccessibleName(self.tr("Findings"))
        self.tree.setModel(self.model)
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setFrameShape(QFrame.Shape.NoFrame)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        copy = QAction(self.tr("Copy list"), self.tree)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.tree.addAction(copy)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.tree.selectionModel().currentChanged.connect(lambda _now, _before: self._show_chosen())
        self.tree.expanded.connect(lambda _index: self._fit())
        self.tree.collapsed.connect(lambda _index: self._fit())

    def _summary(self, *, is_counting: bool) -> str:
        warnings = sum(finding.tone is Tone.WARNING for finding in self.model.findings)
        notes = len(self.model.findings) - warnings
        parts = [count_words(warnings, "1 warning", "{0} warnings")] if warnings else []
        parts += [count_words(notes, "1 note", "{0} notes")] if notes else []
        if is_counting:
            parts.append(self.tr("still counting large sets…"))
        if parts:
            return self.tr("Findings: {0}").format(", ".join(parts))
        return self.tr(
            "✓ No findings: every file can be read, no images are shared or repeated, sizes and depths agree"
        )

    def _show_chosen(self) -> None:
        finding = self.chosen()
        has_any = bool(self.model.findings)
        self.tree.setVisible(has_any)
        self._words.setVisible(finding is not None)
        self._words.setText(finding.consequence if finding is not None else "")
        for button in (self._copy, self._export):
            button.setVisible(has_any)
            button.setEnabled(finding is not None and bool(finding.rows))
        spare = finding.spare if finding is not None else ()
        self._exclude.setVisible(bool(spare))
        if spare and finding is not None:
            count = count_words(len(spare))
            names = {name for name, _ in spare}
            self._exclude.setText(self.tr("Exclude {0} of '{1}'").format(count, ", ".join(sorted(names))))

    def _fit(self) -> None:
        """Give the tree the height of its rows, up to a few; more than that scrolls inside."""
        self.tree.setIconSize(square_beside(self.tree))
        rows = sum(
            1 + (len(finding.rows) if self.tree.isExpanded(self.model.index(row, 0)) else 0)
            for row, finding in enumerate(self.model.findings)
        )
        height = self.tree.sizeHintForRow(0) if rows else 0
        self.tree.setFixedHeight(max(1, height) * min(max(rows, 1), _MOST_ROWS) + 2 * self.tree.frameWidth())

    def _on_exclude(self) -> None:
        finding = self.chosen()
        if finding is not None and finding.spare:
            self.exclusion_wanted.emit(finding.spare)

    def _on_export(self) -> None:
        finding = self.chosen()
        if finding is not None:
            choose.choose_new_file(
                self,
                self.tr("Export the list"),
                f"{finding.key.split(' ')[0]}.csv",
                ["CSV (*.csv)"],
                lambda paths: self.export(paths[0]),
            )
