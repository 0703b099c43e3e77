"""`dreamsim` and its single branches: vision transformers tuned on human similarity judgements.

Fu et al., "DreamSim: Learning New Dimensions of Human Visual Similarity", NeurIPS 2023, arXiv:2306.09344. The mean of
an image's features is removed and their length is 1, so that DreamSim's distance is 1 minus a dot product. The
published package serves only as the oracle of the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import torch
from torch import Tensor, nn

from planetview.engine.extractors.network import NetworkExtractor, Pipeline, load_strictly
from planetview.engine.resize import squash
from planetview.engine.weights import LoadedWeights, load_weights, weight_identity
from planetview.engine.weights.dreamsim_import import BRANCHES, DEPTH, PROJECTION, SIDE, WIDTH, Branch

# Of 1, 2, 4, 8 and 16, eight was the least with full speed on two cores (4.9, 3.1, 2.2, 1.7, 1.7 s of processor time
# an image for the ensemble, on a busy computer).
IMAGES_AT_ONCE: Final = 8
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


class DreamSim(nn.Module):
    """The branches of one DreamSim side by side: (n, 3, 224, 224) in 0..1 -> (n, dim) float32 of length 1.

    tensors: as `read_dreamsim_zip` gives them. Raises UserError when they do not fit.
    """

    def __init__(self, id: str, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({branch.name: _transformer(branch) for branch in BRANCHES[id]})
        load_strictly(self.branches, tensors, id)
        for branch in BRANCHES[id]:
            mean, deviation = _CLIP if branch.is_clip else _IMAGENET
            self.register_buffer(f"{branch.name}_mean", torch.tensor(mean).reshape(1, 3, 1, 1))
            self.register_buffer(f"{branch.name}_deviation", torch.tensor(deviation).reshape(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features. x: RGB in 0..1."""
        parts = []
        for name, branch in self.branches.items():
            scaled = (x - self.get_buffer(f"{name}_mean")) / self.get_buffer(f"{name}_deviation")
            parts.append(branch(scaled).to(torch.float32))
        joined = torch.cat(parts, dim=1)
        centred = joined - joined.mean(dim=1, keepdim=True)
        features: Tensor = centred / torch.linalg.vector_norm(centred, dim=1, keepdim=True)
        return features


def _transformer(branch: Branch) -> nn.Module:
    from timm.layers import QuickGELU
    from timm.models.vision_transformer import VisionTransformer

    # OpenAI's CLIP was trained with the fast approximation of GELU, OpenCLIP's and DINO with GELU itself.
    is_openai = branch.is_clip and not branch.name.startswith("open_clip")
    # Without storage until the tensors come: no time and no random numbers spent on initial values.
    network: nn.Module = VisionTransformer(
        img_size=SIDE, patch_size=branch.patch, embed_dim=WIDTH, depth=DEPTH, num_heads=12, num_classes=0,
        pre_norm=branch.is_clip, final_norm=branch.is_clip, weight_init="skip",
        norm_layer=partial(nn.LayerNorm, eps=1e-5 if branch.is_clip else 1e-6),
        act_layer=QuickGELU if is_openai else nn.GELU, device="meta",
    )  # fmt: skip
    if branch.is_clip:
        network.head = nn.Linear(WIDTH, PROJECTION, bias=False, device="meta")
    return network


def _pipeline(id: str) -> Pipeline:
    branches = " + ".join(branch.name for branch in BRANCHES[id])
    return Pipeline(
        f"DS-{SIDE}: squash to {SIDE}x{SIDE}, Pillow antialiased bicubic, uint8; / 255; ImageNet or CLIP mean and "
        f"deviation; DreamSim {branches}; mean removed, length 1",
        SIDE,
        lambda rgb8: squash(rgb8, SIDE),
        lambda pixels: pixels / 255.0,
    )


def dreamsim_extractor(
    id: str,
    loaded: LoadedWeights,
    device: torch.device | str = "cpu",
    precision: str = "float32",
    images_at_once: int = IMAGES_AT_ONCE,
) -> NetworkExtractor:
    """Return the extractor `id` with these weights, which are checked at the first use."""
    return _extractor(id, lambda: loaded, (loaded.digest, loaded.note), device, precision, images_at_once)


def build(id: str, device: torch.device | str, precision: str) -> NetworkExtractor:
    """Return the extractor on `device`; the registry calls it. Raises MissingWeights."""
    return _extractor(id, lambda: load_weights(id), weight_identity(id), device, precision)


def _extractor(
    id: str,
    load: Callable[[], LoadedWeights],
    identity: tuple[str, str],
    device: torch.device | str,
    precision: str,
    images_at_once: int = IMAGES_AT_ONCE,
) -> NetworkExtractor:
    digest, note = identity
    return NetworkExtractor(
        id,
        lambda: DreamSim(id, load().tensors),
        _pipeline(id),
        dim=sum(PROJECTION if branch.is_clip else WIDTH for branch in BRANCHES[id]),
        weights_digest=digest,
        device=device,
        precision=precision,
        images_at_once=images_at_once,
        note=note,
    )
