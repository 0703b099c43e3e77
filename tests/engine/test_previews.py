"""Pictures to look at: the same as sampled ones, walks that begin and end at their seeds, one generator kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.consent import ConsentNeeded
from planetview.core.errors import UserError
from planetview.core.generation import GeneratorDescription, Preview
from planetview.core.messages import GeneratorRequest, JobFailure, JobResult, PreviewRequest, SampleRequest
from planetview.engine.engine import TorchEngine
from planetview.engine.previews import KeptGenerator, make_preview
from tests.engine.generators.linear import LinearGenerator
from tests.engine.generators.networks import stylegan2
from tests.engine.generators.pickles import write_network_pickle


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state, settings = stylegan2(16)
    return write_network_pickle(tmp_path_factory.mktemp("network") / "terrain.pkl", state, settings)


def previewed(engine: TorchEngine, request: PreviewRequest) -> Preview:
    *_, last = engine.run(request, CancelToken())
    assert isinstance(last, JobResult)
    assert isinstance(last.outcome, Preview)
    return last.outcome


def test_a_preview_is_the_picture_that_sampling_writes(network: Path, tmp_path: Path) -> None:
    engine = TorchEngine()
    list(engine.run(SampleRequest(network, 4, tmp_path / "set", noise="const"), CancelToken()))

    shown = previewed(engine, PreviewRequest(network, (0, 1, 2, 3)))

    written = [np.asarray(Image.open(path)) for path in sorted((tmp_path / "set").glob("*.png"))]
    assert shown.walk == ""
    assert np.abs(shown.images.astype(int) - np.stack(written).astype(int)).max() <= 1


def test_a_walk_begins_at_the_first_seed_and_ends_at_the_second(network: Path) -> None:
    engine = TorchEngine()
    ends = previewed(engine, PreviewRequest(network, (3, 8))).images.astype(int)

    walk = previewed(engine, PreviewRequest(network, (3, 8), walk=(0.0, 0.25, 0.5, 1.0)))

    images = walk.images.astype(int)
    assert walk.walk == "w"
    assert np.abs(images[0] - ends[0]).max() <= 1
    assert np.abs(images[-1] - ends[1]).max() <= 1
    assert 1 < np.abs(images[1] - ends[0]).mean() < np.abs(images[2] - ends[0]).mean()


def test_a_walk_without_styles_keeps_the_length_of_its_latents() -> None:
    generator = LinearGenerator(side=8, has_w=False, num_ws=0, w_dim=0)
    lengths: list[float] = []
    generate = generator.generate

    def watched(z, *rest):  # type: ignore[no-untyped-def]
        lengths.extend(z.norm(dim=1).tolist())
        return generate(z, *rest)

    generator.generate = watched  # type: ignore[method-assign]
    request = PreviewRequest(Path("x"), (1, 2), walk=(0.0, 0.5, 1.0))

    assert make_preview(generator, request, lambda: None).walk == "z"
    assert lengths[1] == pytest.approx((lengths[0] + lengths[2]) / 2, rel=1e-5)


def test_large_pictures_are_averaged_down_by_a_whole_factor() -> None:
    generator = LinearGenerator(side=48)

    whole = make_preview(generator, PreviewRequest(Path("x"), (5,), side=48), lambda: None).images[0, ..., 0]
    small = make_preview(generator, PreviewRequest(Path("x"), (5,), side=20), lambda: None).images[0, ..., 0]

    assert whole.shape == (48, 48)
    assert small.shape == (16, 16)


def test_one_generator_is_kept_and_a_changed_file_is_opened_anew(network: Path, tmp_path: Path) -> None:
    kept, path = KeptGenerator(), tmp_path / "network.pkl"
    path.write_bytes(network.read_bytes())
    kept.describe(GeneratorRequest(path), lambda: None)
    first = kept._generator
    kept.preview(PreviewRequest(path, (0,)), lambda: None)
    assert kept._generator is first

    state, settings = stylegan2(32, (6, 6, 4, 4))
    write_network_pickle(path, state, settings)
    found = kept.describe(GeneratorRequest(path), lambda: None).outcome

    assert isinstance(found, GeneratorDescription)
    assert found.resolution == (32, 32)
    assert kept._generator is not first


def test_a_cancelled_preview_frees_the_generator_for_the_next_job(network: Path) -> None:
    kept = KeptGenerator()

    def cancelled() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        kept.preview(PreviewRequest(network, (0,)), cancelled)

    assert kept.preview(PreviewRequest(network, (0,)), lambda: None).outcome.images.shape == (1, 16, 16, 3)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "request_of",
    [
        lambda path: PreviewRequest(path, ()),
        lambda path: PreviewRequest(path, (-1,)),
        lambda path: PreviewRequest(path, (1, 2, 3), walk=(0.5,)),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(network: Path, request_of) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError):
        previewed(TorchEngine(), request_of(network))


def test_a_failure_carries_the_file_to_agree_to() -> None:
    failure = JobFailure.from_exception(ConsentNeeded("ab" * 32, "net.pt", "TorchScript file"))

    assert failure.program is not None
    assert (failure.program.sha256, failure.program.name) == ("ab" * 32, "net.pt")
    assert "TorchScript file" in failure.message
