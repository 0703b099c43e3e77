"""What a person chose in the compare view, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planetview.core.image_compare import Limits, VisibleRange
from planetview.gui.models.wording import tr
from planetview.gui.views.compare.colours import GREY


class Mode(StrEnum):
    """How the images are shown."""

    SIDE = "side"
    SWIPE = "swipe"
    BLINK = "blink"
    BLEND = "blend"
    DIFFERENCE = "difference"
    HEAT = "heat"


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole state of the controls.

    pair: which two images, positions among Image, Reference, Held-out. fixed: black and white in native units, where
    `visible` is FIXED. is_shared: the visible range of the reference
    serves all. colours: table for single bands. is_usual: colours end where 99 % of the differences do.
    metric: of the heat map. is_beside: difference and heat map stand beside the two images they are of.
    is_hatched: pixels without data are hatched.
    """

    mode: Mode = Mode.SIDE
    pair: tuple[int, int] = (0, 1)
    visible: VisibleRange = VisibleRange.RUN
    fixed: Limits = (0.0, 255.0)
    is_shared: bool = False
    colours: str = GREY
    is_absolute: bool = False
    is_usual: bool = False
    metric: str = "st-lpips-alex"
    is_beside: bool = True
    is_hatched: bool = True

    @property
    def shows_pair(self) -> bool:
        """Whether the two images stand beside what is made of them."""
        return self.is_beside and self.mode in (Mode.DIFFERENCE, Mode.HEAT)


def mode_texts() -> dict[Mode, tuple[str, str, str]]:
    """Return mode -> (name with its mnemonic, key, what it does)."""
    return {
        Mode.SIDE: (tr("&Side by side"), "S", tr("Show all images beside each other.")),
        Mode.SWIPE: (tr("S&wipe"), "W", tr("Show one image left of a line and the other right of it; drag the line.")),
        Mode.BLINK: (tr("&Blink"), "B", tr("Show one image and the other in turn, at the same place.")),
        Mode.BLEND: (tr("Blend (&O)"), "O", tr("Show one image through the other.")),
        Mode.DIFFERENCE: (tr("&Difference"), "D", tr("Show the first image minus the second, in native units.")),
        Mode.HEAT: (tr("&Heat map"), "H", tr("Show where a perceptual metric sees the pair differ.")),
    }


def visible_texts() -> dict[VisibleRange, str]:
    """Return the choices of the visible range in words."""
    return {
        VisibleRange.RUN: tr("As the run"),
        VisibleRange.NONE: tr("None: whole sample type"),
        VisibleRange.MIN_MAX: tr("Minimum to maximum"),
        VisibleRange.PERCENTILE: tr("2 % to 98 %"),
        VisibleRange.SIGMA: tr("Mean ± 2 σ"),
        VisibleRange.FIXED: tr("Fixed values"),
    }
