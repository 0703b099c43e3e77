"""One image of the compare view with what it is, above and below it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QColor, QDesktopServices, QFont, QGuiApplication, QImage, QImageWriter
from PySide6.QtWidgets import QFileDialog, QFrame, QVBoxLayout, QWidget

from planetview.core.datasets import ImageRecord
from planetview.core.formatting import format_value
from planetview.gui.marking import marked_image, marking_on
from planetview.gui.models.wording import tr
from planetview.gui.theme import Theme
from planetview.gui.views.compare.canvas import Canvas
from planetview.gui.views.compare.subjects import Rendered, Subject
from planetview.gui.views.compare.transform import ViewTransform
from planetview.gui.views.compare.words import fact_words
from planetview.gui.views.image_pane import path_text
from planetview.gui.widgets.elided import ElidedLabel


class ComparePane(QWidget):
    """A title with the dataset's colour, the canvas, a line of facts; the menu copies, saves and finds the image."""

    notice = Signal(str)  # what a command of the menu did
    label_wanted = Signal(object)  # ImageRecord whose file is to be told about

    def __init__(self, title: str, theme: Theme, transform: ViewTransform, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title_text = title
        self.colour = ""
        self._marks = ""
        self.subject: Subject | None = None
        self.rendered: Rendered | None = None
        self.problem = ""
        self.title, self.name, self.facts = ElidedLabel(), ElidedLabel(), ElidedLabel()
        bold = QFont(self.font())
        bold.setBold(True)
        self.title.setFont(bold)
        self.facts.setProperty("muted", True)
        self.stripe = QFrame()
        self.stripe.setFixedHeight(3)
        self.canvas = Canvas(title, theme, transform)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.title, self.stripe, self.canvas, self.name, self.facts):
            layout.addWidget(widget, 1 if widget is self.canvas else 0)
        self._build_menu()

    @property
    def record(self) -> ImageRecord | None:
        """The image shown, or None."""
        return self.subject.record if self.subject is not None else None

    def show_subject(self, subject: Subject | None, colour: str) -> None:
        """Say which image this is; its pixels come later."""
        if subject is not self.subject:
            self.rendered, self.problem = None, ""
        self.subject = subject
        self.set_colour(colour)
        if subject is None:
            return
        self.canvas.setAccessibleName(f"{subject.title}: {subject.record.name}")
        self.setToolTip(path_text(subject.record))
        self._write()

    def set_colour(self, colour: str) -> None:
        """Colour the stripe under the title."""
        self.colour = colour
        self.stripe.setStyleSheet(f"background: {QColor(colour).name()}; border: 0;" if colour else "")

    def show_marks(self, *, is_flagged: bool, is_excluded: bool, rating: int = 0) -> None:
        """Say beside the title whether the image is flagged, excluded or rated (1 to 5, 0 for not)."""
        marks = [f"★ {rating}"] if rating else []
        marks += [self.tr("⚑ flagged")] if is_flagged else []
        self._marks = " · ".join([*marks, self.tr("✕ excluded")] if is_excluded else marks)
        self._write()

    def show_rendered(self, rendered: Rendered) -> None:
        """Take the pixels; the canvas is filled by who decides what it shows."""
        self.rendered, self.problem = rendered, ""
        self._write()

    def show_problem(self, reason: str) -> None:
        """Say why there are no pixels."""
        self.rendered, self.problem = None, reason
        self.canvas.show_words(self.tr("unreadable: {0}").format(reason), is_problem=True)
        self._write()

    def show_pair(self, title: str, names: str, facts: str) -> None:
        """Say what is shown of two images."""
        self.title.setText(title)
        self.name.setText(names)
        self.facts.setText(facts)
        self.facts.setToolTip(facts)
        self.canvas.setAccessibleName(title)
        self.canvas.setAccessibleDescription(f"{names}. {facts}")

    def _write(self) -> None:
        subject = self.subject
        if subject is None:
            return
        words = [self.title_text]
        if subject.distance is not None:
            words.append(self.tr("distance {0}").format(format_value(subject.distance)))
        self.title.setText("   ".join([*words, self._marks] if self._marks else words))
        self.name.setText(subject.record.name)
        facts = fact_words(subject, self.rendered, is_broken=bool(self.problem))
        self.facts.setText(facts)
        self.facts.setToolTip(facts)
        self.canvas.setAccessibleDescription(facts)

    def _build_menu(self) -> None:
        self.canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for text, slot in (
            (self.tr("&Copy image"), self.copy_image),
            (self.tr("&Save image as PNG…"), self.save_image),
            (self.tr("About this &file…"), self.ask_for_label),
            (self.tr("Copy &path"), self.copy_path),
            (self.tr("Show in file &manager"), self.show_in_files),
        ):
            action = QAction(text, self.canvas)
            action.triggered.connect(slot)
            self.canvas.addAction(action)

    @Slot()
    def copy_image(self) -> None:
        """Put the picture on the clipboard, an image alone at its full size."""
        if self.canvas.layers:
            QGuiApplication.clipboard().setImage(marked_image(self.canvas.picture(), marking_on(self)))
            self.notice.emit(self.tr("The picture is on the clipboard."))

    @Slot()
    def save_image(self) -> None:
        """Ask for a file and write the picture to it."""
        if not self.canvas.layers:
            return
        stem = Path(self.record.name).stem if self.record is not None else self.tr("comparison")
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save image"), f"{stem}.png", self.tr("PNG image (*.png)"))
        if name:
            self.notice.emit(write_png(self.canvas.picture(), name, self))

    @Slot()
    def ask_for_label(self) -> None:
        """Ask for all that is known about the file of the image."""
        if self.record is not None:
            self.label_wanted.emit(self.record)

    @Slot()
    def copy_path(self) -> None:
        """Put the path of the image on the clipboard."""
        if self.record is not None:
            QGuiApplication.clipboard().setText(path_text(self.record))
            self.notice.emit(self.tr("Copied {0}").format(path_text(self.record)))

    @Slot()
    def show_in_files(self) -> None:
        """Open the folder that holds the image."""
        if self.record is not None:
            folder = self.record.path.parent
            if not folder.is_dir() or not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
                self.notice.emit(self.tr("Cannot open {0}.").format(folder))


def write_png(image: QImage, name: str, shown_in: QWidget) -> str:
    """Write a picture to a file, with the suffix where it lacks one, and return what was done in words.

    It bears the marking of the window of `shown_in`.
    """
    path = Path(name) if Path(name).suffix else Path(name + ".png")
    writer = QImageWriter(str(path), b"png")
    if writer.write(marked_image(image, marking_on(shown_in))):
        return tr("Saved {0}.").format(path)
    return tr("Cannot write {0}: {1}").format(path, writer.errorString())
