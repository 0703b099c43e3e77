"""The pictures of studies at the edges: other scripts, one image, 50,000 images, many candidates, small windows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox

from pictures.opening import box, choose, press, window_with
from pictures.results import nearby
from pictures.study_pages import stage_entropy, stage_neighbours
from pictures.taking import SMALL, Studio, wait
from planetview.core.datasets import Dataset, Role
from planetview.core.results import Results
from planetview.gui.actions import PAGE_ACTIONS, STUDY_PAGES
from planetview.gui.models.neighbour_order import Order
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.plots.scatter import ScatterPlot
from tests.gui.neighbour_samples import two_space_results
from tests.samples import sample_results

_SCRIPTS = {
    "real_train": "月面クレーター訓練",
    "real_test": "月面クレーター検証",
    "gan_v1": "صور اصطناعية ١",
    "gan_v2": "合成画像 第二版",
}


def take_extremes(studio: Studio, results: Results, scratch: Path) -> None:
    """Picture each of them."""
    take_scripts(studio, scratch / "scripts")
    take_one(studio, scratch / "one")
    take_many_images(studio)
    take_many_candidates(studio, results)
    take_small(studio, results)


def take_scripts(studio: Studio, scratch: Path) -> None:
    """Picture sets and images with Japanese and Arabic names."""
    before = Path.cwd()
    window = window_with(studio, renamed(nearby(sample_results(scratch, 24)), _SCRIPTS), "月と火星 — القمر والمريخ")
    for page in STUDY_PAGES:
        window.show_page(page)
        studio.take(window, f"scripts-{page}")
    studio.close(window)
    os.chdir(before)


def take_one(studio: Studio, scratch: Path) -> None:
    """Picture sets of one image or two."""
    before = Path.cwd()
    window = window_with(studio, nearby(sample_results(scratch, 1)), "One image")
    for page in STUDY_PAGES:
        window.show_page(page)
        studio.take(window, f"one-{page}")
    studio.close(window)
    os.chdir(before)


def take_many_images(studio: Studio) -> None:
    """Picture made-up numbers over 50,000 images a set, whose files are nowhere."""
    window = window_with(studio, two_space_results(50_000), "Fifty thousand")
    for page in ("datasets", "neighbours", "entropy", "correlation"):
        window.show_page(page)
        studio.take(window, f"many-{page}")
    studio.close(window)


def take_many_candidates(studio: Studio, results: Results) -> None:
    """Picture the pages that set candidates beside each other, with eight of them."""
    window = window_with(studio, eight_candidates(results), "Eight candidates")
    for page in ("overview", "entropy", "correlation"):
        window.show_page(page)
        studio.take(window, f"eight-{page}")
    panels = window.pages.page("correlation").findChild(PanelView)
    wait(600)
    panels.setCurrentIndex(panels.model().index(0, 0))
    press(panels, Qt.Key.Key_Return)
    studio.take(window, "eight-correlation-open")
    page = window.pages.page("correlation")
    next(tick for tick in page.findChildren(QCheckBox) if tick.text().startswith("&Overlay")).click()
    plot = next(plot for plot in page.findChildren(ScatterPlot) if plot.isVisible())

    def bring_forward() -> None:
        # A theme draws the plot anew, and the preview with it.
        for key in (Qt.Key.Key_Period, Qt.Key.Key_I):
            press(plot, key)

    press(plot, Qt.Key.Key_N)
    studio.take(window, "eight-correlation-front", prepare=bring_forward)
    plot.previews.end()
    studio.close(window)


def take_small(studio: Studio, results: Results) -> None:
    """Picture every page in the smallest window with the largest text."""
    window = window_with(studio, results, "Demo: the Moon", SMALL)
    for page in PAGE_ACTIONS:
        window.show_page(page)
        if page == "neighbours":
            stage_neighbours(results, window.pages.page(page))
            choose(box(window.pages.page(page), "Sort"), Order.WORST)
        elif page == "entropy":
            stage_entropy(window.pages.page(page))
        studio.take(window, f"small-{page}")
        studio.take(window, f"small-large-text-{page}", text_scale=2.0)
    studio.close(window)


def renamed(results: Results, names: Mapping[str, str]) -> Results:
    """Return results whose sets, and images, have other names."""

    def of(dataset: Dataset) -> Dataset:
        name = names.get(dataset.name, dataset.name)
        images = tuple(replace(image, name=f"{name}_{n:03d}.png") for n, image in enumerate(dataset.images))
        return replace(dataset, name=name, source=Path("~/月") / name, images=images)

    def new(name: str) -> str:
        return names.get(name, name)

    return replace(
        results,
        datasets=tuple(map(of, results.datasets)),
        values=tuple(replace(value, candidate=new(value.candidate)) for value in results.values),
        neighbours=tuple(replace(t, query=new(t.query), bank=new(t.bank)) for t in results.neighbours),
        pairs=tuple(replace(t, query=new(t.query), bank=new(t.bank)) for t in results.pairs),
        correlations=tuple(replace(c, candidate=new(c.candidate)) for c in results.correlations),
        random_pairs=tuple(replace(t, query=new(t.query), bank=new(t.bank)) for t in results.random_pairs),
        random_correlations=tuple(replace(c, candidate=new(c.candidate)) for c in results.random_correlations),
        gaps=tuple(replace(gap, query=new(gap.query)) for gap in results.gaps),
        entropy_bits={new(name): bits for name, bits in results.entropy_bits.items()},
        channel_bits={new(name): bits for name, bits in results.channel_bits.items()},
        unusable={new(name): images for name, images in results.unusable.items()},
    )


def eight_candidates(results: Results) -> Results:
    """Return results with copies of the candidates under other names, eight in all."""
    made, candidates = results, [d.name for d in results.with_role(Role.CANDIDATE)]
    while len(made.with_role(Role.CANDIDATE)) < 8:
        number = len(made.with_role(Role.CANDIDATE)) + 1
        old = candidates[number % len(candidates)]
        copy = renamed(results, {old: f"stylegan3_epoch_{number:04d}"})
        made = _with_candidate(made, copy, f"stylegan3_epoch_{number:04d}")
    return made


def _with_candidate(results: Results, other: Results, name: str) -> Results:
    return replace(
        results,
        datasets=(*results.datasets, other.dataset(name)),
        values=(*results.values, *(value for value in other.values if value.candidate == name)),
        neighbours=(*results.neighbours, *(t for t in other.neighbours if t.query == name)),
        pairs=(*results.pairs, *(t for t in other.pairs if t.query == name)),
        correlations=(*results.correlations, *(c for c in other.correlations if c.candidate == name)),
        random_pairs=(*results.random_pairs, *(t for t in other.random_pairs if t.query == name)),
        random_correlations=(
            *results.random_correlations, *(c for c in other.random_correlations if c.candidate == name)
        ),
        gaps=(*results.gaps, *(gap for gap in other.gaps if gap.query == name)),
        entropy_bits={**results.entropy_bits, name: other.entropy_bits[name]},
    )  # fmt: skip
