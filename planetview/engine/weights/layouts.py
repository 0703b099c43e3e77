"""The tensors each network must have: names and shapes, and the way from published names to them.

Nothing but names and shapes is looked at, so that a file can be recognised before its values are believed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from planetview.engine.weights.dreamsim_import import BRANCHES, dreamsim_shapes

if TYPE_CHECKING:
    from torch import Tensor

Shapes = dict[str, tuple[int, ...]]


class _Vit(NamedTuple):
    """A vision transformer: width, side of a patch, blocks, side of the grid, length of the projection."""

    width: int
    patch: int
    depth: int
    grid: int
    out: int = 0


_CLIP = {
    "clip-vit-b-32": _Vit(768, 32, 12, 7, 512),
    "clip-vit-l-14": _Vit(1024, 14, 24, 16, 768),
    "clip-vit-l-14-336": _Vit(1024, 14, 24, 24, 768),
}
_DINOV2 = {
    "dinov2-vits14": _Vit(384, 14, 12, 37),
    "dinov2-vitb14": _Vit(768, 14, 12, 37),
    "dinov2-vitl14": _Vit(1024, 14, 24, 37),
}
_HEADS = {
    "lpips-alex": (64, 192, 384, 256, 256),
    "lpips-vgg": (64, 128, 256, 512, 512),
    "lpips-squeeze": (64, 128, 256, 384, 384, 512, 512),
}


@functools.cache
def expected(layout: str) -> Mapping[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of a layout. Raises KeyError for an unknown one."""
    if layout in _CLIP:
        return _clip_shapes(_CLIP[layout])
    if layout in _DINOV2:
        return _dinov2_shapes(_DINOV2[layout])
    if layout in _HEADS:
        return _head_shapes(_HEADS[layout])
    if layout in BRANCHES:
        return dreamsim_shapes(layout)
    return _OTHERS[layout]()


