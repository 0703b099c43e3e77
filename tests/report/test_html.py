"""The report: everything in one file, nothing from outside, nothing a file name could run."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from planetview.core.catalogue import METRICS
from planetview.core.datasets import ImageRecord, SharedImages
from planetview.core.errors import ImageProblem
from planetview.core.findings import Tone, findings
from planetview.core.formatting import format_value
from planetview.core.ranking import clearly_best
from planetview.core.report_options import ReportOptions
from planetview.core.results import Gap, RealNeighbours, Results
from planetview.core.study import load_study
from planetview.report.charts import Scatter, Series, histogram, scatter, ticks
from planetview.report.html import render_report
from planetview.report.paged import paged_report
from tests.samples import sample_results

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Collects what a test asks of a page, and checks that tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == [], f"tags left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def load(record: ImageRecord) -> np.ndarray:
    return np.asarray(Image.open(record.path).convert("RGB"))


@pytest.fixture
def results(tmp_path) -> Results:
    return sample_results(tmp_path, n=10)


def test_the_page_is_well_nested_and_refers_to_nothing_outside(results):
    html = render_report(results, load)

    page = Page(html)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    for _, attrs in page.tags:
        for name in ("src", "href", "srcset", "action"):
            assert (attrs.get(name) or "#").startswith(("data:image/", "#"))
        assert not any(name.startswith("on") for name in attrs)
    assert "@import" not in html and "url(" not in html and "http://" not in html and "https://" not in html


def test_every_metric_is_defined_with_formula_caveats_and_source(results):
    text = Page(render_report(results, load)).text

    for spec in METRICS.values():
        for words in (spec.label, spec.definition, spec.formula, spec.caveats, spec.citation):
            assert words in text


def test_a_cell_without_a_value_says_why(results):
    text = Page(render_report(results, load)).text

    for value in results.values:
        assert value.value is not None or value.reason in text


def hostile(results: Results, name: str) -> Results:
    first = results.datasets[2]
    images = tuple(replace(image, name=f"{i}{name}") for i, image in enumerate(first.images))
    shared = (SharedImages(name, name, ((name, name),)),)
    return replace(
        results,
        datasets=(*results.datasets[:2], replace(first, images=images, notes=(name,)), *results.datasets[3:]),
        warnings=(name,),
        shared=shared,
        unusable={"gan_v1": ((name, name),)},
        provenance={name: {name: [name]}},
    )


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>.png", '"><img src=x onerror=a>', "'}}{{7*7}}", "a\x1b[31m\x00"]
)
def test_a_hostile_file_name_is_shown_not_obeyed(results, name):
    page = Page(render_report(hostile(results, name), load))

    assert not page.named("script")
    assert all((image["src"] or "").startswith("data:") for image in page.named("img"))
    assert name.replace("\x1b", "�").replace("\x00", "�") in page.text
    assert "\x1b" not in page.text


def test_a_name_that_is_not_utf8_on_disk_can_still_be_written(results):
    render_report(hostile(results, "crater_\udce9.png"), load).encode("utf-8")


def test_a_data_set_called_markup_is_escaped_in_the_charts(results):
    chart = histogram([Series("<b>&", np.arange(5.0), 0, 0)], "x", "y", "<i>\x1b")

    assert "<b>" not in chart and "<i>" not in chart and "\x1b" not in chart and "&lt;b&gt;&amp;" in chart


def test_an_image_that_cannot_be_loaded_becomes_a_placeholder_with_the_reason(results):
    def broken(record: ImageRecord) -> np.ndarray:
        raise ImageProblem("truncated: 3 of 9 bytes")

    page = Page(render_report(results, broken))

    assert not page.named("img")
    assert "No picture: truncated: 3 of 9 bytes" in page.text


def test_pictures_stop_at_their_budget_and_say_so(results, monkeypatch):
    monkeypatch.setattr("planetview.report.html._PICTURE_BYTES", 30_000)

    html = render_report(results, load)

    assert "left out to keep this page small" in html
    assert sum(map(len, re.findall(r"data:image/[^\"]*", html))) <= 30_000


def test_results_without_held_out_pairs_or_neighbours_still_make_a_page(results):
    only = tuple(d for d in results.datasets if d.name in ("real_train", "gan_v1"))
    values = tuple(
        replace(v, floor=None, floor_interval=None, ratio=None, beyond_floor=None, floor_reason="no held-out set")
        for v in results.values
        if v.candidate == "gan_v1"
    )
    bare = replace(results, datasets=only, values=values, neighbours=(), pairs=(), correlations=(), entropy_bits={})

    text = Page(render_report(bare, load)).text

    assert "No noise floor (no held-out set)" in text
    assert "No neighbours were computed." in text


def test_many_points_are_subsampled_and_the_page_states_it(results):
    n = 5000
    rng = np.random.default_rng(0)
    table = replace(
        results.pairs[0],
        query_index=np.arange(n),
        bank_index=np.zeros(n, int),
        entropy_bits=rng.random(n),
        scores={"ssim": rng.random(n)},
    )

    html = render_report(replace(results, pairs=(table,)), load)

    assert "2,000 of 5,000 points drawn, seed 2020" in html
    assert len(re.findall(r"M[\d.]+ [\d.]+h0", html)) == 2000


def test_the_regression_line_is_that_of_all_points():
    x = np.linspace(0, 4, 50)
    chart = scatter(Scatter("t", x, 3 - 2 * x, "x", "y", most_points=5, seed=1), 2)

    (line,) = re.findall(r'class="fit" x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"', chart)
    dots = [(float(a), float(b)) for a, b in re.findall(r"M([\d.]+) ([\d.]+)h0", chart)]
    x1, y1, x2, y2 = map(float, line)
    assert len(dots) == 5
    for px, py in dots:
        assert py == pytest.approx(y1 + (y2 - y1) * (px - x1) / (x2 - x1), abs=0.2)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 7.1), (1e-9, 2e-9), (5e7, 6e7)])
def test_ticks_are_few_round_and_inside(low, high):
    found = ticks(low, high)

    assert 2 <= len(found) <= 12
    assert all(low - 1e-9 * abs(low) <= at <= high + 1e-9 * abs(high) for at in found)


def tones(results: Results, candidate: str) -> list[tuple[Tone, str]]:
    return [(finding.tone, finding.text) for finding in findings(results, candidate)]


def test_findings_lead_with_the_noise_floor(results):
    tone, text = tones(results, "gan_v1")[0]
    assert tone is Tone.BAD and "3.1× the floor" in text

    tone, text = tones(results, "gan_v2")[0]
    assert tone is Tone.GOOD and "Not separable" in text


def test_exact_copies_of_real_images_are_a_finding(results):
    copied = replace(results, shared=(SharedImages("real_train", "gan_v2", (("a", "x"), ("a", "y"))),))

    assert (Tone.BAD, "2 images are exact copies of images in 'real_train'.") in tones(copied, "gan_v2")


def test_best_needs_an_interval_apart_from_all_others(results):
    fd = [replace(value, n=10) for value in results.values if value.metric == "fd"]
    assert fd[0].value is not None and fd[1].value is not None and fd[1].interval is not None
    best = min(fd, key=lambda value: value.value or 0)
    overlapping = [replace(value, interval=fd[1].interval) for value in fd]

    assert clearly_best(tuple(fd)) == {("fd", "vgg16-st", best.candidate)}
    assert clearly_best(tuple(overlapping)) == set()


def test_distances_at_different_sample_sizes_have_no_best(results):
    fd = tuple(value for value in results.values if value.metric == "fd")
    assert len({value.n for value in fd}) == 2

    assert clearly_best(fd) == set()


def test_copying_is_claimed_only_beyond_chance(results):
    cell = replace(results.value("closer-to-reference", "gan_v1"), value=0.8, floor=0.5, beyond_floor=True)

    claimed = tones(replace(results, values=(cell,)), "gan_v1")
    silent = tones(replace(results, values=(replace(cell, beyond_floor=False),)), "gan_v1")

    assert any(tone is Tone.BAD and "80 % of its images" in text and "about 50 %" in text for tone, text in claimed)
    assert not any(tone is Tone.BAD for tone, _ in silent)


def test_the_page_stays_small_with_large_images_and_many_candidates(results):
    template = results.datasets[2]
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    names = [f"gan_{i}" for i in range(30)]
    near = results.neighbours_of("gan_v1", "real_train")
    images = tuple(replace(image, digest=f"{image.digest}") for image in template.images)
    many = replace(
        results,
        datasets=(*results.datasets[:2], *(replace(template, name=name, images=images) for name in names)),
        values=(),
        neighbours=tuple(replace(near, query=name) for name in names),
    )
    make: Callable[[ImageRecord], np.ndarray] = lambda record: noise  # noqa: E731

    assert len(render_report(many, make)) < 6_000_000


def with_gaps(results: Results) -> Results:
    """Return results in which every real image is compared, the later ones being the farther."""
    n, m = len(results.datasets[0]), len(results.dataset("gan_v1"))
    distances = np.linspace(1, 2, 2 * n).reshape(n, 2)
    near = RealNeighbours(
        np.arange(2 * n).reshape(n, 2) % m, distances, np.full(n, 1.7), np.zeros(n, np.int64), np.full(n, 0.5)
    )
    outside = np.flatnonzero(distances[:, 0] >= 1.7)
    return replace(results, gaps=(Gap("gan_v1", "vgg16-st", np.arange(n), outside, outside[:2], near),))


@pytest.mark.parametrize("make", [render_report, lambda *a: paged_report(*a).html], ids=["screen", "paper"])
def test_the_worst_gaps_stand_beside_their_nearest_synthetic_images(results, make):
    shown = with_gaps(results)
    html = make(shown, load, ReportOptions())

    (gap,) = shown.gaps
    near = gap.neighbours
    share = f"{gap.uncovered.size} of {gap.compared.size} ({gap.uncovered.size / gap.compared.size:.0%})"
    assert f"{share.replace('%', ' %')} are gaps; beside as many images of real_test, 2 would be" in html
    part = html[html.index("Real images without a synthetic neighbour") :]
    part = part[: part.index(">Entropy</h2>")].replace("\u200b", "")
    pairs = re.findall(r"real<br>(\w+).*?synthetic · ([\d.]+)<br>(\w+)", part, re.DOTALL)
    expected = gap.uncovered[::-1][:6]
    names = [
        [image.name.partition(".")[0] for image in results.dataset(name).images] for name in ("real_train", "gan_v1")
    ]
    assert pairs == [(names[0][i], format_value(near.distances[i, 0]), names[1][near.indices[i, 0]]) for i in expected]
    assert "Real images without a synthetic neighbour" not in make(results, load, ReportOptions())
    assert "Real images without" not in make(shown, load, ReportOptions(pictures=False))


def options(tmp_path, **more) -> ReportOptions:
    measured = load_study(Path(__file__).parents[1] / "data/studies/schema-1-path-lengths.planetview").path_lengths
    return ReportOptions("Mars, first look", "INTERNAL <b>ONLY", path_lengths=measured, **more)


def test_the_marking_stands_at_the_head_and_foot_of_every_printed_page(results, tmp_path):
    html = render_report(results, load, options(tmp_path))

    page = Page(html)
    assert page.text.count("INTERNAL <b>ONLY") == 2
    assert html.index("<thead>") < html.index("INTERNAL") < html.index("<tfoot>")
    assert "INTERNAL" not in render_report(results, load)
    assert len(Page(render_report(results, load, ReportOptions(banner="x" * 500))).text.split("x" * 120)) == 3


def test_path_lengths_stand_with_their_generator_and_settings(results, tmp_path):
    text = Page(render_report(results, load, options(tmp_path))).text

    assert "network.pkl" in text and "PPL w full" in text and "123.4" in text and "screening" in text
    assert "No value: the generator does not give w" in text
    assert "Path lengths" not in Page(render_report(results, load)).text


def test_a_report_without_pictures_has_none_and_says_so(results, tmp_path):
    page = Page(render_report(results, load, options(tmp_path, pictures=False)))

    assert not page.named("img")
    assert "Pictures were left out of this report." in page.text


def test_the_verdict_stands_beside_each_candidate(results):
    text = Page(render_report(results, load)).text

    assert "beyond floor" in text and "within floor" in text


def test_the_report_for_paper_has_every_chart_and_picture_that_it_names(results, tmp_path):
    paged = paged_report(results, load, options(tmp_path))

    named = set(re.findall(r'src="([^"]*)"', paged.html))
    assert named == {*paged.charts, *paged.pictures}
    assert all(ElementTree.fromstring(svg) is not None for svg in paged.charts.values())
    assert all(Image.open(io.BytesIO(data)).size == (48, 48) for data in paged.pictures.values())
    assert paged.banner == "INTERNAL <b>ONLY" and "<script" not in paged.html


@pytest.mark.parametrize("name", ["<script>alert(1)</script>.png", '"><img src=x onerror=a>', "a\x1b[31m\x00"])
def test_a_hostile_file_name_is_shown_on_paper_too(results, name):
    html = paged_report(hostile(results, name), load, ReportOptions()).html

    assert "<script>alert" not in html and "<img src=x" not in html and "\x1b" not in html


def test_a_report_for_paper_without_held_out_pairs_or_neighbours_is_made(results):
    bare = replace(results, neighbours=(), pairs=(), correlations=(), entropy_bits={})

    assert "<h2" in paged_report(bare, load, ReportOptions(pictures=False)).html
