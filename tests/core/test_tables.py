"""The value tables: every number survives a round trip, every cell has a row, no reader is surprised."""

from __future__ import annotations

import csv
import io
import math

import pytest

from planetview.core.results import MetricValue, Results
from planetview.core.stats import Interval
from planetview.core.tables import values_csv
from tests.samples import sample_results


@pytest.fixture
def results(tmp_path) -> Results:
    return sample_results(tmp_path, n=6)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_cell_of_the_results_has_a_row_in_order(results):
    found = [(row["metric"], row["extractor"], row["candidate"]) for row in rows(values_csv(results.values))]

    assert found == [(v.metric, v.extractor or "", v.candidate) for v in results.values]


def test_numbers_come_back_bit_for_bit(results):
    for row, cell in zip(rows(values_csv(results.values)), results.values, strict=True):
        if cell.value is None:
            assert row["value"] == row["low"] == ""
            assert row["reason"] == cell.reason
        else:
            assert cell.interval is not None and cell.floor_interval is not None
            numbers = [float(row[k]) for k in ("value", "low", "high", "level", "floor", "floor_low", "floor_high")]
            assert numbers == [
                cell.value, cell.interval.low, cell.interval.high, cell.interval.level,
                cell.floor, cell.floor_interval.low, cell.floor_interval.high,
            ]  # fmt: skip
            assert row["beyond_floor"] == ("true" if cell.beyond_floor else "false")
            assert (int(row["n"]), int(row["seed"])) == (cell.n, cell.seed)


def test_infinite_and_undefined_numbers_stay_readable_as_floats(results):
    odd = MetricValue("psnr", None, "gan_v1", math.inf, Interval(-math.inf, math.nan, 0.95, "x"), n=1)

    (row,) = rows(values_csv((odd,)))

    assert float(row["value"]) == math.inf
    assert float(row["low"]) == -math.inf
    assert math.isnan(float(row["high"]))


def test_a_metric_of_another_version_keeps_its_id_as_label(results):
    (row,) = rows(values_csv((MetricValue("new-metric", None, "gan_v1", 1.0),)))

    assert (row["label"], row["family"]) == ("new-metric", "")


def test_hostile_names_neither_break_rows_nor_run_as_formulas(results):
    name = '=HYPERLINK("http://x"),\n"evil"'
    hostile = MetricValue("fd", "vgg16-st", name, 1.0, notes=("a", "b; c"))

    (row,) = rows(values_csv((hostile,)))

    assert row["candidate"] == "'" + name
    assert row["notes"] == "a; b; c"


def test_the_first_line_is_the_header_and_no_line_is_a_comment(results):
    text = values_csv(results.values)

    assert text.startswith("metric,label,")
    assert not any(line.startswith("#") for line in text.splitlines())
