"""Numbers as words for people: one rounding rule for the window, the terminal and the report.

Files for machines do not use this: they carry every digit.
"""

from __future__ import annotations

import math

from planetview.core.stats import Interval

MISSING = "—"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST_DECIMALS = 6


def format_value(value: float | None, interval: Interval | None = None, unit: str = "") -> str:
    """Return a value for reading: "0.4213", "−1.02", "18.4 dB", "3.1×10⁻⁷", "∞", or "—" for None.

    With an interval the digits end where its half-width has two; without, four digits count.
    """
    if value is None:
        return MISSING
    suffix = f" {unit}" if unit else ""
    return _number(value, _decimals(value, interval)) + suffix


def format_interval(interval: Interval | None, value: float | None = None) -> str:
    """Return "[0.402, 0.441]" with the digits that `format_value` gives `value`, or "—" for None."""
    if interval is None:
        return MISSING
    decimals = _decimals(interval.high if value is None else value, interval)
    return f"[{_number(interval.low, decimals)}, {_number(interval.high, decimals)}]"


def value_and_spread(value: float, interval: Interval | None, unit: str = "") -> tuple[str, str]:
    """Return ("0.412", "± 0.031") or ("0.96", "[0.91, 0.98]"); the unit ends the last part that is not empty.

    Tiny and huge numbers share their power of ten: ("(1.5 ± 1.9)×10⁻⁵", "").
    """
    text = format_value(value, interval)
    suffix = f" {unit}" if unit else ""
    if interval is None or not math.isfinite(interval.high - interval.low) or interval.high <= interval.low:
        return text + suffix, ""
    half = (interval.high - interval.low) / 2
    if abs(value - interval.low - half) > 0.1 * half:
        return text, format_interval(interval, value) + suffix
    if "×10" in text:
        exponent = math.floor(math.log10(max(abs(value), half)))
        digits = f"{value / 10**exponent:.1f} ± {half / 10**exponent:.1f}".replace("-", "−")
        power = format_value(float(f"1e{exponent}"), Interval(0, 2 * half, interval.level, "")).partition("×")[2]
        return f"({digits})×{power}{suffix}", ""
    return text, f"± {format_value(half, Interval(value, value + 2 * half, interval.level, ''))}{suffix}"


def format_ratio(ratio: float | None) -> str:
    """Return how many times the noise floor a value is: "3.1×", "140×", or "—" for None."""
    if ratio is None:
        return MISSING
    if not math.isfinite(ratio):
        return _number(ratio, 0) + ("×" if math.isinf(ratio) else "")
    return _number(ratio, 0 if abs(ratio) >= 100 else 1 if abs(ratio) >= 1 else 2) + "×"


def format_count(count: int) -> str:
    """Return a count with groups of three: "12,480"."""
    return f"{count:,}"


def format_bytes(size: float) -> str:
    """Return a size in bytes for reading, in powers of 1024: "58.9 MiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def format_duration(seconds: float) -> str:
    """Return a time span for reading: "under 1 s", "42 s", "3 min 05 s", "2 h 10 min"."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 1:
        return "under 1 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def floor_word(beyond_floor: bool | None) -> str:
    """Return how a value stands against its noise floor, in two or three words."""
    if beyond_floor is None:
        return "unknown"
    return "worse than floor" if beyond_floor else "within floor"


def printable(text: str) -> str:
    """Return `text` with control characters and undecodable bytes replaced, safe for a terminal or a file.

    File names are made by others: an escape sequence in one must not reach the terminal.
    """
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _decimals(value: float, interval: Interval | None) -> int | None:
    """Return digits after the point, or None for powers of ten."""
    scale = abs(value)
    half_width = 0.0 if interval is None else (interval.high - interval.low) / 2
    if math.isfinite(half_width) and half_width > 0:
        scale = max(scale, half_width)
        needed = 1 - math.floor(math.log10(half_width))
    else:
        needed = 3 - math.floor(math.log10(scale)) if math.isfinite(scale) and scale > 0 else 0
    if math.isfinite(scale) and (scale >= 1e6 or 0 < scale < 1e-4):
        return None
    return min(max(needed, 0), _MOST_DECIMALS)


def _number(value: float, decimals: int | None) -> str:
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if decimals is None:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}".replace("-", "−")
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")
