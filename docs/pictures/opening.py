"""Brings a window to where pictures begin, and chooses on its pages as a person does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QWidget

from pictures.engines import Replay
from pictures.taking import SIZE, Studio, until
from planetview.core.messages import Engine
from planetview.core.results import Results
from planetview.gui.main_window import MainWindow


def window_with(
    studio: Studio, results: Results, title: str, size: tuple[int, int] = SIZE, engine: Engine | None = None
) -> MainWindow:
    """Return a window over the sets and numbers of `results`; `engine` does its jobs, else they are played back."""
    window = studio.window(engine or Replay(results), size)
    window.controller.add_paths([dataset.source for dataset in results.datasets])
    until(lambda: len(window.workspace.datasets) == len(results.datasets) and not window.controller.is_busy)
    window.workspace.set_title(title)
    window.workspace.set_results(results, window.workspace.request())
    return window


def box(page: QWidget, name: str) -> QComboBox:
    """Return the list of that accessible name, or the first whose name starts so."""
    boxes = page.findChildren(QComboBox)
    exact = [found for found in boxes if found.accessibleName() == name]
    return (exact or [found for found in boxes if found.accessibleName().startswith(name)])[0]


def choose(combo: QComboBox, data: object) -> None:
    """Choose an entry as a person would; nothing where it is not offered."""
    if (position := combo.findData(data)) >= 0:
        combo.setCurrentIndex(position)
        combo.activated.emit(position)


def press(widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key over a widget."""
    widget.setFocus()
    QTest.keyClick(widget, key, modifiers)
