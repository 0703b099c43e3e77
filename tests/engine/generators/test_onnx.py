"""ONNX graphs: opened without trust, from bytes, by content; tests need onnxruntime, an optional part."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from planetview.core.errors import UserError
from planetview.engine.generators.manifest import SUFFIX
from planetview.engine.generators.opening import open_generator
from tests.engine.generators.onnx_files import onnx_generator

WEIGHT = np.random.default_rng(0).standard_normal((4, 48)).astype(np.float32)


def _expected(z: torch.Tensor) -> torch.Tensor:
    return torch.tanh(z @ torch.from_numpy(WEIGHT)).reshape(-1, 3, 4, 4)


def _needs_onnxruntime() -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install 'planetview[onnx]'")


@pytest.mark.parametrize("batch", ["batch", 1, 4])
def test_a_graph_gives_its_images_for_any_number_of_latents(tmp_path: Path, batch: int | str) -> None:
    _needs_onnxruntime()
    path = tmp_path / "generator.bin"
    path.write_bytes(onnx_generator(WEIGHT, 4, batch))
    generator = open_generator(path, device="cpu")
    info = generator.info
    assert (info.format, info.z_dim, info.c_dim, info.resolution, info.channels) == ("onnx", 4, 0, (4, 4), 3)
    assert (info.z_normalised, info.path_length_problem) == (False, "")
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    z = generator.sample_z(5, np.random.default_rng(2))
    torch.testing.assert_close(generator.generate(z), _expected(z), atol=1e-5, rtol=0)
    generator.close()
    with pytest.raises(UserError, match="closed"):
        generator.generate(z)


def test_a_description_beside_the_graph_is_used(tmp_path: Path) -> None:
    _needs_onnxruntime()
    path = tmp_path / "moon.onnx"
    path.write_bytes(onnx_generator(WEIGHT, 4))
    manifest = {
        "planetview_generator": 1,
        "format": "onnx",
        "files": {"full": path.name},
        "sha256": {"full": hashlib.sha256(path.read_bytes()).hexdigest()},
        "output_range": [0, 1],
        "source": "our moon network",
    }
    (tmp_path / f"moon{SUFFIX}").write_text(json.dumps(manifest))
    generator = open_generator(path, device="cpu")
    assert generator.info.source == "our moon network"
    z = generator.sample_z(2, np.random.default_rng(2))
    torch.testing.assert_close(generator.generate(z), 2 * _expected(z) - 1, atol=1e-5, rtol=0)


def test_unknown_operators_are_refused(tmp_path: Path) -> None:
    _needs_onnxruntime()
    path = tmp_path / "x.onnx"
    path.write_bytes(onnx_generator(WEIGHT, 4, domain="evil.operators"))
    with pytest.raises(UserError, match="onnxruntime cannot open the graph"):
        open_generator(path, device="cpu")


def test_a_damaged_graph_is_refused(tmp_path: Path) -> None:
    _needs_onnxruntime()
    path = tmp_path / "x.onnx"
    path.write_bytes(onnx_generator(WEIGHT, 4)[:200])
    with pytest.raises(UserError, match="onnxruntime cannot open the graph"):
        open_generator(path, device="cpu")


def test_without_onnxruntime_the_way_to_install_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    path = tmp_path / "x.onnx"
    path.write_bytes(onnx_generator(WEIGHT, 4))
    with pytest.raises(UserError) as caught:
        open_generator(path, device="cpu")
    assert "planetview[onnx]" in caught.value.hint
