"""What is known about the current number of the table, beside it: to read, and to copy for a paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from planetview.core.citations import bibtex, methods_text
from planetview.core.results import MetricValue, Results
from planetview.gui.models.metric_rows import MetricRow
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import FlowLayout


class MetricPanel(QWidget):
    """Explains one cell; where its weights are missing, a button leads to them."""

    notice = Signal(str)  # what was copied
    models_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: MetricRow | None = None
        self._results: Results | None = None
        self._shown_html = self._wanted_html = ""
        # Several signals at once change the current cell, and laying its text out takes 10 ms: a turn of its own.
        self._explaining = QTimer(self, singleShot=True, interval=0)
        self._explaining.timeout.connect(self._explain)
        self.text = QTextBrowser(openLinks=False)
        # Its words begin where those of the heading above them do.
        self.text.document().setDocumentMargin(0)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setAccessibleName(self.tr("About the current row"))
        self.models = QPushButton(self.tr("Open Models"))
        self.models.setToolTip(self.tr("Get the weights that this number lacks"))
        self.models.clicked.connect(self.models_wanted)
        self.models.hide()
        self.methods = QPushButton(self.tr("Copy as methods text"))
        self.methods.setToolTip(self.tr("Copy a paragraph for a paper on how this number was made."))
        self.methods.clicked.connect(self._copy_methods)
        self.references = QPushButton(self.tr("Copy BibTeX"))
        self.references.setToolTip(self.tr("Copy the papers behind this metric and its features."))
        self.references.clicked.connect(self._copy_references)
        self._build()

    def explain(self, row: MetricRow | None, html: str, *, lacks_weights: bool, results: Results | None) -> None:
        """Show `html` about the cell of a row, or about a heading (row None)."""
        self._row, self._results, self._wanted_html = row, results, html
        self.models.setVisible(lacks_weights)
        self.methods.setEnabled(bool(self._values()))
        self.references.setEnabled(bool(row is not None and bibtex(self._ids())))
        self._explaining.start()

    def _build(self) -> None:
        title = QLabel(self.tr("About this number"), wordWrap=True)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        foot = FlowLayout(GAP, GAP)
        for button in (self.models, self.methods, self.references):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(title)
        layout.addWidget(self.text, 1)
        layout.addLayout(foot)

    def _ids(self) -> Iterable[str]:
        return () if self._row is None else [id for id in (self._row.metric, self._row.extractor) if id]

    def _values(self) -> tuple[MetricValue, ...]:
        if self._row is None or self._results is None:
            return ()
        key = (self._row.metric, self._row.extractor)
        return tuple(v for v in self._results.values if (v.metric, v.extractor) == key and v.value is not None)

    @Slot()
    def _copy_methods(self) -> None:
        if self._results is not None:
            own = replace(self._results, values=self._values())
            QGuiApplication.clipboard().setText(methods_text(own))
            self.notice.emit(self.tr("Copied the methods text. Read it before you use it."))

    @Slot()
    def _copy_references(self) -> None:
        entries = bibtex(self._ids())
        QGuiApplication.clipboard().setText(entries)
        self.notice.emit(self.tr("Copied {0} references as BibTeX.").format(entries.count("@")))

    @Slot()
    def _explain(self) -> None:
        if self._wanted_html != self._shown_html:
            self._shown_html = self._wanted_html
            self.text.setHtml(self._wanted_html)
