"""Frames and hints that the result pages share."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

GAP = 8


def card(widget: QWidget) -> QFrame:
    """Return a framed panel around a widget."""
    frame = QFrame()
    frame.setProperty("card", True)
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(GAP, GAP, GAP, GAP)
    layout.addWidget(widget)
    return frame


def side_by_side(main: QWidget, side: QWidget, side_px: int = 340) -> QSplitter:
    """Return two cards with a movable border; the main one takes what room `side_px` for the other leaves."""
    splitter = QSplitter(Qt.Orientation.Horizontal)
    splitter.addWidget(card(main))
    splitter.addWidget(card(side))
    splitter.setSizes([1240 - side_px, side_px])
    splitter.setStretchFactor(0, 1)
    splitter.setStretchFactor(1, 0)
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(GAP)
    return splitter


def empty_state(text: str) -> QLabel:
    """Return what a page shows before there are results: one sentence, and what to do."""
    label = QLabel(text, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
    label.setProperty("muted", True)
    label.setContentsMargins(4 * GAP, 4 * GAP, 4 * GAP, 4 * GAP)
    return label


def fill_column(
    column: QWidget, title: QLabel, button: QPushButton, body: QWidget, *, left: int = 0, right: int = 0
) -> None:
    """Lay out a column of a result page: a title with a button beside it, and below what it is about."""
    header = QHBoxLayout()
    header.addWidget(title, 1)
    header.addWidget(button)
    layout = QVBoxLayout(column)
    layout.setContentsMargins(left, GAP, right, 0)
    layout.setSpacing(GAP)
    layout.addLayout(header)
    layout.addWidget(body, 1)
