"""Panels beside the pages: shown and hidden from the View menu, remembered, reached by F6."""

from __future__ import annotations

import base64
from collections.abc import Callable

from PySide6.QtCore import QByteArray, QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from planetview.gui.marking import PanelMarking
from planetview.gui.widgets.dock_title import DockTitle

# Higher after a change of the panels that makes older places on the screen meaningless.
LAYOUT_VERSION = 1


class Docks(QObject):
    """The dockable panels of one window; all hidden until a person asks for them."""

    def __init__(self, window: QMainWindow, on_added: Callable[[QAction], object]) -> None:
        super().__init__(window)
        self._window, self._on_added = window, on_added
        self._docks: dict[str, QDockWidget] = {}
        self._areas: dict[str, Qt.DockWidgetArea] = {}
        self._saved = QByteArray()
        self._marking, self._marks = "", list[PanelMarking]()
        window.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks)

    def add(self, id: str, title: str, widget: QWidget, area: Qt.DockWidgetArea, keys: str = "") -> QDockWidget:
        """Add a panel, hidden, with an entry in the View menu; return its dock.

        id: stable, for the remembered layout. keys: portable text, shows and hides it.
        """
        dock = QDockWidget(title, self._window)
        dock.setObjectName(f"dock-{id}")
        dock.setAccessibleName(title)
        dock.setWidget(widget)
        self._marks.append(PanelMarking(dock))
        self._marks[-1].follow(self._marking)
        bar = DockTitle(dock)
        dock.setTitleBarWidget(bar)
        # Behind what the panel is about, which F6 reaches first.
        bar.raise_()
        self._docks[id], self._areas[id] = dock, area
        # A place that was remembered holds only for a dock that has none yet.
        if self._saved.isEmpty() or not self._window.restoreDockWidget(dock):
            self._window.addDockWidget(area, dock)
            dock.hide()
        toggle = dock.toggleViewAction()
        toggle.setObjectName(f"panel_{id}")
        toggle.setShortcut(QKeySequence.fromString(keys))
        tip = QCoreApplication.translate("Docks", "Show or hide the panel '{0}'.").format(title)
        toggle.setStatusTip(tip)
        toggle.setToolTip(tip)
        toggle.triggered.connect(lambda is_shown: self._focus(dock) if is_shown else None)
        self._on_added(toggle)
        return dock

    def show_marking(self, text: str) -> None:
        """Show how the study is to be handled on the panels that are windows of their own."""
        self._marking = text
        for marking in self._marks:
            marking.follow(text)

    def dock(self, id: str) -> QDockWidget:
        """Return the dock of a panel."""
        return self._docks[id]

    def toggles(self) -> list[QAction]:
        """Return the actions that show and hide the panels."""
        return [dock.toggleViewAction() for dock in self._docks.values()]

    def state(self) -> str:
        """Return where the panels are, to be remembered (base64)."""
        return base64.b64encode(self._window.saveState(LAYOUT_VERSION).data()).decode("ascii")

    def restore(self, state: str) -> None:
        """Put the panels where they were; damaged text and that of another version change nothing."""
        saved = QByteArray.fromBase64(state.encode("ascii", "replace"))
        if self._window.restoreState(saved, LAYOUT_VERSION):
            # A panel that is added later asks for its place by itself.
            self._saved = saved

    def reset(self) -> None:
        """Hide all panels and put each where it was at first."""
        for id, dock in self._docks.items():
            dock.setFloating(False)
            self._window.addDockWidget(self._areas[id], dock)
            dock.hide()

    def visible(self) -> list[QWidget]:
        """Return the panels that are shown."""
        return [dock for dock in self._docks.values() if dock.isVisible()]

    def _focus(self, dock: QDockWidget) -> None:
        focus_first(dock.widget() or dock)


class PanelCycle(QObject):
    """Moves the focus from one part of the window to the next, back to where it was in each."""

    def __init__(self, parts: Callable[[], list[QWidget]], parent: QWidget) -> None:
        super().__init__(parent)
        self._parts = parts
        self._last: dict[int, QWidget] = {}

    def move(self, step: int) -> QWidget | None:
        """Focus the next part (`step` 1) or the one before (-1); return what got the focus."""
        parts = [part for part in self._parts() if part.isVisible() and focusable(part)]
        if not parts:
            return None
        focus = QApplication.focusWidget()
        here = next((n for n, part in enumerate(parts) if focus and (part is focus or part.isAncestorOf(focus))), None)
        if here is not None and focus is not None:
            self._last[id(parts[here])] = focus
        target = parts[(here + step) % len(parts) if here is not None else 0 if step > 0 else -1]
        return focus_first(target, self._last.get(id(target)))


def focusable(part: QWidget) -> list[QWidget]:
    """Return the widgets of `part` that Tab reaches now, in the order of their making."""
    return [
        widget
        for widget in (part, *part.findChildren(QWidget))
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled()
    ]


def focus_first(part: QWidget, before: QWidget | None = None) -> QWidget | None:
    """Focus `before` if it can still take the focus, else the first widget of `part` that can; return it."""
    can = focusable(part)
    target = before if before in can else can[0] if can else None
    if target is not None:
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)
    return target
