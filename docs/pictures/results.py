"""The results that the pictures show."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from planetview.app import prepare_demo
from planetview.core.cancel import CancelToken
from planetview.core.datasets import Dataset, Role
from planetview.core.messages import CompareRequest, JobResult, Message, Outcome, Progress, ScanRequest, ScanResult
from planetview.core.results import Gap, RealNeighbours, Results
from planetview.core.study import Study, load_study, save_study


def nearby(results: Results) -> Results:
    """Return results whose files are named from the folder that holds them all, and go there.

    A picture must not show where the files lie on the machine that took it.
    """
    home = Path(os.path.commonpath([image.path for dataset in results.datasets for image in dataset.images]))
    os.chdir(home)

    def moved(dataset: Dataset) -> Dataset:
        images = tuple(replace(image, path=image.path.relative_to(home)) for image in dataset.images)
        return replace(dataset, source=Path("~/planetview-demo") / dataset.name, images=images)

    return replace(results, datasets=tuple(moved(dataset) for dataset in results.datasets))


def results_to_show(study: Path | None, is_sample: bool, scratch: Path) -> Results:
    """Return the results of a study, or made-up ones, or those of the demo."""
    if is_sample:
        from tests.samples import sample_results

        return with_gaps(sample_results(scratch / "tiles", 60))
    if study is not None:
        results = load_study(study).results
        if results is None:
            raise SystemExit(f"{study} has no results: open it, run it, save it.")
        return results
    return demo_results()


def with_gaps(results: Results) -> Results:
    """Return results with made-up neighbours of the real images, a sixth of which have none near."""
    rng = np.random.default_rng(2)
    reference, held_out = results.with_role(Role.REFERENCE)[0], results.with_role(Role.HELD_OUT)[0]
    made = []
    for candidate in results.with_role(Role.CANDIDATE):
        n = min(len(candidate), len(held_out))
        compared = np.sort(rng.permutation(len(reference))[:n])
        distances = np.sort(rng.gamma(4, 0.1, (n, 3)), axis=1)
        radii = np.quantile(distances[:, 0], 0.83) * rng.uniform(0.8, 1.2, n)
        near = RealNeighbours(
            rng.integers(0, len(candidate), (n, 3)), distances, radii, rng.integers(0, len(held_out), n),
            rng.gamma(4, 0.08, n),
        )  # fmt: skip
        gone = compared[distances[:, 0] >= radii]
        made.append(Gap(candidate.name, "vgg16-st", compared, gone, gone[: gone.size // 3], near))
    return replace(results, gaps=tuple(made))


def demo_results() -> Results:
    """Return the results of the demo, from the cache or computed here."""
    from planetview.core.paths import cache_dir
    from planetview.engine.engine import TorchEngine

    kept = cache_dir() / "screenshots.planetview"
    if kept.is_file() and (results := load_study(kept).results) is not None and _is_whole(results):
        return results
    engine, token = TorchEngine(), CancelToken()
    found = _outcome_of(engine.run(ScanRequest(prepare_demo(token.check)), token))
    assert isinstance(found, ScanResult)
    sets = {role: tuple(d for d in found.datasets if d.role is role) for role in Role}
    request = CompareRequest(sets[Role.REFERENCE][0], sets[Role.CANDIDATE], sets[Role.HELD_OUT][0])
    results = _outcome_of(engine.run(request, token))
    assert isinstance(results, Results)
    save_study(Study("Demo", results=results), kept)
    return results


def _is_whole(results: Results) -> bool:
    """Return whether results hold all that pictures show: those of older versions have no neighbours of real images."""
    gaps = [gap.neighbours is not None for gap in results.gaps]
    return bool(gaps) and all(gaps) and bool(results.random_pairs)


def _outcome_of(messages: Iterator[Message]) -> Outcome:
    """Return what a job found, telling its progress on the way."""
    for message in messages:
        if isinstance(message, Progress):
            sys.stderr.write(f"\r{message.fraction:4.0%} {message.label:60}")
        elif isinstance(message, JobResult):
            sys.stderr.write("\n")
            return message.outcome
    raise RuntimeError("the engine ended without a result")
