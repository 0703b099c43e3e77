"""What can be checked of a widget's accessibility without a person: names, reach by keyboard, text that is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QScrollBar,
    QTableView,
    QTextBrowser,
    QTextEdit,
    QToolButton,
    QWidget,
)

from planetview.gui.widgets.drops import DropZone

_INTERACTIVE = (
    QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractSlider, QAbstractItemView, QTextEdit,
    QPlainTextEdit, QKeySequenceEdit, DropZone,
)  # fmt: skip
# Parts of another control, which speaks and takes the focus for them.
_WHOLES = (QComboBox, QAbstractSpinBox, QLineEdit, QKeySequenceEdit, QHeaderView)
# They show what they are: headings, rows, a page of text.
_SPEAK_FOR_THEMSELVES = (QAbstractItemView, QTextBrowser, DropZone)
_ROUNDING_PX = 2
_TAG = re.compile(r"</?\w+[^>]*>")


def controls(root: QWidget) -> Iterator[QWidget]:
    """Yield the visible controls below `root` that a person can use."""
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, _INTERACTIVE) or isinstance(widget, QScrollBar | QHeaderView):
            continue
        is_part = widget.objectName().startswith("qt_") or _is_part(widget)
        if widget.isVisible() and widget.window() is root.window() and not is_part:
            yield widget


def nameless(root: QWidget) -> list[str]:
    """Return the controls that a screen reader would call by their kind alone."""
    return [describe(widget) for widget in controls(root) if not name_of(widget)]


def without_help(root: QWidget) -> list[str]:
    """Return the controls that show neither a text, nor a label, nor a tip."""
    return [
        describe(widget)
        for widget in controls(root)
        if not (widget.toolTip() or _own_text(widget) or _buddy(widget) or isinstance(widget, _SPEAK_FOR_THEMSELVES))
    ]


def unreachable(root: QWidget) -> list[str]:
    """Return the enabled controls that Tab does not reach, and tables that do not let it go."""
    found = []
    for widget in controls(root):
        if not widget.isEnabled():
            continue
        # Tab goes to the chosen one of several, the arrows from there to the others.
        in_group = (
            isinstance(widget, QAbstractButton)
            and not widget.isChecked()
            and (widget.group() is not None or widget.autoExclusive())
        )
        if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not in_group:
            found.append(describe(widget))
        if isinstance(widget, QTableView) and widget.tabKeyNavigation():
            found.append(f"{describe(widget)} keeps Tab")
        if isinstance(widget, QTextEdit | QPlainTextEdit) and not widget.isReadOnly() and not widget.tabChangesFocus():
            found.append(f"{describe(widget)} keeps Tab")
    return found


def cut(root: QWidget) -> list[str]:
    """Return the labels and buttons whose text is larger than their place; what a tip repeats may be cut."""
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or widget.window() is not root.window() or widget.visibleRegion().isEmpty():
            continue
        need = _needed(widget)
        if need is None or (need.width() <= widget.width() + _ROUNDING_PX
                            and need.height() <= widget.height() + _ROUNDING_PX):  # fmt: skip
            continue
        text = _plain(_own_text(widget))
        if text not in _plain(widget.toolTip()):
            sizes = f"{need.width()}x{need.height()} in {widget.width()}x{widget.height()}"
            found.append(f"{describe(widget)} {sizes}")
    return found


def describe(widget: QWidget) -> str:
    """Return what a widget is and what holds it, to find it in the code."""
    holders = []
    parent = widget.parentWidget()
    while parent is not None and len(holders) < 3:
        if type(parent).__module__.startswith("planetview"):
            holders.append(type(parent).__name__)
        parent = parent.parentWidget()
    return f"{type(widget).__name__} {name_of(widget)[:40]!r} in {' < '.join(holders)}"


def name_of(widget: QWidget) -> str:
    """Return what a screen reader says."""
    return widget.accessibleName() or _own_text(widget) or _buddy(widget)


def _own_text(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QAbstractButton | QLabel) else ""


def _buddy(widget: QWidget) -> str:
    labels = widget.window().findChildren(QLabel)
    return next((label.text() for label in labels if label.buddy() is widget), "")


def _is_part(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, _WHOLES):
            return True
        parent = parent.parentWidget()
    return False


def _needed(widget: QWidget) -> QSize | None:
    if isinstance(widget, QPushButton | QToolButton | QCheckBox | QRadioButton) and widget.text():
        # A button may be squeezed into its padding, not into its text, nor into a picture above it.
        is_stacked = (
            isinstance(widget, QToolButton) and widget.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextUnderIcon
        )
        picture = widget.iconSize().height() if is_stacked else 0
        return QSize(widget.sizeHint().width(), picture + widget.fontMetrics().height())
    if not isinstance(widget, QLabel) or not widget.text():
        return None
    if widget.wordWrap():
        return QSize(0, widget.heightForWidth(widget.width()))
    if _TAG.search(widget.text()):
        document = QTextDocument()
        document.setDefaultFont(widget.font())
        document.setDocumentMargin(0)
        document.setHtml(widget.text())
        return QSize(round(document.idealWidth()), round(document.size().height()))
    return widget.fontMetrics().size(int(Qt.TextFlag.TextShowMnemonic), widget.text())


def _plain(text: str) -> str:
    document = QTextDocument()
    document.setHtml(text) if _TAG.search(text) else document.setPlainText(text)
    return re.sub(r"\s+", " ", document.toPlainText()).replace("&", "").strip()
