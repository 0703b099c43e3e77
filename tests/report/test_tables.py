"""The value tables: every number survives a round trip, every cell has a row, no reader is surprised."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest

from planetview.core.results import MetricValue, Results
from planetview.core.stats import Interval
from planetview.report.tables import values_csv, values_tsv
from tests.samples import sample_results


@pytest.fixture
def results(tmp_path) -> Results:
    return sample_results(tmp_path, n=6)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_cell_of_the_results_has_a_row_in_order(results):
    found = [(row["metric"], row["extractor"], row["candidate"]) for row in rows(values_csv(results))]

    assert found == [(v.metric, v.extractor or "", v.candidate) for v in results.values]


def test_numbers_come_back_bit_for_bit(results):
    for row, cell in zip(rows(values_csv(results)), results.values, strict=True):
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

    (row,) = rows(values_csv(replace(results, values=(odd,))))

    assert float(row["value"]) == math.inf
    assert float(row["low"]) == -math.inf
    assert math.isnan(float(row["high"]))


def test_a_metric_of_another_version_keeps_its_id_as_label(results):
    (row,) = rows(values_csv(replace(results, values=(MetricValue("new-metric", None, "gan_v1", 1.0),))))

    assert (row["label"], row["family"]) == ("new-metric", "")


def test_hostile_names_neither_break_rows_nor_run_as_formulas(results):
    name = '=HYPERLINK("http://x"),\n"evil"'
    hostile = replace(results, values=(MetricValue("fd", "vgg16-st", name, 1.0, notes=("a", "b; c")),))

    (row,) = rows(values_csv(hostile))

    assert row["candidate"] == "'" + name
    assert row["notes"] == "a; b; c"


def test_the_first_line_is_the_header_and_no_line_is_a_comment(results):
    text = values_csv(results)

    assert text.startswith("metric,label,")
    assert not any(line.startswith("#") for line in text.splitlines())


def test_tsv_has_the_same_cells_one_line_a_row(results):
    broken = replace(results.values[0], candidate="two\nlines\tand tab")
    text = values_tsv(replace(results, values=(broken, *results.values[1:])))

    lines = [line.split("\t") for line in text.splitlines()]
    assert len(lines) == 1 + len(results.values)
    assert {len(line) for line in lines} == {len(lines[0])}
    assert lines[1][6] == "two lines and tab"
    assert float(lines[1][7]) == results.values[0].value
