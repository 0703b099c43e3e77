"""Numbers for people: as many digits as the interval supports, never a wrong sign or a bare NaN."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planetview.core.formatting import (
    floor_word,
    format_bytes,
    format_duration,
    format_interval,
    format_ratio,
    format_value,
    printable,
)
from planetview.core.stats import Interval


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (0.0, "0"),
        (0.42131, "0.4213"),
        (-1.0249, "−1.025"),
        (12345.6, "12346"),
        (3.14159e-7, "3.14×10⁻⁷"),
        (2.5e9, "2.50×10⁹"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "undefined"),
    ],
)
def test_a_value_alone_shows_four_digits(value, text):
    assert format_value(value) == text


def test_an_interval_decides_the_digits_of_value_and_ends():
    interval = Interval(0.3912, 0.4308, 0.95, "jackknife")

    assert format_value(0.411, interval) == "0.411"
    assert format_interval(interval, 0.411) == "[0.391, 0.431]"


def test_an_interval_without_width_or_with_infinite_ends_still_has_digits():
    assert format_value(0.5, Interval(0.5, 0.5, 0.95, "x")) == "0.5000"
    assert format_interval(Interval(-math.inf, math.inf, 0.95, "x"), 0.5) == "[−∞, ∞]"
    assert format_interval(None) == "—"


def test_a_value_that_rounds_to_zero_has_no_sign():
    assert format_value(-0.0001, Interval(-0.5, 0.5, 0.95, "x")) == "0.00"


def test_a_unit_follows_the_number():
    assert format_value(18.4, unit="dB") == "18.40 dB"


@pytest.mark.parametrize(
    ("ratio", "text"), [(None, "—"), (3.1416, "3.1×"), (0.84, "0.84×"), (140.2, "140×"), (math.inf, "∞×")]
)
def test_a_ratio_counts_noise_floors(ratio, text):
    assert format_ratio(ratio) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "under 1 s"), (59.7, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")]
)
def test_a_duration_reads_as_words(seconds, text):
    assert format_duration(seconds) == text


def test_sizes_use_powers_of_1024():
    assert [format_bytes(n) for n in (0, 1023, 1024, 3 * 1024**3)] == ["0 B", "1023 B", "1.0 KiB", "3.0 GiB"]


def test_the_floor_word_never_claims_what_is_unknown():
    assert [floor_word(x) for x in (True, False, None)] == ["worse than floor", "within floor", "unknown"]


def test_escape_sequences_and_undecodable_bytes_become_harmless():
    assert printable("a\x1b[31mred\udc80.png") == "a�[31mred�.png"


@given(st.floats(), st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_every_float_has_a_form_without_ascii_minus_or_exponent(value, low, high):
    interval = Interval(min(low, high), max(low, high), 0.95, "x")

    for text in (
        format_value(value),
        format_value(value, interval),
        format_interval(interval, value),
        format_ratio(value),
    ):
        assert text and "-" not in text and "nan" not in text and "e+" not in text
