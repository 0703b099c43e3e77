"""Pictures a window in every theme that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from pictures.few_colours import in_few_colours
from planetview.app import build
from planetview.core.messages import Engine
from planetview.gui.main_window import MainWindow

SIZE = (1280, 800)
# The least that the window can be.
SMALL = (960, 620)
THEMES = ("light", "dark")
# What a picture in the repository may weigh; a palette of 256 colours brings those with many tiles below it.
_HEAVY_BYTES = 300_000
_BETWEEN_PX = 12
# Thumbnails and plots arrive a moment after a page is shown: it is looked at until nothing changes any more.
_LOOK_MS, _MOST_LOOKS = 120, 12


@dataclass(frozen=True)
class Studio:
    """Where pictures go, in which themes, with which text size.

    shown: names of the pictures that the documentation shows, which go to `folder`; all others go to `rest`.
    is_light_weight: large files are brought down to 256 colours. is_for_documents: only those of `shown` are taken.
    """

    folder: Path
    rest: Path
    shown: frozenset[str] = frozenset()
    themes: tuple[str, ...] = THEMES
    text_scale: float = 1.0
    is_light_weight: bool = True
    is_for_documents: bool = False

    def window(self, engine: Engine, size: tuple[int, int] = SIZE) -> MainWindow:
        """Return a shown window around `engine`; `close` ends it."""
        # Its theme takes the application's text for the usual size: that of the window before may have been large.
        QApplication.setFont(_usual_font())
        window = build(engine)
        window.resize(*size)
        window.show()
        return window

    def close(self, window: MainWindow) -> None:
        """End a window without questions."""
        window.closed.emit()
        window.hide()
        QApplication.processEvents()

    def take(
        self,
        window: MainWindow,
        name: str,
        part: QWidget | None = None,
        prepare: Callable[[], object] = lambda: None,
        text_scale: float | None = None,
    ) -> None:
        """Picture a window, or a part of it; `prepare` runs once the theme is there."""
        if self.is_for_documents and name not in self.shown:
            prepare()
            return
        for theme in self.themes:
            window.theme.use(theme, text_scale or self.text_scale)
            prepare()
            folder = self.folder if name in self.shown else self.rest
            self._save(settled(part or window), folder / f"{name}-{theme}.png")

    def take_dialog(
        self, window: MainWindow, dialog: QDialog | None, name: str, text_scale: float | None = None
    ) -> None:
        """Picture a dialog of a window, and close it."""
        assert dialog is not None, f"{name} did not open"
        self.take(window, name, dialog, text_scale=text_scale)
        dialog.close()
        dialog.deleteLater()
        QApplication.processEvents()

    def take_together(self, windows: tuple[MainWindow, ...], name: str) -> None:
        """Picture windows side by side, as on one screen."""
        if self.is_for_documents and name not in self.shown:
            return
        for theme in self.themes:
            windows[0].theme.use(theme, self.text_scale)
            pictures = [settled(window) for window in windows]
            ratio = pictures[0].devicePixelRatio()
            gap = round(_BETWEEN_PX * ratio)
            across = sum(picture.width() for picture in pictures) + gap * (len(pictures) - 1)
            whole = QImage(across, max(picture.height() for picture in pictures), QImage.Format.Format_RGB32)
            whole.fill(QColor(windows[0].theme.tokens.border))
            painter, left = QPainter(whole), 0
            for picture in pictures:
                picture.setDevicePixelRatio(1)
                painter.drawImage(left, 0, picture)
                left += picture.width() + gap
            painter.end()
            self._save(whole, self.rest / f"{name}-{theme}.png")

    def _save(self, picture: QImage, file: Path) -> None:
        if not picture.save(str(file)):
            raise OSError(f"cannot write {file}")
        if self.is_light_weight and file.stat().st_size > _HEAVY_BYTES:
            with Image.open(file) as full:
                in_few_colours(full).save(file, optimize=True)
        sys.stdout.write(f"{file}\n")


@cache
def _usual_font() -> QFont:
    return QFont(QApplication.font())


def settled(widget: QWidget) -> QImage:
    """Return how a widget looks once it does not change any more, or after a second and a half."""
    wait(_LOOK_MS)
    before = widget.grab().toImage()
    for _ in range(_MOST_LOOKS):
        wait(_LOOK_MS)
        now = widget.grab().toImage()
        if now == before:
            break
        before = now
    return before


def wait(ms: int) -> None:
    """Let `ms` pass while the window works."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Let the window work until `condition` holds."""
    for _ in range(round(seconds / 0.05)):
        if condition():
            return
        wait(50)
    raise TimeoutError("the window did not get there")