def fitting(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Return the layouts that the tensors have, each with the tensors under its canonical names.

    tensors: as a file holds them. Tensors that a network does not use (the text tower, a mask token, batch counters)
    are left out; everything else must be there, with the right shape.
    """
    found: dict[str, dict[str, Tensor]] = {}
    for layouts, rename in _FAMILIES:
        canonical = rename(tensors)
        shapes = {name: tuple(tensor.shape) for name, tensor in canonical.items()}
        for layout in layouts:
            if shapes and shapes == expected(layout):
                found[layout] = canonical
    return found


def _pair(name: str, weight: tuple[int, ...], bias: int | None = None) -> Shapes:
    return {f"{name}.weight": weight, f"{name}.bias": (weight[0] if bias is None else bias,)}


def _clip_shapes(vit: _Vit) -> Shapes:
    width = vit.width
    shapes: Shapes = {
        "conv1.weight": (width, 3, vit.patch, vit.patch),
        "class_embedding": (width,),
        "positional_embedding": (vit.grid**2 + 1, width),
        "proj": (width, vit.out),
        **_pair("ln_pre", (width,)),
        **_pair("ln_post", (width,)),
    }
    for number in range(vit.depth):
        block = f"transformer.resblocks.{number}"
        shapes |= {
            **_pair(f"{block}.ln_1", (width,)),
            **_pair(f"{block}.ln_2", (width,)),
            f"{block}.attn.in_proj_weight": (3 * width, width),
            f"{block}.attn.in_proj_bias": (3 * width,),
            **_pair(f"{block}.attn.out_proj", (width, width)),
            **_pair(f"{block}.mlp.c_fc", (4 * width, width)),
            **_pair(f"{block}.mlp.c_proj", (width, 4 * width)),
        }
    return shapes


def _dinov2_shapes(vit: _Vit) -> Shapes:
    width = vit.width
    shapes: Shapes = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, vit.grid**2 + 1, width),
        **_pair("patch_embed.proj", (width, 3, vit.patch, vit.patch)),
        **_pair("norm", (width,)),
    }
    for number in range(vit.depth):
        block = f"blocks.{number}"
        shapes |= {
            **_pair(f"{block}.norm1", (width,)),
            **_pair(f"{block}.norm2", (width,)),
            **_pair(f"{block}.attn.qkv", (3 * width, width)),
            **_pair(f"{block}.attn.proj", (width, width)),
            **_pair(f"{block}.mlp.fc1", (4 * width, width)),
            **_pair(f"{block}.mlp.fc2", (width, 4 * width)),
            f"{block}.ls1.gamma": (width,),
            f"{block}.ls2.gamma": (width,),
        }
    return shapes


def _head_shapes(widths: tuple[int, ...]) -> Shapes:
    return {f"lin{stage}.model.1.weight": (1, width, 1, 1) for stage, width in enumerate(widths)}


def _st_lpips_alex() -> Shapes:
    convolutions = {"1.0": (64, 3, 11, 11), "2.5": (192, 64, 5, 5), "3.9": (384, 192, 3, 3),
                    "4.11": (256, 384, 3, 3), "5.13": (256, 256, 3, 3)}  # fmt: skip
    return _st_lpips(convolutions, {"1.1": 64, "2.4": 64, "3.8": 192}, _HEADS["lpips-alex"])


def _st_lpips_vgg() -> Shapes:
    layers = {1: (0, 2), 2: (6, 8), 3: (12, 14, 16), 4: (20, 22, 24), 5: (28, 30, 32)}
    widths = (3, *_HEADS["lpips-vgg"])
    convolutions = {
        f"{stage}.{layer}": (widths[stage], widths[stage] if place else widths[stage - 1], 3, 3)
        for stage, places in layers.items()
        for place, layer in enumerate(places)
    }
    return _st_lpips(convolutions, {"2.5": 64, "3.11": 128, "4.19": 256, "5.27": 512}, _HEADS["lpips-vgg"])


def _st_lpips(convolutions: Mapping[str, tuple[int, ...]], blurs: dict[str, int], heads: tuple[int, ...]) -> Shapes:
    shapes: Shapes = {"scaling_layer.shift": (1, 3, 1, 1), "scaling_layer.scale": (1, 3, 1, 1), **_head_shapes(heads)}
    for name, shape in convolutions.items():
        shapes |= _pair(f"net.slice{name}", shape)
    return shapes | {f"net.slice{name}.filt": (channels, 1, 3, 3) for name, channels in blurs.items()}


def _alexnet() -> Shapes:
    shapes: Shapes = {}
    for layer, shape in {0: (64, 3, 11, 11), 3: (192, 64, 5, 5), 6: (384, 192, 3, 3), 8: (256, 384, 3, 3),
                         10: (256, 256, 3, 3)}.items():  # fmt: skip
        shapes |= _pair(f"features.{layer}", shape)
    for layer, matrix in {1: (4096, 9216), 4: (4096, 4096), 6: (1000, 4096)}.items():
        shapes |= _pair(f"classifier.{layer}", matrix)
    return shapes


def _vgg16() -> Shapes:
    shapes: Shapes = {}
    widths = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
    layers = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    for layer, before, width in zip(layers, (3, *widths), widths, strict=False):
        shapes |= _pair(f"features.{layer}", (width, before, 3, 3))
    for layer, matrix in {0: (4096, 25088), 3: (4096, 4096), 6: (1000, 4096)}.items():
        shapes |= _pair(f"classifier.{layer}", matrix)
    return shapes


def _squeezenet() -> Shapes:
    shapes: Shapes = {**_pair("features.0", (64, 3, 3, 3)), **_pair("classifier.1", (1000, 512, 1, 1))}
    fires = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128), 9: (256, 48, 192),
             10: (384, 48, 192), 11: (384, 64, 256), 12: (512, 64, 256)}  # fmt: skip
    for layer, (before, squeezed, expanded) in fires.items():
        shapes |= {
            **_pair(f"features.{layer}.squeeze", (squeezed, before, 1, 1)),
            **_pair(f"features.{layer}.expand1x1", (expanded, squeezed, 1, 1)),
            **_pair(f"features.{layer}.expand3x3", (expanded, squeezed, 3, 3)),
        }
    return shapes


# Inception-v3: name of a block, then (name, inputs, outputs, height, width) of its convolutions.
_Convolution = tuple[str, int, int, int, int]


def _inception() -> Shapes:
    shapes: Shapes = {**_pair("fc", (1008, 2048))}
    for name, inputs, outputs, height, width in _inception_convolutions():
        shapes[f"{name}.conv.weight"] = (outputs, inputs, height, width)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.bn.{part}"] = (outputs,)
    return shapes


def _inception_convolutions() -> Iterator[_Convolution]:
    yield from (("Conv2d_1a_3x3", 3, 32, 3, 3), ("Conv2d_2a_3x3", 32, 32, 3, 3), ("Conv2d_2b_3x3", 32, 64, 3, 3),
                ("Conv2d_3b_1x1", 64, 80, 1, 1), ("Conv2d_4a_3x3", 80, 192, 3, 3))  # fmt: skip
    blocks = {
        **{f"Mixed_5{x}": _block_a(n, pool) for x, n, pool in (("b", 192, 32), ("c", 256, 64), ("d", 288, 64))},
        "Mixed_6a": (("branch3x3", 288, 384, 3, 3), ("branch3x3dbl_1", 288, 64, 1, 1),
                     ("branch3x3dbl_2", 64, 96, 3, 3), ("branch3x3dbl_3", 96, 96, 3, 3)),
        **{f"Mixed_6{x}": _block_c(n) for x, n in (("b", 128), ("c", 160), ("d", 160), ("e", 192))},
        "Mixed_7a": (("branch3x3_1", 768, 192, 1, 1), ("branch3x3_2", 192, 320, 3, 3),
                     ("branch7x7x3_1", 768, 192, 1, 1), ("branch7x7x3_2", 192, 192, 1, 7),
                     ("branch7x7x3_3", 192, 192, 7, 1), ("branch7x7x3_4", 192, 192, 3, 3)),
        "Mixed_7b": _block_e(1280),
        "Mixed_7c": _block_e(2048),
    }  # fmt: skip
    for block, convolutions in blocks.items():
        for name, *sizes in convolutions:
            inputs, outputs, height, width = sizes
            yield f"{block}.{name}", inputs, outputs, height, width


def _block_a(n: int, pool: int) -> tuple[_Convolution, ...]:
    return (("branch1x1", n, 64, 1, 1), ("branch5x5_1", n, 48, 1, 1), ("branch5x5_2", 48, 64, 5, 5),
            ("branch3x3dbl_1", n, 64, 1, 1), ("branch3x3dbl_2", 64, 96, 3, 3), ("branch3x3dbl_3", 96, 96, 3, 3),
            ("branch_pool", n, pool, 1, 1))  # fmt: skip


def _block_c(n: int) -> tuple[_Convolution, ...]:
    return (("branch1x1", 768, 192, 1, 1), ("branch7x7_1", 768, n, 1, 1), ("branch7x7_2", n, n, 1, 7),
            ("branch7x7_3", n, 192, 7, 1), ("branch7x7dbl_1", 768, n, 1, 1), ("branch7x7dbl_2", n, n, 7, 1),
            ("branch7x7dbl_3", n, n, 1, 7), ("branch7x7dbl_4", n, n, 7, 1), ("branch7x7dbl_5", n, 192, 1, 7),
            ("branch_pool", 768, 192, 1, 1))  # fmt: skip


def _block_e(n: int) -> tuple[_Convolution, ...]:
    return (("branch1x1", n, 320, 1, 1), ("branch3x3_1", n, 384, 1, 1), ("branch3x3_2a", 384, 384, 1, 3),
            ("branch3x3_2b", 384, 384, 3, 1), ("branch3x3dbl_1", n, 448, 1, 1), ("branch3x3dbl_2", 448, 384, 3, 3),
            ("branch3x3dbl_3a", 384, 384, 1, 3), ("branch3x3dbl_3b", 384, 384, 3, 1),
            ("branch_pool", n, 192, 1, 1))  # fmt: skip


_OTHERS: dict[str, Callable[[], Shapes]] = {
    "inception": _inception,
    "alexnet": _alexnet,
    "vgg16": _vgg16,
    "squeezenet": _squeezenet,
    "st-lpips-alex": _st_lpips_alex,
    "st-lpips-vgg": _st_lpips_vgg,
}


def _as_published(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not name.endswith(".num_batches_tracked")}


def _dinov2_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != "mask_token"}


_TOWER_NAMES = ("conv1.weight", "class_embedding", "positional_embedding", "proj")
_TOWER_PARTS = ("ln_pre.", "ln_post.", "transformer.resblocks.")


def _clip_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take the image tower, out of a whole model or alone."""
    if any(name.startswith("vision_model.") for name in tensors):
        return _clip_from_transformers(tensors)
    prefix = "visual." if any(name.startswith("visual.") for name in tensors) else ""
    tower = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    return {n: tensor for n, tensor in tower.items() if n in _TOWER_NAMES or n.startswith(_TOWER_PARTS)}


_FROM_TRANSFORMERS = (
    ("embeddings.class_embedding", "class_embedding"),
    ("embeddings.patch_embedding.", "conv1."),
    ("embeddings.position_embedding.weight", "positional_embedding"),
    ("pre_layrnorm.", "ln_pre."),
    ("post_layernorm.", "ln_post."),
    ("encoder.layers.", "transformer.resblocks."),
    (".layer_norm1.", ".ln_1."),
    (".layer_norm2.", ".ln_2."),
    (".mlp.fc1.", ".mlp.c_fc."),
    (".mlp.fc2.", ".mlp.c_proj."),
    (".self_attn.out_proj.", ".attn.out_proj."),
)


def _clip_from_transformers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Translate the names of the transformers library; its three input projections become the one of CLIP."""
    import torch

    found: dict[str, Tensor] = {}
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name == "visual_projection.weight":
            found["proj"] = tensor.t()
        if not name.startswith("vision_model.") or name.endswith(".position_ids"):
            continue
        new = name.removeprefix("vision_model.")
        for old, replacement in _FROM_TRANSFORMERS:
            new = new.replace(old, replacement)
        block, _, projection = new.partition(".self_attn.")
        if projection:
            part, _, kind = projection.partition("_proj.")
            parts.setdefault(f"{block}.attn.in_proj_{kind}", {})[part] = tensor
        else:
            found[new] = tensor
    for name, three in parts.items():
        if set(three) == {"q", "k", "v"} and three["q"].shape == three["k"].shape == three["v"].shape:
            found[name] = torch.cat([three["q"], three["k"], three["v"]])
    return found


_FAMILIES: tuple[tuple[tuple[str, ...], Callable[[Mapping[str, Tensor]], dict[str, Tensor]]], ...] = (
    (tuple(_CLIP), _clip_names),
    (tuple(_DINOV2), _dinov2_names),
    ((*_HEADS, *_OTHERS, *BRANCHES), _as_published),
)
