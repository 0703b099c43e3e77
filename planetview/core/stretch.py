"""The recorded way from native samples to the 8-bit RGB that every network and metric sees."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StretchKind(StrEnum):
    """How native samples become 8-bit; one choice for all sets of a study."""

    NONE = "none"
    FIXED = "fixed"
    SET_PERCENTILE = "set-percentile"
    IMAGE_PERCENTILE = "image-percentile"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One choice of stretch.

    NONE: 8-bit samples pass unchanged; deeper images are refused, never clipped silently.
    FIXED: `low`..`high` in native units map to 0..255, values outside saturate.
    SET_PERCENTILE: `low` and `high` are percentiles (0..100) over all pixels of one dataset.
    IMAGE_PERCENTILE: the same percentiles over each image alone; hides exposure differences.
    """

    kind: StretchKind = StretchKind.NONE
    low: float = 0.5
    high: float = 99.5

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"stretch needs low < high, got {self.low:g} and {self.high:g}")
        if self.kind in (StretchKind.SET_PERCENTILE, StretchKind.IMAGE_PERCENTILE) and not (
            self.low >= 0 and self.high <= 100
        ):
            raise ValueError(f"percentiles lie in 0..100, got {self.low:g} and {self.high:g}")

    @property
    def label(self) -> str:
        """The choice in words, for tables and provenance."""
        if self.kind is StretchKind.NONE:
            return "none (8-bit)"
        unit = "" if self.kind is StretchKind.FIXED else " %"
        return f"{self.kind.value} {self.low:g} to {self.high:g}{unit}"


@dataclass(frozen=True, slots=True)
class ResolvedStretch:
    """A stretch made concrete for one dataset.

    value_range: native (low, high) for FIXED and SET_PERCENTILE, None for NONE and IMAGE_PERCENTILE.
    """

    stretch: Stretch
    value_range: tuple[float, float] | None = None

    @property
    def key(self) -> str:
        """Text that names the pixel values exactly; part of every cache key."""
        kind = self.stretch.kind
        if kind is StretchKind.NONE:
            return "none"
        if self.value_range is not None:
            return f"range:{self.value_range[0]!r}:{self.value_range[1]!r}"
        return f"{kind.value}:{self.stretch.low!r}:{self.stretch.high!r}"
