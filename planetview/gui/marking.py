"""The marking of a study, such as "CUI": on top and at the bottom of its windows, its pictures and its figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter
from PySide6.QtWidgets import QDockWidget, QLabel, QVBoxLayout, QWidget

from planetview.core.study import RESULTS_SUFFIX, Study
from planetview.core.tables import Cell
from planetview.gui.plot_export import Figure
from planetview.gui.preferences import KeptPreferences, Preferences
from planetview.gui.theme import LIGHT, Tokens

if TYPE_CHECKING:
    from planetview.gui.controller import Controller

_PROPERTY = "marking"
_PAD_PX = 4
_WORDS = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap


class Strips(QObject):
    """Two strips across a widget, outside whatever its layout holds; hidden while there is no marking.

    They lie in the widget's own margins, so that nothing in its layout can cover or hide them.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.strips = (QLabel(window), QLabel(window))
        for strip in self.strips:
            strip.setTextFormat(Qt.TextFormat.PlainText)
            strip.setAlignment(Qt.AlignmentFlag.AlignCenter)
            strip.setWordWrap(True)
            strip.setProperty("strip", True)
            strip.hide()
        window.installEventFilter(self)

    @property
    def text(self) -> str:
        """What stands there."""
        return self.strips[0].text()

    def show_text(self, text: str) -> None:
        """Show a marking, "" for none."""
        if text == self.text:
            return
        name = QCoreApplication.translate("Marking", "Marking: {0}").format(text)
        for strip in self.strips:
            strip.setText(text)
            strip.setAccessibleName(name)
            strip.setToolTip(QCoreApplication.translate("Marking", "How this study is to be handled: {0}").format(text))
            strip.setVisible(bool(text))
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        top, bottom = self.strips
        if not self.text:
            self._window.setContentsMargins(0, 0, 0, 0)
            return
        width, height = self._window.width(), self._window.height()
        top.ensurePolished()
        high = top.heightForWidth(width)
        self._window.setContentsMargins(0, high, 0, high)
        top.setGeometry(0, 0, width, high)
        bottom.setGeometry(0, height - high, width, high)
        for strip in self.strips:
            strip.raise_()


class WindowMarking(Strips):
    """The strips of a window; `changed` tells those that follow it."""

    changed = Signal(str)

    def show_text(self, text: str) -> None:
        """Show a marking, "" for none."""
        if text != self.text:
            self._window.setProperty(_PROPERTY, text)
            super().show_text(text)
            self.changed.emit(text)


class PanelMarking(Strips):
    """The strips of a panel, between its title and its content; shown while it is a window of its own."""

    def __init__(self, dock: QDockWidget) -> None:
        self._dock, self._wanted = dock, ""
        holder = QWidget(dock)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        if (content := dock.widget()) is not None:
            column.addWidget(content)
        dock.setWidget(holder)
        super().__init__(holder)
        dock.topLevelChanged.connect(self._refresh)

    def follow(self, text: str) -> None:
        """Take the marking of the window that the panel belongs to."""
        self._wanted = text
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        self.show_text(self._wanted if self._dock.isFloating() else "")


