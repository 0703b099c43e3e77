"""The keys that hold only where they are pressed: read from the pages and panels themselves, for the key sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

Group = tuple[str, tuple[tuple[str, str], ...]]
"""Title of a page or panel, and (what the keys do, keys as this system writes them) of each of its commands."""

_LOCAL = (Qt.ShortcutContext.WidgetShortcut, Qt.ShortcutContext.WidgetWithChildrenShortcut)


def local_groups(places: Iterable[tuple[str, QWidget]]) -> Iterator[Group]:
    """Yield the keys of each (title, widget) that has some; pages not made yet have none."""
    for title, place in places:
        pairs = tuple(local_keys(place))
        if pairs:
            yield title, pairs


def local_keys(place: QWidget) -> Iterator[tuple[str, str]]:
    """Yield (what it does, keys) of the actions whose keys hold only in `place`, each pair once.

    Keys without an action, such as Enter on a tile, are told by the widget's own method `key_words`.
    """
    seen = set()
    for widget in (place, *place.findChildren(QWidget)):
        for pair in (*_own(widget), *_of_actions(widget.actions())):
            if pair not in seen:
                seen.add(pair)
                yield pair


def compare_group() -> Group:
    """Return the keys of the compare view, from the table of its own help."""
    from planetview.gui.views.compare.keys import key_rows

    words = QCoreApplication.translate("PageKeys", "Compare view")
    return words, tuple((text, keys) for keys, text in key_rows())


def _of_actions(actions: Iterable[QAction]) -> Iterator[tuple[str, str]]:
    for action in actions:
        if action.shortcutContext() not in _LOCAL or action.shortcut().isEmpty():
            continue
        # The text may follow what is selected; the tip says what the command is for.
        text = action.toolTip().rstrip("…")
        keys = (keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in action.shortcuts())
        yield text, ", ".join(keys)


def _own(widget: QWidget) -> tuple[tuple[str, str], ...]:
    words = getattr(widget, "key_words", None)
    return tuple(words()) if callable(words) else ()
