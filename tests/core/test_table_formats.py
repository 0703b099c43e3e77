"""Tables for papers and notes: they compile or render whatever the names are, and a gap says why it is one."""

from __future__ import annotations

import json
import math
import re

import pytest

from planetview.core.results import MetricValue, Results
from planetview.core.stats import Interval
from planetview.core.table_formats import table_caption, values_latex, values_markdown
from planetview.core.tables import COLUMNS, values_json
from tests.samples import sample_results


@pytest.fixture
def results(tmp_path) -> Results:
    return sample_results(tmp_path, n=6)


def one(candidate: str = "gan", metric: str = "fd", extractor: str | None = "vgg16-st", **more) -> MetricValue:
    told = {"value": 0.412, "interval": Interval(0.381, 0.443, 0.95, "jackknife"), "floor": 0.2, "ratio": 2.06}
    return MetricValue(metric, extractor, candidate, n=1450, seed=7, **(told | more))


def markdown_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def latex_rows(text: str) -> list[list[str]]:
    body = text.split(r"\midrule")[1].split(r"\bottomrule", maxsplit=1)[0]
    lines = [line for line in body.splitlines() if line.endswith(r"\\")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix(r"\\"))] for line in lines]


def test_markdown_has_a_row_per_value_and_aligned_numbers(results):
    text = values_markdown(results.values, "1.2.3")
    rows = markdown_rows(text)

    assert rows[0] == ["Metric", "Candidate", "Value", "Noise floor", "Ratio", "n"]
    assert [cell.endswith(":") for cell in rows[1]] == [False, False, True, True, True, True]
    assert len(rows) == 2 + len(results.values)
    assert len({len(line) for line in text.splitlines() if line.startswith("|")}) == 1


def test_a_value_stands_with_its_interval_floor_ratio_and_count():
    (row,) = markdown_rows(values_markdown([one()], "1"))[2:]

    assert row[2:] == ["0.412 ± 0.031", "0.2000", "2.1×", "1,450"]
    assert latex_rows(values_latex([one()], "1"))[0][2:] == [r"$0.412 \pm 0.031$", "$0.2000$", r"$2.1\times$", "1,450"]


def test_published_names_are_used_where_the_pair_has_one():
    for text in (
        values_markdown([one(extractor="inception-tf1")], "1"),
        values_latex([one(extractor="inception-tf1")], "1"),
    ):
        assert "FID (torch-fidelity)" in text


def test_a_missing_value_refers_to_its_reason_and_equal_reasons_stand_once():
    gaps = [MetricValue("ms-ssim", None, name, reason="needs 100 % of it & more") for name in ("a", "b")]

    markdown, latex = values_markdown([one(), *gaps], "1"), values_latex([one(), *gaps], "1")

    assert [row[2] for row in markdown_rows(markdown)[3:]] == ["— (1)", "— (1)"]
    assert markdown.count(r"1. needs 100 % of it \& more") == 1
    assert [row[2:] for row in latex_rows(latex)[1:]] == [["---$^{1}$", "---", "---", "---"]] * 2
    assert latex.count(r"$^{1}$~needs 100 \% of it \& more\par") == 1


HOSTILE = (
    "a_b",
    "50%",
    "x&y",
    "#1",
    "$5",
    "{",
    "}",
    "~",
    "^",
    "\\input{x}",
    "[1em]",
    "*",
    "a--b",
    "l1\nl2",
    "a|b",
    "<b>",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_a_table(name):
    latex, markdown = values_latex([one(name), one()], "1"), values_markdown([one(name), one()], "1")

    assert {len(row) for row in latex_rows(latex)} == {6}
    assert {len(row) for row in markdown_rows(markdown)} == {6}
    cell = latex_rows(latex)[0][1]
    commands_gone = re.sub(r"\\(text[a-z]+\{\}|[&%$#_{}])", "", cell)
    assert not re.search(r"[\\&%$#_~^<>|]", commands_gone)
    assert commands_gone.count("{") == commands_gone.count("}")
    # After the end of a row LaTeX takes a bracket or a star for an option.
    assert not cell.startswith(("[", "*"))
    assert "--" not in cell


def test_a_metric_of_another_version_keeps_its_id_and_cannot_open_an_option():
    assert latex_rows(values_latex([one(metric="[new_one]")], "1"))[0][0].startswith(r"{[}new\_one{]}")


@pytest.mark.parametrize(
    ("number", "interval", "expected"),
    [
        (3.1e-7, None, r"$3.10 \times 10^{-7}$"),
        (-1.5, None, "$-1.500$"),
        (math.inf, None, r"$\infty$"),
        (0.96, Interval(0.91, 0.98, 0.95, "Wilson"), r"$0.960\ [0.910, 0.980]$"),
    ],
)
def test_numbers_are_set_as_mathematics(number, interval, expected):
    assert latex_rows(values_latex([one(value=number, interval=interval)], "1"))[0][2] == expected


def test_the_metric_is_named_once_for_all_its_candidates_in_latex():
    text = values_latex([one("a"), one("b"), one("a", "ssim", None)], "1")

    assert [bool(row[0]) for row in latex_rows(text)] == [True, False, True]
    assert text.count(r"\addlinespace") == 1


def test_the_caption_names_intervals_seed_and_version():
    caption = table_caption([one(), one(metric="closer-to-reference")], "1.2.3")

    for part in ("95 % intervals (jackknife)", "Seed 7", "PlanetView 1.2.3", "images a side", "chance"):
        assert part in caption
    comments = [line for line in values_latex([one()], "1.2.3").splitlines() if line.startswith("%")]
    assert any(r"\caption{" in line and "PlanetView 1.2.3" in line for line in comments)


def test_a_table_without_any_value_is_still_a_table():
    assert len(markdown_rows(values_markdown([], "1"))) == 2
    assert r"\end{tabular}" in values_latex([], "1")
    assert json.loads(values_json([], "1")) == {"planetview": "1", "values": []}


def test_json_keeps_every_digit_and_says_infinity_in_words(results):
    odd = one(
        value=math.inf, interval=Interval(-math.inf, math.nan, 0.95, "x"), notes=("a; b",), extra={"unbiased": 0.1}
    )
    read = json.loads(values_json([*results.values, odd], "1.2.3"))

    assert read["planetview"] == "1.2.3"
    assert all(tuple(row) == COLUMNS for row in read["values"])
    assert [row["value"] for row in read["values"][:-1]] == [value.value for value in results.values]
    last = read["values"][-1]
    assert (last["value"], last["low"], last["high"]) == ("inf", "-inf", None)
    assert (last["notes"], last["extra"]) == (["a; b"], {"unbiased": 0.1})
