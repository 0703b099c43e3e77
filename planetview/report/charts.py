"""Charts as inline SVG: drawn by coordinates here, coloured by the page's style sheet.

Every series has its own dash pattern beside its colour, so that print and colour blindness lose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from planetview.core.formatting import printable

FloatArray = NDArray[np.float64]

COLOURS = 6
_DASHES = ("", "7 4", "2 3", "9 3 2 3", "1 4", "12 4 4 4")


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a histogram. colour: index into the page's palette; dash: index of the dash pattern."""

    name: str
    values: FloatArray
    colour: int
    dash: int

    @property
    def dash_pattern(self) -> str:
        """The SVG stroke-dasharray, "" for a solid line."""
        return _DASHES[self.dash % len(_DASHES)]


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points with their least-squares line. x, y: shape (n,), finite; x_label, y_label: axis titles."""

    title: str
    x: FloatArray
    y: FloatArray
    x_label: str
    y_label: str
    most_points: int
    seed: int

    @property
    def shown(self) -> int:
        """How many points are drawn; the line always rests on all of them."""
        return min(len(self.x), self.most_points)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plotting area in SVG units and the data range that fills it."""

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    left: int = 54
    right: int = 10
    top: int = 10
    bottom: int = 40

    def px(self, x: float) -> float:
        return self.left + (x - self.x[0]) / (self.x[1] - self.x[0]) * (self.width - self.left - self.right)

    def py(self, y: float) -> float:
        low, high = self.y
        return self.height - self.bottom - (y - low) / (high - low) * (self.height - self.top - self.bottom)


def histogram(series: Sequence[Series], x_label: str, y_label: str, description: str) -> Markup:
    """Return step outlines of the share of each series' values per bin, over bins shared by all.

    Values that are not finite are left out; shares count the finite ones. An empty chart says so.
    """
    finite = [(one, one.values[np.isfinite(one.values)]) for one in series]
    finite = [(one, values) for one, values in finite if values.size]
    if not finite:
        return Markup('<p class="quiet">No values to draw.</p>')
    bins = bin_count(min(values.size for _, values in finite))
    edges = np.linspace(*_padded(np.concatenate([values for _, values in finite])), bins + 1)
    shares = [np.histogram(values, edges)[0] / values.size for _, values in finite]
    top = max(float(share.max()) for share in shares)
    frame = _Frame(860, 300, (float(edges[0]), float(edges[-1])), (0.0, top * 1.06))
    parts = [_axes(frame, x_label, y_label, percent=True)]
    for (one, _), share in zip(finite, shares, strict=True):
        xs, ys = np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(share, 2), [0.0]])
        points = " ".join(f"{frame.px(x):.1f},{frame.py(y):.1f}" for x, y in zip(xs, ys, strict=True))
        dash = f' stroke-dasharray="{one.dash_pattern}"' if one.dash_pattern else ""
        name = escape(printable(one.name))
        parts.append(f'<polyline class="line c{one.colour}"{dash} points="{points}"><title>{name}</title></polyline>')
    return _svg(frame, description, parts)


def bin_count(smallest: int) -> int:
    """Return how many bins suit sets of which the smallest has `smallest` values: its square root, 6 to 40."""
    return min(max(math.isqrt(smallest), 6), 40)


def key(series: Series) -> Markup:
    """Return the short line that stands before a series' name in the legend."""
    dash = f' stroke-dasharray="{series.dash_pattern}"' if series.dash_pattern else ""
    line = f'<line class="line c{series.colour}"{dash} x1="0" y1="5" x2="36" y2="5"/>'
    return Markup(f'<svg class="key" width="36" height="10" viewBox="0 0 36 10" aria-hidden="true">{line}</svg>')


def scatter(chart: Scatter, colour: int) -> Markup:
    """Return points and least-squares line; more than `most_points` points are subsampled by `seed`."""
    fit = _regression(chart)
    frame = _Frame(320, 240, _padded(chart.x), _padded(np.concatenate([chart.y, [y for _, y in fit]])), left=50)
    order = np.arange(len(chart.x))
    if len(order) > chart.most_points:
        order = np.sort(np.random.default_rng(chart.seed).permutation(order)[: chart.most_points])
    # One path of zero-length round dots takes a third of the bytes of one circle element each.
    dots = "".join(f"M{frame.px(chart.x[i]):.1f} {frame.py(chart.y[i]):.1f}h0" for i in order)
    opacity = 0.75 if len(order) < 300 else 0.4
    parts = [
        _axes(frame, chart.x_label, chart.y_label),
        f'<path class="dots c{colour}" stroke-opacity="{opacity}" d="{dots}"/>',
    ]
    if fit:
        (x1, y1), (x2, y2) = ((frame.px(x), frame.py(y)) for x, y in fit)
        parts.append(f'<line class="fit" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    return _svg(frame, f"{chart.title}: {chart.y_label} against {chart.x_label}, {len(chart.x)} pairs", parts)


def _regression(chart: Scatter) -> list[tuple[float, float]]:
    """Return both ends of the least-squares line over the range of x; nothing where it is undefined."""
    if len(chart.x) < 2 or np.ptp(chart.x) == 0:
        return []
    x = chart.x - chart.x.mean()
    slope = float(x @ (chart.y - chart.y.mean()) / (x @ x))
    middle_x, middle_y = float(chart.x.mean()), float(chart.y.mean())
    return [(at, middle_y + slope * (at - middle_x)) for at in (float(chart.x.min()), float(chart.x.max()))]


def _padded(values: FloatArray) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    pad = (high - low) * 0.04 or max(abs(low) * 0.05, 0.05)
    return low - pad, high + pad


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers inside [low, high], about `about` of them, 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * 0.999)
    return [i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _axes(frame: _Frame, x_label: str, y_label: str, percent: bool = False) -> str:
    bottom, left = frame.height - frame.bottom, frame.left
    parts = []
    for at in ticks(*frame.x):
        x = frame.px(at)
        parts.append(f'<line class="tick" x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 4}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{_tick_text(at)}</text>')
    for at in ticks(*frame.y, about=4):
        y = frame.py(at)
        words = f"{_tick_text(100 * at)} %" if percent else _tick_text(at)
        parts.append(f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{frame.width - frame.right}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 3.5:.1f}" text-anchor="end">{words}</text>')
    parts.append(f'<line class="axis" x1="{left}" y1="{bottom}" x2="{frame.width - frame.right}" y2="{bottom}"/>')
    middle_x, middle_y = (left + frame.width - frame.right) / 2, (frame.top + bottom) / 2
    parts.append(f'<text x="{middle_x:.0f}" y="{frame.height - 6}" text-anchor="middle">{escape(x_label)}</text>')
    turned = f'transform="translate(12 {middle_y:.0f}) rotate(-90)"'
    parts.append(f'<text {turned} text-anchor="middle">{escape(y_label)}</text>')
    return "".join(parts)


def _tick_text(value: float) -> str:
    return f"{value:.10g}".replace("-", "−") if abs(value) < 1e6 else f"{value:.0e}".replace("-", "−")


def _svg(frame: _Frame, description: str, parts: Sequence[str]) -> Markup:
    words = escape(printable(description))
    return Markup(
        f'<svg class="chart" viewBox="0 0 {frame.width} {frame.height}" role="img" aria-label="{words}">'
        f"{''.join(parts)}</svg>"
    )
