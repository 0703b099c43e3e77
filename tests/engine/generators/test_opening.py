"""Opening files: by content, without running what a file brings, programs only with consent and apart."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import time
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.consent import ConsentNeeded, ConsentStore
from planetview.core.errors import UserError
from planetview.engine.generators.adapter import Generator
from planetview.engine.generators.manifest import SUFFIX
from planetview.engine.generators.opening import open_generator
from planetview.engine.generators.safe_copy import read_safe_copy, save_safe_copy
from planetview.engine.generators.style_generator import StyleGenerator
from tests.engine.generators.networks import stylegan2, stylegan3
from tests.engine.generators.pickles import write_network_pickle
from tests.engine.generators.test_stylegan2 import latents, opened
from tests.patience import SOON_S


def test_a_network_pickle_gives_the_images_of_its_averaged_generator(tmp_path: Path) -> None:
    network = stylegan2(c_dim=2)
    path = write_network_pickle(tmp_path / "network-snapshot.pkl", *network, numpy_attributes=True)
    generator = open_generator(path, device="cpu")
    info = generator.info
    assert (info.format, info.z_dim, info.c_dim, info.resolution, info.num_ws) == ("stylegan2", 6, 2, (16, 16), 6)
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert any("does not know" in warning for warning in info.warnings)
    z, c = latents(opened(network))
    assert torch.equal(generator.generate(z, c), opened(network).generate(z, c))


def test_weights_that_give_no_finite_image_are_refused(tmp_path: Path) -> None:
    state, settings = stylegan2()
    state["synthesis.b8.conv1.weight"][0, 0] = np.nan
    path = write_network_pickle(tmp_path / "x.pkl", state, settings)
    with pytest.raises(UserError, match="not finite"):
        open_generator(path, device="cpu")


@pytest.mark.parametrize("network", [stylegan2(clamp=None, architecture="resnet"), stylegan3(radial=True)])
def test_a_safe_copy_is_the_same_network(tmp_path: Path, network: Any) -> None:
    original = opened(network)
    weights, manifest = save_safe_copy(original, tmp_path / "mars")
    assert (weights.name, manifest.name) == ("mars.safetensors", "mars.generator.json")
    z = torch.ones(1, 6)
    for path in (weights, manifest):
        copy = open_generator(path, device="cpu")
        assert torch.equal(copy.generate(z), original.generate(z))
    assert read_safe_copy(manifest)[1].original_sha256 == original.info.sha256


def test_opening_leaves_no_rounding_of_products_on(tmp_path: Path) -> None:
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    save_safe_copy(opened(stylegan2()), tmp_path / "mars")
    open_generator(tmp_path / "mars.safetensors", device="cpu")
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_a_safe_copy_without_its_description_is_refused(tmp_path: Path) -> None:
    weights, manifest = save_safe_copy(opened(stylegan2()), tmp_path / "mars.safetensors")
    manifest.unlink()
    with pytest.raises(UserError, match="no description"):
        open_generator(weights, device="cpu")


def test_weights_changed_after_their_description_are_refused(tmp_path: Path) -> None:
    weights, manifest = save_safe_copy(opened(stylegan2()), tmp_path / "mars")
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(UserError, match="not the file that its description was written for"):
        open_generator(manifest, device="cpu")


def _manifest(tmp_path: Path, **changes: Any) -> Path:
    told = {"planetview_generator": 1, "format": "onnx", "files": {"full": "g.onnx"}, "sha256": {"full": "0" * 64}}
    path = tmp_path / f"g{SUFFIX}"
    path.write_text(json.dumps({**told, **changes}))
    return path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"files": {"full": "../../etc/passwd"}}, "plain names"),
        ({"files": {"full": "..\\x"}}, "plain names"),
        ({"files": {"full": ".."}}, "plain names"),
        ({"files": {"mapping": "m.onnx"}, "sha256": {"mapping": "0" * 64}}, "'mapping' and 'synthesis'"),
        ({"sha256": {}}, "sha256"),
        ({"sha256": {"full": "*"}}, "sha256"),
        ({"planetview_generator": 2}, "planetview_generator"),
        ({"z_dim": 10**9}, "z_dim"),
        ({"z_dim": "512"}, "z_dim"),
        ({"output_range": [1, -1]}, "output_range"),
        ({"run": "me"}, "run"),
        ({"format": "stylegan"}, "StyleGAN copy"),
    ],
)
def test_descriptions_with_a_mistake_are_refused_by_name(tmp_path: Path, changes: Any, reason: str) -> None:
    with pytest.raises(UserError, match="no description of a generator") as caught:
        open_generator(_manifest(tmp_path, **changes), device="cpu")
    assert reason in caught.value.message


def _png(path: Path) -> None:
    Image.new("L", (4, 4)).save(path, "PNG")


def _state_dict(path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(3)}, path)


def _plain_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (_png, "PNG image"),
        (_state_dict, "no description of the network"),
        (_plain_zip, "zip archive"),
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64)), "no description of the network"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_bytes(b"hello, world"), "not a network file"),
        (lambda path: path.mkdir(), "folder"),
        (lambda path: None, "Cannot read"),
    ],
    ids=["png", "state dict", "zip", "hdf5", "empty", "text", "folder", "missing"],
)
def test_everything_else_is_refused_and_named(tmp_path: Path, write: Any, reason: str) -> None:
    path = tmp_path / "generator.pkl"
    write(path)
    with pytest.raises(UserError, match=reason):
        open_generator(path, device="cpu")


class _Program(nn.Module):
    """Mapping and synthesis; a large z makes it loop without end, a very negative one makes it fail."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.randn(4, 48, generator=torch.Generator().manual_seed(0)))

    @torch.jit.export
    def mapping(self, z: torch.Tensor) -> torch.Tensor:
        return z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()

    @torch.jit.export
    def synthesis(self, w: torch.Tensor) -> torch.Tensor:
        return torch.tanh(w @ self.weight).reshape(-1, 3, 4, 4)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        rounds = 0
        while bool(z[0, 0] > 100):
            rounds += 1
        if bool(z[0, 0] < -100):
            raise ValueError("too negative")
        return self.synthesis(self.mapping(z))


