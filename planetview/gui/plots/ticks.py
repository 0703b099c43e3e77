"""Round numbers for axes, linear and logarithmic."""

from __future__ import annotations

import math

TICKS = 4
_STEPS = ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1,))


def nice_ticks(low: float, high: float, most: int = TICKS) -> list[float]:
    """Return at most `most` + 1 round numbers in [low, high], at steps of 1, 2 or 5 times a power of ten."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (power, 2 * power, 5 * power, 10 * power):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first <= most:
            break
    return [round(number * step, 12) for number in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int = TICKS) -> list[float]:
    """Return about `most` round positive numbers whose decimal logarithms lie in [low, high].

    Powers of ten where there are many, with 2 and 5 of each decade where there are few, and in less than that the
    numbers that a linear axis would have.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    found: list[float] = []
    for steps in _STEPS:
        decades = range(math.floor(low), math.ceil(high) + 1)
        found = [step * 10.0**decade for decade in decades for step in steps]
        found = [value for value in found if low - 1e-9 <= math.log10(value) <= high + 1e-9]
        if len(found) <= most + 1:
            break
    if len(found) > most + 1:
        return found[:: -(-len(found) // (most + 1))]
    between = [value for value in nice_ticks(10**low, 10**high, most) if value > 0]
    return found if len(found) >= min(3, len(between)) else between


def tick_text(value: float) -> str:
    """Return a tick in few characters, with a true minus sign."""
    return f"{value:g}".replace("-", "−")
