"""The compare view: two or three images in native units, side by side, over each other, or as their difference."""

from __future__ import annotations

from planetview.gui.views.compare.dialog import CompareDialog

__all__ = ["CompareDialog"]
