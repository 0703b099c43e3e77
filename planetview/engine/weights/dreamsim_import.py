"""DreamSim's published archives: base networks and a low-rank adaptation, merged into one set of tensors.

Fu et al., "DreamSim: Learning New Dimensions of Human Visual Similarity", NeurIPS 2023, arXiv:2306.09344. Adaptation:
Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685: W + (alpha / r) B A.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from planetview.core.errors import UserError
from planetview.engine.weights.dreamsim_archive import Archive

if TYPE_CHECKING:
    from torch import Tensor

Shapes = dict[str, tuple[int, ...]]

WIDTH: Final = 768
DEPTH: Final = 12
PROJECTION: Final = 512
SIDE: Final = 224

_DINO_BACKBONE = "dino_vitbase16_pretrain.pth"
_DINO_CHECKPOINT = "dino_vitb16_pretrain.pth"
_ADAPTED = re.compile(r"base_model\.model\.extractor_list\.(\d+)\.model\.(blocks\.\d+\.attn\.qkv)\.lora_([AB])\.weight")
# Options of peft that change what an adaptation means; the published files use none of them.
_UNKNOWN_OPTIONS = ("use_rslora", "use_dora", "lora_bias", "rank_pattern", "alpha_pattern", "modules_to_save")


@dataclass(frozen=True, slots=True)
class Branch:
    """A vision transformer of DreamSim. name: as in the package. patch: side in pixels. is_clip: whether it has a
    normalisation before its blocks and a projection after them; the other is DINO, read before its last norm."""

    name: str
    patch: int
    is_clip: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    folder: str
    branches: tuple[Branch, ...]


_DINO = Branch("dino_vitb16", 16, is_clip=False)
_KINDS: Final[dict[str, _Kind]] = {
    "dreamsim": _Kind(
        "ensemble_lora", (_DINO, Branch("clip_vitb16", 16, is_clip=True), Branch("open_clip_vitb16", 16, is_clip=True))
    ),
    "dreamsim-dino-vitb16": _Kind("dino_vitb16_single_lora", (_DINO,)),
    "dreamsim-clip-vitb32": _Kind("clip_vitb32_single_lora", (Branch("clip_vitb32", 32, is_clip=True),)),
    "dreamsim-open-clip-vitb32": _Kind("open_clip_vitb32_single_lora", (Branch("open_clip_vitb32", 32, is_clip=True),)),
}
BRANCHES: Final = {weights_id: kind.branches for weights_id, kind in _KINDS.items()}


def dreamsim_shapes(weights_id: str) -> Shapes:
    """Return the name and shape of every tensor that `read_dreamsim_zip` gives."""
    shapes: Shapes = {}
    for branch in BRANCHES[weights_id]:
        own = _published_shapes(branch)
        shapes |= {f"{branch.name}.{_canonical(name)}": shape for name, shape in own.items() if _is_used(branch, name)}
        if branch.is_clip:
            shapes[f"{branch.name}.head.weight"] = (PROJECTION, WIDTH)
    return shapes


def read_dreamsim_zip(path: Path, weights_id: str | None = None) -> dict[str, Tensor]:
    """Return the merged tensors of a published checkpoint archive: float32, `<branch>.<timm's name>`.

    weights_id: which of the four DreamSim weights; None to go by the adaptation inside. Nothing is executed and
    nothing is written where the archive says. Raises UserError, in words, for whatever does not fit; OSError.
    """
    try:
        with zipfile.ZipFile(path) as opened:
            archive = Archive(opened)
            kind = _KINDS[weights_id] if weights_id is not None else _recognised(archive)
            return _merged(archive, kind)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise UserError(f"{path.name} is damaged.", "Fetch it again.") from error


def _recognised(archive: Archive) -> _Kind:
    found = [kind for kind in _KINDS.values() if archive.has(f"{kind.folder}/adapter_config.json")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError("The archive holds several adaptations of DreamSim.", "Say which one it is meant to be.")
    if archive.has("dino_vitb16_lora/adapter_config.json"):
        raise UserError(
            "This archive belongs to an older release of DreamSim.",
            "Get the archive of the release v0.2.0-checkpoints.",
        )
    raise UserError("The archive holds no DreamSim weights that PlanetView knows.")


def _merged(archive: Archive, kind: _Kind) -> dict[str, Tensor]:
    scale, pairs = _adaptation(archive, kind)
    merged: dict[str, Tensor] = {}
    for index, branch in enumerate(kind.branches):
        base, projection = _clip_base(archive, branch) if branch.is_clip else (_dino_base(archive), None)
        for block in range(DEPTH):
            module = f"blocks.{block}.attn.qkv"
            down, up = pairs[index, module, "A"], pairs[index, module, "B"]
            # Rounded once, so that the same archive gives the same tensors on every machine.
            change = scale * (up.double() @ down.double())
            base[f"{module}.weight"] = (base[f"{module}.weight"] + change).float()
        if projection is not None:
            bias = base.pop("patch_embed.proj.bias")
            position = base["pos_embed"].clone()
            position[:, 1:] += bias
            base |= {"pos_embed": position, "head.weight": projection.T}
        for name, value in base.items():
            if _is_used(branch, name):
                merged[f"{branch.name}.{_canonical(name)}"] = value.contiguous()
    return merged


def _adaptation(archive: Archive, kind: _Kind) -> tuple[float, dict[tuple[int, str, str], Tensor]]:
    """Return the scale and the (branch, module, "A" or "B") matrices of the adaptation."""
    config = archive.json(f"{kind.folder}/adapter_config.json")
    unknown = [option for option in _UNKNOWN_OPTIONS if config.get(option)]
    if unknown or config.get("bias", "none") != "none" or config.get("peft_type", "LORA") != "LORA":
        raise UserError(f"The adaptation in {kind.folder} uses options that PlanetView does not know.")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or not 0 < rank <= WIDTH or not isinstance(alpha, int | float):
        raise UserError(f"The adaptation in {kind.folder} names no rank or no scale.")
    pairs: dict[tuple[int, str, str], Tensor] = {}
    for name, value in archive.adapter(kind.folder).items():
        match = _ADAPTED.fullmatch(name)
        if match is None:
            raise UserError(f"The adaptation in {kind.folder} changes something else than DreamSim's: {name}.")
        pairs[int(match[1]), match[2], match[3]] = value
    wanted: dict[tuple[int, str, str], tuple[int, ...]] = {}
    for index in range(len(kind.branches)):
        for block in range(DEPTH):
            wanted[index, f"blocks.{block}.attn.qkv", "A"] = (rank, WIDTH)
            wanted[index, f"blocks.{block}.attn.qkv", "B"] = (3 * WIDTH, rank)
    if {key: tuple(value.shape) for key, value in pairs.items()} != wanted:
        raise UserError(f"The matrices in {kind.folder} do not fit the networks.")
    return float(alpha) / rank, pairs


def _clip_base(archive: Archive, branch: Branch) -> tuple[dict[str, Tensor], Tensor]:
    """Return the tensors of a CLIP branch and its projection (width, length)."""
    member = f"{branch.name}_pretrain.pth.tar"
    found = archive.torch(member)
    tensors = dict(found["state_dict"]) if isinstance(found.get("state_dict"), Mapping) else {}
    projection = tensors.pop("proj", None)
    if projection is None or tuple(projection.shape) != (WIDTH, PROJECTION):
        raise UserError(f"{member} holds no projection of {WIDTH} to {PROJECTION}.")
    return _fitting(tensors, branch, member), projection.detach().float()


def _dino_base(archive: Archive) -> dict[str, Tensor]:
    """Return the tensors of DINO's teacher.

    The package takes them from the file of DINO's own release, which it fetches through torch.hub; where the archive
    has no such file, they are in the checkpoint that the archive has for its head. DINO's authors: "The weights from
    the backbone only files are from the teacher" (facebookresearch/dino issue 44).
    """
    if archive.has(_DINO_BACKBONE):
        return _fitting(archive.torch(_DINO_BACKBONE), _DINO, _DINO_BACKBONE)
    found = archive.torch(_DINO_CHECKPOINT)
    teacher = found.get("teacher")
    if isinstance(teacher, Mapping):
        prefix = "backbone."
        names = {name.removeprefix("module."): value for name, value in teacher.items()}
        found = {name.removeprefix(prefix): value for name, value in names.items() if name.startswith(prefix)}
    if "cls_token" not in found:
        raise UserError(
            f"{_DINO_CHECKPOINT} holds DINO's head alone, without its backbone.",
            f"Add {_DINO_BACKBONE} of https://github.com/facebookresearch/dino to the archive and import it again.",
        )
    return _fitting(found, _DINO, _DINO_CHECKPOINT)


def _fitting(tensors: Mapping[str, Any], branch: Branch, member: str) -> dict[str, Tensor]:
    import torch

    shapes = _published_shapes(branch)
    fit = {name: value for name, value in tensors.items() if isinstance(value, torch.Tensor)}
    if {name: tuple(value.shape) for name, value in fit.items()} != shapes:
        raise UserError(f"The tensors of {member} do not fit {branch.name}.", "Fetch the published archive again.")
    return {name: value.detach().to(torch.float32) for name, value in fit.items()}


def _published_shapes(branch: Branch) -> Shapes:
    def pair(name: str, *shape: int) -> Shapes:
        return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}

    shapes: Shapes = {
        "cls_token": (1, 1, WIDTH),
        "pos_embed": (1, (SIDE // branch.patch) ** 2 + 1, WIDTH),
        **pair("patch_embed.proj", WIDTH, 3, branch.patch, branch.patch),
        **pair("norm", WIDTH),
    }
    if branch.is_clip:
        shapes |= pair("pos_drop", WIDTH)
    for number in range(DEPTH):
        block = f"blocks.{number}"
        shapes |= {
            **pair(f"{block}.norm1", WIDTH),
            **pair(f"{block}.norm2", WIDTH),
            **pair(f"{block}.attn.qkv", 3 * WIDTH, WIDTH),
            **pair(f"{block}.attn.proj", WIDTH, WIDTH),
            **pair(f"{block}.mlp.fc1", 4 * WIDTH, WIDTH),
            **pair(f"{block}.mlp.fc2", WIDTH, 4 * WIDTH),
        }
    return shapes


def _is_used(branch: Branch, name: str) -> bool:
    # CLIP adds nothing to its patches: the published zeros go into the position embedding. DreamSim reads DINO's
    # class token before the last normalisation.
    return name != "patch_embed.proj.bias" if branch.is_clip else not name.startswith("norm.")


def _canonical(name: str) -> str:
    return name.replace("pos_drop.", "norm_pre.")