class NewStudyMarking(QObject):
    """Gives new studies the marking of the preferences; one in which nothing was done yet follows their changes."""

    def __init__(self, kept: KeptPreferences, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._controller = controller
        kept.changed.connect(self._apply)
        self._apply(kept.value, Preferences())

    @Slot(object, object)
    def _apply(self, now: Preferences, before: Preferences) -> None:
        workspace = self._controller.workspace
        self._controller.new_marking = now.marking
        is_untouched = workspace.is_empty and workspace.path is None and not workspace.undo_stack.count()
        if is_untouched and workspace.marking == before.marking != now.marking:
            workspace.open(replace(workspace.study(), marking=now.marking), None)


def as_opened(study: Study, path: Path | None, marking: str) -> Study:
    """Return a study with the marking that it has when it opens: that of new studies where a results.json made it."""
    is_new = path is not None and path.suffix.lower() == RESULTS_SUFFIX
    return replace(study, marking=marking) if is_new else study


def follow_marking(window: QWidget) -> None:
    """Show on another window the marking of the window that it belongs to, now and after every change."""
    parent = window.parentWidget()
    while parent is not None:
        of_parent = parent.findChild(WindowMarking, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if of_parent is not None:
            own = WindowMarking(window)
            of_parent.changed.connect(own.show_text)
            own.show_text(of_parent.text)
            return
        parent = parent.parentWidget()


def marking_on(shown: object) -> str:
    """Return the marking of the window that shows a widget, "" for none and for what is no widget."""
    widget = shown if isinstance(shown, QWidget) else None
    while widget is not None:
        if text := widget.property(_PROPERTY):
            return str(text)
        widget = widget.parentWidget()
    return ""


def marked_image(image: QImage, marking: str) -> QImage:
    """Return an image with the marking above and below it; the image itself where there is none."""
    if not marking:
        return image
    ratio = image.devicePixelRatio()
    size = image.size() / ratio
    font = _font_for(size.width())
    high = _strip_height(font, size.width(), marking)
    whole = QImage(QSize(size.width(), size.height() + 2 * high) * ratio, image.format())
    whole.setDevicePixelRatio(ratio)
    whole.setColorSpace(image.colorSpace())
    painter = QPainter(whole)
    painter.drawImage(QRectF(0, high, size.width(), size.height()), image)
    _paint_strips(painter, font, QSize(size.width(), size.height() + 2 * high), high, marking, LIGHT)
    painter.end()
    return whole


class MarkedFigure:
    """A figure with the marking above and below it."""

    def __init__(self, figure: Figure, marking: str) -> None:
        self._figure, self._marking = figure, marking
        self._font = QFont()
        self._font.setBold(True)
        self._high = _strip_height(self._font, figure.figure_size().width(), marking)

    def figure_size(self) -> QSize:
        """Return the size of the figure with both strips, in logical pixels."""
        size = self._figure.figure_size()
        return QSize(size.width(), size.height() + 2 * self._high)

    def paint_figure(self, painter: QPainter, tokens: Tokens, line_scale: float) -> None:
        """Draw the figure between the strips."""
        painter.save()
        painter.translate(0, self._high)
        self._figure.paint_figure(painter, tokens, line_scale)
        painter.restore()
        _paint_strips(painter, self._font, self.figure_size(), self._high, self._marking, tokens)

    def data_table(self) -> tuple[list[str], list[list[Cell]]]:
        """Return the data of the figure."""
        return self._figure.data_table()

    def accessibleName(self) -> str:
        """Return the figure's name after the marking."""
        return f"{self._marking}: {self._figure.accessibleName()}"

    def logicalDpiX(self) -> int:
        """Return the figure's resolution."""
        return self._figure.logicalDpiX()


def marked(figure: Figure) -> Figure:
    """Return a figure as it may leave the window: with the marking of the window, where there is one."""
    marking = marking_on(figure)
    return MarkedFigure(figure, marking) if marking else figure


def _font_for(width: int) -> QFont:
    """Return the font of a strip on a picture: a small picture still holds a word or two a line."""
    font = QFont()
    font.setBold(True)
    font.setPixelSize(max(7, min(QFontMetrics(font).height(), width // 16)))
    return font


def _strip_height(font: QFont, width: int, marking: str) -> int:
    room = QFontMetrics(font).boundingRect(0, 0, max(1, width - 2 * _PAD_PX), 10_000, int(_WORDS), marking)
    return room.height() + 2 * _PAD_PX


def _paint_strips(painter: QPainter, font: QFont, size: QSize, high: int, marking: str, tokens: Tokens) -> None:
    painter.save()
    painter.setFont(font)
    for top in (0, size.height() - high):
        strip = QRectF(0, top, size.width(), high)
        painter.fillRect(strip, QColor(tokens.text))
        painter.setPen(QColor(tokens.surface))
        painter.drawText(strip.adjusted(_PAD_PX, 0, -_PAD_PX, 0), int(_WORDS), marking)
    painter.restore()