def _torchscript(path: Path) -> str:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(_Program()), buffer)
    path.write_bytes(buffer.getvalue())
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    manifest = {
        "planetview_generator": 1,
        "format": "torchscript",
        "files": {"full": path.name},
        "sha256": {"full": sha256},
        "z_dim": 4,
        "c_dim": 0,
        "output_range": [-1, 1],
    }
    path.with_name(path.stem + SUFFIX).write_text(json.dumps(manifest))
    return sha256


class _Patience:
    """A check that can be told to cancel, at a moment that it remembers."""

    def __init__(self) -> None:
        self.token = CancelToken()
        self.cancel_after: float | None = None
        self.raised_at = 0.0

    def __call__(self) -> None:
        if self.cancel_after is not None and time.monotonic() > self.cancel_after:
            self.token.cancel()
            self.raised_at = time.monotonic()
        self.token.check()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Generator, _Patience]]:
    path = tmp_path_factory.mktemp("program") / "generator.pt"
    patience = _Patience()
    generator = open_generator(path, patience, "cpu", {_torchscript(path)})
    yield generator, patience
    generator.close()


def test_a_program_does_not_run_before_the_user_agrees(tmp_path: Path) -> None:
    path = tmp_path / "generator.pt"
    sha256 = _torchscript(path)
    store = ConsentStore(tmp_path / "consent.json")
    store.give("f" * 64, "another.pt")
    before = set(multiprocessing.active_children())
    with pytest.raises(ConsentNeeded) as asked:
        open_generator(path, device="cpu", consents=store)
    assert (asked.value.sha256, asked.value.name, asked.value.kind) == (sha256, "generator.pt", "TorchScript file")
    assert set(multiprocessing.active_children()) <= before


def test_a_torchscript_program_gives_the_images_it_would_give_here(program: tuple[Generator, _Patience]) -> None:
    generator, _ = program
    info = generator.info
    assert (info.format, info.has_w, info.num_ws, info.w_dim) == ("torchscript", True, 1, 4)
    assert (info.path_length_problem, info.z_normalised, info.warnings) == ("", True, ())
    z = generator.sample_z(3, np.random.default_rng(1))
    with torch.inference_mode():
        expected = _Program()(z)
    torch.testing.assert_close(generator.generate(z), expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(generator.synthesis(generator.mapping(z)), expected, atol=1e-6, rtol=0)


def test_a_program_that_never_returns_is_ended_at_once(program: tuple[Generator, _Patience]) -> None:
    generator, patience = program
    children = [child for child in multiprocessing.active_children() if child.name == "planetview-program"]
    patience.cancel_after = time.monotonic() + 0.3
    with pytest.raises(Cancelled):
        generator.generate(torch.full((1, 4), 1000.0))
    assert time.monotonic() - patience.raised_at < SOON_S
    assert children
    assert not any(child.is_alive() for child in children)
    patience.cancel_after = None
    with pytest.raises(UserError, match="closed"):
        generator.generate(torch.ones(1, 4))


def test_a_program_changed_after_consent_does_not_run(tmp_path: Path) -> None:
    path = tmp_path / "generator.pt"
    sha256 = _torchscript(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(UserError, match="changed since"):
        open_generator(path, device="cpu", consents={sha256})


class _Whole(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.randn(4, 48, generator=torch.Generator().manual_seed(0)))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(z @ self.weight).reshape(-1, 3, 4, 4)


def test_a_torch_export_program_needs_no_description(tmp_path: Path) -> None:
    path = tmp_path / "generator.pt2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported = torch.export.export(_Whole(), (torch.ones(2, 4),), dynamic_shapes=({0: torch.export.Dim("n")},))
        torch.export.save(exported, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ConsentNeeded, match=r"torch\.export"):
        open_generator(path, device="cpu")
    generator = open_generator(path, device="cpu", consents={sha256})
    try:
        assert (generator.info.format, generator.info.z_dim, generator.info.z_normalised) == ("torch.export", 4, False)
        z = generator.sample_z(3, np.random.default_rng(1))
        torch.testing.assert_close(generator.generate(z), _Whole()(z), atol=1e-6, rtol=0)
        with pytest.raises(UserError, match="The program failed"):
            generator._runner.run("full", [np.ones((1, 9), np.float32)])  # type: ignore[attr-defined]
    finally:
        generator.close()


def test_the_original_of_a_safe_copy_stays_readable_data(tmp_path: Path) -> None:
    generator = opened(stylegan2())
    assert isinstance(generator, StyleGenerator)
    _, manifest = save_safe_copy(generator, tmp_path / "mars")
    described = json.loads(manifest.read_text())
    assert described["network"]["synthesis.b8.conv0"]["up"] == 2
    assert described["source"] == "test"
