"""What is said of a candidate: claims that intervals support, in words that window, terminal and report share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planetview.core.copies import MUCH_NEARER, suspected_copies
from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.findings import Evidence, Finding, Tone, Verdict, clauses, findings, main_value, percent, verdict
from planetview.core.results import Gap, MetricValue, Neighbours, Results
from planetview.core.settings import RunSettings
from planetview.core.stats import Interval


def value(metric: str, candidate: str, number: float, extractor: str | None = "vgg16-st", **more) -> MetricValue:
    interval = Interval(number - 0.01, number + 0.01, 0.95, "jackknife")
    return MetricValue(metric, extractor, candidate, number, interval, **{"n": 450, **more})


def dataset(name: str, role: Role, labels: list[str | None]) -> Dataset:
    images = tuple(
        ImageRecord(f"{i}.png", Path(f"{i}.png"), None, label, f"{name}{i}", 1, 8, 8, 1, "uint8")
        for i, label in enumerate(labels)
    )
    return Dataset(name, role, Path(name), SourceKind.FOLDER, images)


def study(labels: list[str | None], gaps: tuple[Gap, ...] = (), held_out: int = 20, **more) -> Results:
    sets = (
        dataset("real", Role.REFERENCE, labels),
        dataset("test", Role.HELD_OUT, [None] * held_out),
        dataset("gan", Role.CANDIDATE, [None] * 4),
    )
    kept = tuple(s for s in sets if len(s))
    return Results(kept, RunSettings(), more.pop("values", ()), more.pop("neighbours", ()), (), (), {}, gaps=gaps)


def texts(found: tuple[Finding, ...]) -> list[str]:
    return [finding.text for finding in found]


def test_the_verdict_is_beyond_as_soon_as_one_number_is_and_unknown_without_a_floor():
    within = value("fd", "gan", 0.2, beyond_floor=False)
    beyond = value("recall", "gan", 0.0, beyond_floor=True)
    copying = value("closer-to-reference", "gan", 0.9, beyond_floor=True)

    assert verdict([within]) is Verdict.WITHIN
    assert verdict([within, beyond]) is Verdict.BEYOND
    assert verdict([value("fd", "gan", 0.2)]) is Verdict.UNKNOWN
    # A set of copies passes every distance: good numbers must not be called good then.
    assert verdict([within, copying]) is Verdict.COPIES
    assert verdict([within, copying, beyond]) is Verdict.BEYOND
    assert verdict([]) is Verdict.UNKNOWN


def test_dinov2_speaks_before_other_features_and_frechet_before_other_metrics():
    values = [
        value("kid-poly", "gan", 0.1),
        value("fd", "gan", 0.3),
        value("fd", "gan", 4.0, "dinov2-vitl14"),
        value("psnr", "gan", 20.0, None),
    ]

    assert main_value(values) is values[2]
    assert main_value(values[:2]) is values[1]
    assert main_value(values[3:]) is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (
            value("fd", "gan", 6.2, "dinov2-vitl14", floor=2.0, ratio=3.1, beyond_floor=True),
            "3.1× the noise floor by FD-DINOv2",
        ),
        (value("fd", "gan", 0.62, floor=0.2, ratio=3.1, beyond_floor=True), "3.1× the noise floor by Fréchet distance"),
        (
            value("fd", "gan", 0.62, floor=0.2, floor_interval=Interval(0.19, 0.21, 0.95, "x")),
            "Fréchet distance 0.620 beside a noise floor of 0.200",
        ),
        (value("fd", "gan", 0.62), "Fréchet distance 0.620, with no noise floor to read it against"),
    ],
)
def test_the_first_clause_puts_the_main_number_against_its_floor(cell, expected):
    first = clauses([cell], "gan")[0]

    assert first.text == expected
    assert (first.evidence, first.metric, first.extractor) == (Evidence.CELL, "fd", cell.extractor)


def test_several_extractors_are_told_apart():
    values = [value("fd", "gan", 0.6, floor=0.2, ratio=3.0), value("fd", "gan", 0.6, "clip-vit-b-16", floor=0.2)]

    assert clauses(values, "gan")[0].text == "3.0× the noise floor by Fréchet distance on VGG-16 (ST-LPIPS)"


def test_numbers_worse_than_held_out_are_counted_and_none_is_good_news():
    values = [value(metric, "gan", 1.0, floor=0.5, beyond_floor=metric == "fd") for metric in ("fd", "cmmd", "recall")]

    worse = next(found for found in clauses(values, "gan") if found.evidence is Evidence.BEYOND)
    assert (worse.tone, worse.text) == (Tone.BAD, "1 of 3 numbers worse than held-out real images")

    none = next(found for found in clauses(values[1:], "gan") if found.evidence is Evidence.BEYOND)
    assert (none.tone, none.text) == (Tone.GOOD, "none of 2 numbers worse than held-out real images")


def test_copying_is_claimed_only_beyond_chance():
    cell = value("closer-to-reference", "gan", 0.76, floor=0.5, beyond_floor=True)

    assert texts(clauses([cell], "gan")) == ["76 % lie nearest to a reference image (chance: 50 %)"]
    assert clauses([replace(cell, beyond_floor=False)], "gan") == ()


def test_the_class_with_the_most_gaps_is_named_beside_what_held_out_images_leave():
    labels: list[str | None] = ["crater"] * 20 + ["dune"] * 20 + ["rock"] * 3
    uncovered = np.array([0, 1, 2, 3, 4, 20, 40, 41, 42])
    gap = Gap("gan", "vgg16-st", np.arange(43), uncovered, np.array([0, 21]))

    (found,) = clauses((), "gan", study(labels, (gap,)))[:1]

    assert found.text == "25 % of real 'crater' images have no synthetic neighbour (held-out: 5 %)"
    assert (found.evidence, found.extractor, found.label) == (Evidence.GAPS, "vgg16-st", "crater")
    (sentence,) = findings(study(labels, (gap,)), "gan")[:1]
    assert sentence.text == (
        "By VGG-16 (ST-LPIPS), 25 % of real 'crater' images have no synthetic neighbour (held-out: 5 %) "
        "[9 of 43 in all, 2 for as many held-out images]."
    )


def test_without_classes_the_share_of_all_real_images_is_given():
    gap = Gap("gan", "vgg16-st", np.arange(0, 40, 2), np.array([0, 2, 4]), None)

    assert clauses((), "gan", study([None] * 40, (gap,)))[0].text == "15 % of real images have no synthetic neighbour"


def test_only_compared_images_count_in_a_class():
    labels: list[str | None] = ["crater", "dune"] * 20
    gap = Gap("gan", "vgg16-st", np.arange(0, 40), np.arange(0, 40, 4), None)
    half = replace(gap, compared=np.arange(0, 40, 2))

    assert "50 % of real 'crater'" in clauses((), "gan", study(labels, (gap,)))[0].text
    assert clauses((), "gan", study(labels, (half,)))[0].text.startswith("50 % of real images")


@pytest.mark.parametrize(("beyond", "tone"), [(True, Tone.BAD), (False, Tone.GOOD), (None, Tone.NOTE)])
def test_gaps_speak_against_a_candidate_where_its_coverage_is_beyond_the_floor(beyond, tone):
    gap = Gap("gan", "vgg16-st", np.arange(40), np.arange(6), None)
    cell = value("coverage", "gan", 0.85, floor=0.9, beyond_floor=beyond)

    found = clauses((cell,), "gan", study([None] * 40, (gap,), values=(cell,)))

    assert next(f for f in found if f.evidence is Evidence.GAPS).tone is tone


def near_and_far(near: list[float], far: list[float]) -> tuple[Neighbours, ...]:
    def table(bank: str, distances: list[float]) -> Neighbours:
        column = np.array(distances)[:, None]
        return Neighbours("gan", bank, "vgg16-st", np.zeros(column.shape, np.int64), column)

    return table("real", near), table("test", far)


def test_suspected_copies_are_counted_beside_what_cannot_be_copies():
    near, far = [0.1, 0.74, 0.76, 1.0, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    results = study([None] * 20, neighbours=near_and_far(near, far))

    found = suspected_copies(results, "gan")

    assert found is not None
    assert found.suspected.tolist() == [d < MUCH_NEARER * e for d, e in zip(near, far, strict=True)]
    assert (found.count, found.mirrored) == (2, 1)
    assert texts(clauses((), "gan", results)) == ["2 suspected copies (held-out: 1)"]
    (sentence,) = findings(results, "gan")
    assert "2 images lie much nearer to a reference image than to any held-out one" in sentence.text
    assert "1 the other way round, which cannot be copies" in sentence.text


def test_no_suspected_copy_is_said_and_without_a_held_out_set_nothing_is():
    alike = near_and_far([1.0, 1.0], [1.0, 1.0])

    (found,) = clauses((), "gan", study([None] * 20, neighbours=alike))
    assert (found.tone, found.text) == (Tone.GOOD, "no suspected copies")
    assert suspected_copies(study([None] * 20, held_out=0, neighbours=alike), "gan") is None
    assert clauses((), "gan", study([None] * 20, held_out=0, neighbours=alike)) == ()


@pytest.mark.parametrize(
    ("copies", "mirrored", "held_out", "is_bad"), [(30, 2, 20, True), (3, 2, 20, False), (30, 2, 2, False)]
)
def test_suspected_copies_speak_against_a_candidate_beyond_the_share_of_the_reference(
    copies, mirrored, held_out, is_bad
):
    near = [0.1] * copies + [1.0] * mirrored
    far = [1.0] * copies + [0.1] * mirrored
    results = study([None] * 20, held_out=held_out, neighbours=near_and_far(near, far))

    (found,) = clauses((), "gan", results)

    assert (found.tone is Tone.BAD) is is_bad


def test_the_size_of_the_reference_is_told_where_it_alone_brings_neighbours_nearer():
    results = study([None] * 40, held_out=10, neighbours=near_and_far([0.1], [1.0]))

    assert "the reference is 4.0× as large" in findings(results, "gan")[0].text


def test_shares_never_round_up_to_all_or_down_to_none():
    assert (percent(0.9999), percent(0.001), percent(1.0), percent(0.0)) == ("> 99 %", "< 1 %", "100 %", "0 %")
