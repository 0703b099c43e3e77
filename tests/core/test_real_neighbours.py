"""Real images and the synthetic ones nearest to them, over the whole reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planetview.core.neighbour_table import neighbour_columns, real_columns
from planetview.core.real_neighbours import NOBODY, candidates_with_real_neighbours, real_spaces, real_table
from planetview.core.results import Gap, RealNeighbours, Results
from tests.samples import sample_results

BY = "vgg16-st"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Return results over 20 real images, of which the places 3, 4 and 9 are compared."""
    near = RealNeighbours(
        np.array([[2, 1], [0, 5], [7, 2]]), np.array([[0.5, 0.6], [2.0, 2.5], [0.0, 1.0]]), np.array([1.0, 1.0, 0.0]),
        np.array([1, 2, 3]), np.array([0.1, 0.2, 0.3]),
    )  # fmt: skip
    gap = Gap("gan_v1", BY, np.array([3, 4, 9]), np.array([4, 9]), np.array([4]), near)
    old = Gap("gan_v2", BY, np.array([3, 4, 9]), np.array([4]))
    return replace(sample_results(tmp_path / "samples", n=10), gaps=(gap, old))


def test_rows_stand_at_the_places_of_the_images_that_were_compared(results):
    table = real_table(results, "gan_v1", BY)

    assert (table.to_candidate.query, table.to_candidate.bank) == ("real_train", "gan_v1")
    assert table.to_candidate.indices[[3, 4, 9]].tolist() == [[2, 1], [0, 5], [7, 2]]
    assert table.to_held_out.indices[[3, 4, 9], 0].tolist() == [1, 2, 3]
    assert table.radii[[3, 4, 9]].tolist() == [1.0, 1.0, 0.0]
    assert np.flatnonzero(table.compared).tolist() == [3, 4, 9]
    assert np.flatnonzero(table.gaps).tolist() == [4, 9]
    assert table.held_out_gaps == 1
    others = np.delete(np.arange(20), [3, 4, 9])
    assert (table.to_candidate.indices[others] == NOBODY).all()
    assert np.isnan(table.to_candidate.distances[others]).all() and np.isnan(table.radii[others]).all()


def test_only_runs_that_kept_them_have_neighbours_of_real_images(results):
    assert candidates_with_real_neighbours(results) == ("gan_v1",)
    assert real_spaces(results, "gan_v1") == (BY,) and real_spaces(results, "gan_v2") == ()
    with pytest.raises(KeyError):
        real_table(results, "gan_v2", BY)


def test_a_list_names_what_is_nearest_to_a_real_image(results):
    columns = real_columns(results, "gan_v1")

    fake, far = (results.dataset(name).images for name in ("gan_v1", "real_test"))
    row = dict(zip(columns.names, columns.cells(4), strict=True))
    assert row == {
        f"{BY}.is_gap": True, f"{BY}.radius": 1.0, f"{BY}.distance_over_radius": 2.0,
        f"{BY}.synthetic_1": fake[0].name, f"{BY}.synthetic_1_distance": 2.0,
        f"{BY}.synthetic_2": fake[5].name, f"{BY}.synthetic_2_distance": 2.5,
        f"{BY}.held_out_1": far[2].name, f"{BY}.held_out_1_distance": 0.2,
    }  # fmt: skip
    assert columns.cells(5) == [None] * len(columns.names)
    # A copy of an image that is there twice: on the surface of a ball of radius 0, and outside by definition.
    assert dict(zip(columns.names, columns.cells(9), strict=True))[f"{BY}.distance_over_radius"] == 1.0


def test_a_list_names_what_is_nearest_to_a_synthetic_image(results):
    columns = neighbour_columns(results, "gan_v1")
    near, far = (results.neighbours_of("gan_v1", bank).distances[2, 0] for bank in ("real_train", "real_test"))

    row = dict(zip(columns.names, columns.cells(2), strict=True))
    assert row[f"{BY}.reference_1_distance"] == near
    assert row[f"{BY}.reference_over_held_out"] == near / far
    assert row[f"{BY}.nearer_to_reference"] == (near < 0.75 * far)
