"""A look for small buttons with an icon: nothing but the icon, until the pointer or the keyboard is on it."""

from __future__ import annotations

BARE = (
    "QToolButton { background: transparent; border: 2px solid transparent; border-radius: 6px; padding: 2px; }"
    "QToolButton:hover { background: palette(alternate-base); } QToolButton:focus { border-color: palette(highlight); }"
)
