"""Questions before something that cannot be taken back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QPalette, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from planetview.core.consent import ProgramFile
from planetview.gui.icons import icon_pixmap

_MOST_LINES = 8


class Question(QMessageBox):
    """A question whose safe answer is the default."""

    confirmed = Signal()

    def __init__(self, title: str, text: str, lines: Sequence[str], yes: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setTextFormat(Qt.TextFormat.PlainText)
        wear_mark(self)
        self.setWindowTitle(title)
        self.setText(text)
        shown = [f"• {line}" for line in lines[:_MOST_LINES]]
        if len(lines) > _MOST_LINES:
            shown.append(self.tr("and {0} more").format(len(lines) - _MOST_LINES))
            self.setDetailedText("\n".join(lines))
        self.setInformativeText("\n".join(shown))
        self.yes_button = self.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        self.no_button = self.addButton(QMessageBox.StandardButton.Cancel)
        # Enter declines, wherever the focus is.
        self.yes_button.setAutoDefault(False)
        self.setDefaultButton(QMessageBox.StandardButton.Cancel)
        self.setEscapeButton(QMessageBox.StandardButton.Cancel)
        self.buttonClicked.connect(self._on_clicked)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.no_button.setFocus()

    def _on_clicked(self, button: QAbstractButton) -> None:
        if button is self.yes_button:
            self.confirmed.emit()


def wear_mark(question: QMessageBox) -> None:
    """Give a question the program's own mark, in the colours of the theme and the size of the text, now and later."""
    _Mark(question).draw()


class _Mark(QObject):
    def __init__(self, question: QMessageBox) -> None:
        super().__init__(question)
        self._question = question
        self._look: tuple[str, int] | None = None
        question.installEventFilter(self)

    def draw(self) -> None:
        """Draw the mark, unless it looks so already."""
        question = self._question
        look = (question.palette().color(QPalette.ColorRole.Highlight).name(), 2 * question.fontMetrics().height())
        if look != self._look:
            self._look = look
            question.setIconPixmap(icon_pixmap("help", *look, question.devicePixelRatioF()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.draw()
        return super().eventFilter(watched, event)


class ConsentQuestion(Question):
    """Asks before a file runs that is a program."""

    def __init__(self, program: ProgramFile, parent: QWidget) -> None:
        super().__init__(
            self.tr("Run this program?"),
            self.tr(
                "This file is a program: '{0}' is a {1}. To open it is to run it, and it can then do anything you can "
                "do on this computer: read, change and send your files.\n\n"
                "Agree only if you trust where it comes from. An ONNX export needs no trust. The answer is remembered "
                "for exactly this content; a changed file is asked about again."
            ).format(program.name, program.kind),
            [self.tr("SHA-256 {0}").format(_in_groups(program.sha256))],
            self.tr("&Trust and open"),
            parent,
        )


def _in_groups(digest: str) -> str:
    """Return a digest in groups of 16, between which a line can end: large text would cut it off."""
    return " ".join(digest[at : at + 16] for at in range(0, len(digest), 16))
