"""Copies stand out against chance, and chance is what random labels give."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.settings import RunSettings
from planetview.core.stretch import ResolvedStretch, Stretch
from planetview.engine.inputs import Inputs
from planetview.engine.values import Sets, closer_to_reference


def inputs(name: str, role: Role, n: int) -> Inputs:
    images = tuple(
        ImageRecord(f"{i}.png", Path(f"{i}.png"), None, None, f"{i:064x}", 1, 8, 8, 1, "uint8") for i in range(n)
    )
    dataset = Dataset(name, role, Path(name), SourceKind.FOLDER, images)
    return Inputs(dataset, ResolvedStretch(Stretch()), {}, np.zeros(n), (), 0)


def test_the_floor_of_copying_is_what_random_labels_give() -> None:
    rng = np.random.default_rng(4)
    real, held, n = 60, 30, 200
    nearest = rng.choice(real + held, n, p=rng.dirichlet(np.full(real + held, 0.3)))
    followers = np.bincount(nearest, minlength=real + held)
    drawn = np.array([followers[rng.permutation(real + held)[:real]].sum() / n for _ in range(20_000)])
    sets = Sets(inputs("r", Role.REFERENCE, real), inputs("h", Role.HELD_OUT, held), ())

    cell = closer_to_reference(nearest < real, nearest, inputs("c", Role.CANDIDATE, n), sets, "x", RunSettings())

    assert cell.floor_interval is not None
    assert cell.floor == 60 / 90
    assert abs(drawn.mean() - cell.floor) < 0.005
    half = (cell.floor_interval.high - cell.floor_interval.low) / 2
    assert abs(half / (1.959964 * drawn.std()) - 1) < 0.03


def test_a_handful_of_hubs_is_no_proof_of_copying() -> None:
    sets = Sets(inputs("r", Role.REFERENCE, 60), inputs("h", Role.HELD_OUT, 30), ())
    candidate = inputs("c", Role.CANDIDATE, 200)
    hubs, spread = np.repeat([0, 1], 100), np.arange(200) % 60

    by_hubs = closer_to_reference(hubs < 60, hubs, candidate, sets, "x", RunSettings())
    by_many = closer_to_reference(spread < 60, spread, candidate, sets, "x", RunSettings())

    assert by_hubs.value == by_many.value == 1.0
    assert by_hubs.beyond_floor is False
    assert by_many.beyond_floor is True
