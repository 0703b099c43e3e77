"""What the numbers say about each candidate: its mark and name, a verdict in words, and clauses that lead further."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QScrollArea, QWidget

from planetview.core.findings import Evidence, Finding, Tone, Verdict
from planetview.gui.models.wording import tr
from planetview.gui.plots.styles import SeriesStyle, draw_marker
from planetview.gui.theme import Tokens

_AT_ONCE = 24
_PER_TURN = 2
_LEAST_LINES = 4
_MAX_SHARE = 0.34
# Lines of text that the table below and what is around it need.
_LINES_BELOW = 24
_MAX_NAME = 200
_MARK_SHARE = 0.75
# "3.1×", "23 of 24", "14 %", "11", "none of 7": what a clause begins with.
_NUMBER = re.compile(r"(none|no|[<>]?\s?\d[\d.,]*)(×|\s%|\sof\s\d+)?")
_SYMBOLS = {Verdict.BEYOND: "▲", Verdict.WITHIN: "✓", Verdict.COPIES: "⚠", Verdict.UNKNOWN: "?"}


@dataclass(frozen=True, slots=True)
class CandidateFindings:
    """What the panel says about one candidate. mark: its colour and shape."""

    candidate: str
    mark: QPixmap = field(compare=False)
    verdict: Verdict = Verdict.UNKNOWN
    clauses: tuple[Finding, ...] = ()


def verdict_words(verdict: Verdict) -> str:
    """Return a verdict for people, with a symbol that says it too."""
    words = {
        Verdict.BEYOND: tr("Beyond floor"),
        Verdict.WITHIN: tr("Within floor"),
        Verdict.COPIES: tr("Copies suspected"),
        Verdict.UNKNOWN: tr("Cannot tell"),
    }
    return f"{_SYMBOLS[verdict]} {words[verdict]}"


def verdict_help(verdict: Verdict) -> str:
    """Return what a verdict claims."""
    return {
        Verdict.BEYOND: tr("At least one number is worse than held-out real images, with separate intervals."),
        Verdict.WITHIN: tr("No number with a noise floor can be told from held-out real images."),
        Verdict.COPIES: tr(
            "No number is worse than held-out real images, but more images lie nearest to a reference image than "
            "chance explains: look at them before trusting the numbers."
        ),
        Verdict.UNKNOWN: tr("There is no noise floor to judge by: add a held-out set of real images."),
    }[verdict]


def evidence_help(finding: Finding) -> str:
    """Return where a clause leads."""
    if finding.evidence is Evidence.GAPS:
        return tr("Select the real images that no synthetic image comes near")
    if finding.evidence is Evidence.COPIES:
        return tr("Look at the images much nearer to a reference image than to any held-out one")
    if finding.evidence is Evidence.BEYOND:
        return tr("Show only the numbers that are worse than the floor")
    return tr("Go to the number in the table")


def mark_pixmap(style: SeriesStyle, tokens: Tokens, edge: int, ratio: float) -> QPixmap:
    """Return the colour and shape of a set, `edge` logical pixels wide. ratio: device pixels per logical pixel."""
    mark = QPixmap(round(edge * ratio), round(edge * ratio))
    mark.setDevicePixelRatio(ratio)
    mark.fill(Qt.GlobalColor.transparent)
    painter = QPainter(mark)
    draw_marker(painter, style, tokens, QPointF(edge / 2, edge / 2), _MARK_SHARE * edge)
    painter.end()
    return mark


class FindingsPanel(QScrollArea):
    """A line for each candidate; its clauses are links, for the mouse and, by Tab and Enter, for the keyboard."""

    followed = Signal(str, object)  # candidate, the Finding whose evidence is wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(self.tr("Findings"))
        self._candidates: tuple[str, ...] = ()
        self._about: Callable[[str], CandidateFindings] | None = None
        self._tokens: Tokens | None = None
        self._limit, self._room, self._next = _AT_ONCE, 0, 0
        self._lines: list[_Line] = []
        self._content = QWidget()
        self._grid = QGridLayout(self._content)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(3, 1)
        self._more = QPushButton()
        self._more.setProperty("quiet", True)
        self._more.clicked.connect(self._on_more)
        self._more.hide()
        self.setWidget(self._content)
        self._making = QTimer(self, singleShot=True, interval=0)
        self._making.timeout.connect(self._make_some)
        self._fitting = QTimer(self, singleShot=True, interval=0)
        self._fitting.timeout.connect(self._fit)

    @property
    def is_complete(self) -> bool:
        """Whether every line stands."""
        return not self._making.isActive()

    def text(self) -> str:
        """Return all lines as plain text."""
        return "\n".join(line.text() for line in self._lines if line.is_shown)

    def show_findings(
        self, candidates: Sequence[str], about: Callable[[str], CandidateFindings], tokens: Tokens
    ) -> None:
        """Show these candidates, a few lines a turn: each takes 2 to 4 ms to lay out. about: asked for each."""
        if tuple(candidates) != self._candidates:
            self._limit = _AT_ONCE
        self._candidates, self._about, self._tokens = tuple(candidates), about, tokens
        self._next = 0
        self._making.start()

    def use_room(self, height: int) -> None:
        """Take no more than a part of a page of `height` pixels."""
        self._room = height
        self._fitting.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fitting.start()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fitting.start()

    @Slot()
    def _make_some(self) -> None:
        shown = self._candidates[: self._limit]
        for number in range(self._next, min(self._next + _PER_TURN, len(shown))):
            if number == len(self._lines):
                self._lines.append(_Line(self, self._grid, number))
            assert self._about is not None and self._tokens is not None
            self._lines[number].show_entry(self._about(shown[number]), self._tokens)
        self._next += _PER_TURN
        if self._next < len(shown):
            self._making.start()
            return
        for line in self._lines[len(shown) :]:
            line.hide()
        self._show_more(len(self._candidates) - len(shown))
        self._fit()

    def _show_more(self, left: int) -> None:
        self._more.setVisible(left > 0)
        self._more.setText(self.tr("Show {0} more candidates").format(min(left, _AT_ONCE)))
        self._grid.addWidget(self._more, len(self._lines), 0, 1, 4, Qt.AlignmentFlag.AlignLeft)

    @Slot()
    def _on_more(self) -> None:
        self._next, self._limit = self._limit, self._limit + _AT_ONCE
        self._making.start()

    @Slot()
    def _fit(self) -> None:
        """Take the height that the lines need at this width, up to a part of the page."""
        line = self.fontMetrics().lineSpacing()
        most = max(_LEAST_LINES * line, min(round(_MAX_SHARE * self._room), self._room - _LINES_BELOW * line))
        wanted = self._grid.heightForWidth(self.viewport().width())
        height = min(max(line, wanted), most)
        if height != self.height() or self.maximumHeight() != height:
            self.setFixedHeight(height)


class _Line:
    """The widgets of one candidate's line."""

    def __init__(self, panel: FindingsPanel, grid: QGridLayout, row: int) -> None:
        self._panel = panel
        self._shown: tuple[CandidateFindings, Tokens] | None = None
        self._mark, self._name = QLabel(), QLabel(textFormat=Qt.TextFormat.PlainText)
        self._verdict = QLabel(textFormat=Qt.TextFormat.RichText)
        self._clauses = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        bold = self._name.font()
        bold.setBold(True)
        self._name.setFont(bold)
        self._clauses.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self._clauses.linkActivated.connect(self._on_link)
        self._clauses.linkHovered.connect(self._on_hovered)
        for column, label in enumerate(self._labels()):
            grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignTop if column < 3 else Qt.AlignmentFlag(0))

    @property
    def is_shown(self) -> bool:
        """Whether a candidate stands here."""
        return self._shown is not None

    def text(self) -> str:
        """Return the line as plain text."""
        return self._clauses.accessibleName()

    def show_entry(self, entry: CandidateFindings, tokens: Tokens) -> None:
        """Show one candidate."""
        self._mark.setPixmap(entry.mark)
        if self._shown == (entry, tokens):
            return
        self._shown = (entry, tokens)
        name = self._name.fontMetrics().elidedText(entry.candidate, Qt.TextElideMode.ElideMiddle, _MAX_NAME)
        self._name.setText(name)
        self._name.setToolTip(f"<p>{escape(entry.candidate)}</p>" if name != entry.candidate else "")
        colours = {
            Verdict.BEYOND: tokens.danger,
            Verdict.WITHIN: tokens.success,
            Verdict.COPIES: tokens.warning,
            Verdict.UNKNOWN: tokens.text_muted,
        }
        words = verdict_words(entry.verdict).replace(" ", "\N{NO-BREAK SPACE}")
        self._verdict.setText(f'<span style="color: {colours[entry.verdict]}"><b>{words}</b></span>')
        self._verdict.setToolTip(verdict_help(entry.verdict))
        parts = [_clause_html(number, clause, tokens) for number, clause in enumerate(entry.clauses)]
        self._clauses.setText(" · ".join(parts) or escape(tr("no number about the set as a whole yet")))
        plain = "; ".join(clause.text for clause in entry.clauses)
        self._clauses.setAccessibleName(f"{entry.candidate}: {verdict_words(entry.verdict)[2:]}; {plain}")
        for label in self._labels():
            label.show()

    def hide(self) -> None:
        """Show nobody."""
        self._shown = None
        for label in self._labels():
            label.hide()

    def _labels(self) -> tuple[QLabel, ...]:
        return self._mark, self._name, self._verdict, self._clauses

    def _on_link(self, link: str) -> None:
        if self._shown is not None:
            entry = self._shown[0]
            self._panel.followed.emit(entry.candidate, entry.clauses[int(link)])

    def _on_hovered(self, link: str) -> None:
        clauses = self._shown[0].clauses if self._shown is not None else ()
        self._clauses.setToolTip(evidence_help(clauses[int(link)]) if link else "")


def _clause_html(number: int, clause: Finding, tokens: Tokens) -> str:
    """Return a clause as a link of which the number is underlined: all of it underlined reads badly."""
    # A line must not break between a number and its percent sign.
    text = clause.text.replace(" %", "\N{NO-BREAK SPACE}%")
    if clause.evidence is None:
        return escape(text)
    found = _NUMBER.match(text)
    end = found.end() if found else len(text)
    number_html = f"<u>{escape(text[:end])}</u>"
    if clause.tone is Tone.BAD:
        number_html = f"<b>{number_html}</b>"
    style = f"color: {tokens.text}; text-decoration: none"
    return f'<a href="{number}" style="{style}">{number_html}{escape(text[end:])}</a>'
