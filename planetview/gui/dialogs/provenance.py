"""About these numbers: everything that made the results, readable and copyable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from planetview.core.formatting import printable
from planetview.core.provenance import ProvenanceGroup, provenance_document, provenance_groups, provenance_text
from planetview.core.results import Results
from planetview.gui.theme import Theme

_BREAK_AFTER = "/\\_-.,:="


class ProvenanceDialog(QDialog):
    """Shows where the numbers come from, group by group, with a filter; copies it as text or JSON; not modal."""

    def __init__(self, results: Results, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About these numbers"))
        self.resize(820, 620)
        self._results, self._theme = results, theme
        self._groups = provenance_groups(results)
        self.filter_edit = QLineEdit(self)
        self.filter_edit.setPlaceholderText(self.tr("Filter: a network, a set, a version…"))
        self.filter_edit.setAccessibleName(self.tr("Filter"))
        self.filter_edit.setToolTip(self.tr("Show only the lines that hold these words."))
        self.filter_edit.setClearButtonEnabled(True)
        self.filter_edit.textChanged.connect(self._show)
        self.view = QTextBrowser(self)
        self.view.setAccessibleName(self.tr("About these numbers"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, Qt.Orientation.Horizontal, self)
        self.text_button = buttons.addButton(self.tr("Copy &text"), QDialogButtonBox.ButtonRole.ActionRole)
        self.json_button = buttons.addButton(self.tr("Copy &JSON"), QDialogButtonBox.ButtonRole.ActionRole)
        self.text_button.setToolTip(self.tr("Copy everything as plain text."))
        self.json_button.setToolTip(self.tr("Copy everything as JSON, for programs."))
        self.text_button.clicked.connect(self._copy_text)
        self.json_button.clicked.connect(self._copy_json)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(self.filter_edit)
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        theme.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        wanted = self.filter_edit.text().strip().casefold()
        found = [group for group in (_filtered(group, wanted) for group in self._groups) if group.rows]
        muted = self._theme.tokens.text_muted
        self.view.setHtml(
            _html(found, muted) if found else f"<p>{escape(self.tr('Nothing here holds these letters.'))}</p>"
        )

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(provenance_text(self._results))

    def _copy_json(self) -> None:
        QGuiApplication.clipboard().setText(json.dumps(provenance_document(self._results), indent=1))


def _filtered(group: ProvenanceGroup, wanted: str) -> ProvenanceGroup:
    if not wanted or wanted in group.title.casefold():
        return group
    return ProvenanceGroup(
        group.title, tuple(row for row in group.rows if any(wanted in part.casefold() for part in row))
    )


def _html(groups: Sequence[ProvenanceGroup], muted: str) -> str:
    parts = []
    for group in groups:
        rows = "".join(
            f'<tr><td width="32%" style="color:{muted};padding:2px 12px 2px 0">{_breakable(name)}</td>'
            f'<td style="padding:2px 0">{_breakable(text)}</td></tr>'
            for name, text in group.rows
        )
        parts.append(f'<h3 style="margin:14px 0 4px 0">{escape(group.title)}</h3><table width="100%">{rows}</table>')
    return "".join(parts)


def _breakable(text: str) -> str:
    """Let long paths and digests break where the column ends."""
    shown = "".join(c + "\N{ZERO WIDTH SPACE}" if c in _BREAK_AFTER else c for c in printable(text))
    words = (
        word if len(word) < 40 else "\N{ZERO WIDTH SPACE}".join(word[i : i + 16] for i in range(0, len(word), 16))
        for word in shown.split(" ")
    )  # fmt: skip
    return escape(" ".join(words))
