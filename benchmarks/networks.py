"""Speed of the feature networks against the packages that published the numbers, with random weights of their shapes.

Peer and ours start from the same 8-bit images and end at the features, in one process, in random order, several
rounds after a warm-up, with the same number of threads. The weights are made here: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _inputs import tiles
from _timing import Case, Peer, largest, measure
from engine import cells
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import nn

    from planetview.engine.extractors import Extractor

_SIDE = 256
_PEER = "torch-fidelity, eager float32"
# Numerical libraries read these when they are imported, which the stages do.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_COLUMNS = (0, 1, 2, 3, 4, 5, 6, 7, 10, 11)


def inception(quick: bool) -> Iterator[Case]:
    """Time `inception-tf1` from 8-bit images to features, resize included, as torch-fidelity does by 16."""
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torchvision.models import Inception3

    from planetview.engine.extractors.inception import inception_extractor
    from planetview.engine.weights import LoadedWeights

    network = Inception3(num_classes=1008, aux_logits=False, transform_input=False, init_weights=False)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.inference_mode():
        # One batch in training use: the running statistics become those of the data, and no layer dies.
        network.train()(torch.rand(4, 3, 299, 299) * 2.0 - 1.0)
    weights = network.state_dict()
    peer = _peer(weights, lambda path: FeatureExtractorInceptionV3("", ["2048"], feature_extractor_weights_path=path))
    yield _case(
        "features (inception-tf1)", peer, inception_extractor("inception-tf1", LoadedWeights(weights, "")), quick
    )


def vgg16_fc2(quick: bool) -> Iterator[Case]:
    """Time `vgg16-fc2` from 8-bit images to features, resize included, as torch-fidelity does by 16."""
    from torch_fidelity.feature_extractor_vgg16 import FeatureExtractorVGG16
    from torchvision.models import vgg16

    from planetview.engine.extractors.vgg16_fc2 import vgg16_extractor
    from planetview.engine.weights import LoadedWeights

    weights = vgg16(weights=None, init_weights=False).state_dict()
    peer = _peer(weights, lambda path: FeatureExtractorVGG16("", ["fc2_relu"], feature_extractor_weights_path=path))
    yield _case("features (vgg16-fc2)", peer, vgg16_extractor(LoadedWeights(weights, "")), quick)


STAGES = {"inception": inception, "vgg16-fc2": vgg16_fc2}


def _peer(weights: dict[str, Any], load: Callable[[str], nn.Module]) -> nn.Module:
    import torch

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        torch.save(weights, path)
        return load(str(path))


def _case(stage: str, peer: nn.Module, extractor: Extractor, quick: bool) -> Case:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    n = 4 if quick else 16
    images = tiles(n, _SIDE, 4, 3)

    def theirs() -> NDArray[np.float32]:
        with torch.inference_mode():
            (found,) = peer(torch.from_numpy(images).permute(0, 3, 1, 2))
        return np.asarray(found)

    def ours() -> NDArray[np.float32]:
        return extractor.features(np.stack([extractor.prepare(image) for image in images]))

    def differs(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
        return largest(a, b) / float(np.abs(b).max())

    with FlopCounterMode(display=False) as counter:
        ours()
    return Case(stage, f"{n} × {_SIDE} px RGB", ours, (Peer(_PEER, theirs, differs),), items=n,
                flops=counter.get_total_flops())  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="four images: shows that it works")
    parser.add_argument("--only", action="append", choices=list(STAGES), help="this network; may be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads for ours and the peers")
    options = parser.parse_args(arguments)
    for name in _THREAD_VARIABLES:
        os.environ[name] = str(options.threads)
    # Peers use deprecated calls; that is theirs to mend.
    warnings.simplefilter("ignore")
    headings = ("stage", "size", "peer", "peer time", "our time", "ratio (range)", "CPU ratio", "difference", "ours/s",
                "of GEMM")  # fmt: skip
    print(" | ".join(headings))
    order = random.Random(0)
    for name in options.only or STAGES:
        for case in STAGES[name](options.quick):
            for row in measure(case, options.rounds, order):
                line = cells(row)
                print(" | ".join(line[column] for column in _COLUMNS), flush=True)


if __name__ == "__main__":
    main()
