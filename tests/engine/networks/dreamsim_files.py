"""DreamSim archives as published, with seeded random tensors, and the authors' package reading the same archive."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import safetensors.torch
import torch
from torch import Tensor

WIDTH, DEPTH, RANK = 768, 12, 16
FOLDERS = {
    "ensemble": "ensemble_lora",
    "dino_vitb16": "dino_vitb16_single_lora",
    "clip_vitb32": "clip_vitb32_single_lora",
    "open_clip_vitb32": "open_clip_vitb32_single_lora",
}
BRANCHES = {"ensemble": ("dino_vitb16", "clip_vitb16", "open_clip_vitb16")}
CONFIG: dict[str, Any] = {
    "peft_type": "LORA", "r": RANK, "lora_alpha": 8, "lora_dropout": 0.3, "bias": "none", "target_modules": ["qkv"],
    "modules_to_save": None, "base_model_name_or_path": None, "task_type": None, "inference_mode": True,
}  # fmt: skip


class Random:
    """Normal numbers, most of them used many times: fast, and no two tensors equal."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._pool = torch.randn(5_000_000, generator=self._generator)

    def __call__(self, *shape: int, deviation: float, around: float = 0.0) -> Tensor:
        count = torch.Size(shape).numel()
        start = int(torch.randint(len(self._pool) - count, (), generator=self._generator))
        return (around + deviation * self._pool[start : start + count]).reshape(shape)


class Style(NamedTuple):
    """How an archive is written. backbone_file: with DINO's own file beside its checkpoint, as torch.hub keeps it.
    is_safe: adaptation as safetensors, else as torch.save writes it. folder: in front of every member."""

    backbone_file: bool = False
    is_safe: bool = True
    folder: str = ""


def transformer(random: Random, patch: int, *, is_clip: bool) -> dict[str, Tensor]:
    """Return a ViT-B under the names of DINO's repository, in half precision to keep the files small."""
    tensors = {
        "cls_token": random(1, 1, WIDTH, deviation=0.5),
        "pos_embed": random(1, (224 // patch) ** 2 + 1, WIDTH, deviation=0.3),
        "patch_embed.proj.weight": random(WIDTH, 3, patch, patch, deviation=1.5 / (3 * patch * patch) ** 0.5),
        "patch_embed.proj.bias": random(WIDTH, deviation=0.1),
    }
    norms = ["norm", *(["pos_drop"] if is_clip else [])]
    for number in range(DEPTH):
        block = f"blocks.{number}"
        norms += [f"{block}.norm1", f"{block}.norm2"]
        for name, outputs, inputs in (
            ("attn.qkv", 3 * WIDTH, WIDTH),
            ("attn.proj", WIDTH, WIDTH),
            ("mlp.fc1", 4 * WIDTH, WIDTH),
            ("mlp.fc2", WIDTH, 4 * WIDTH),
        ):
            tensors[f"{block}.{name}.weight"] = random(outputs, inputs, deviation=1.5 / inputs**0.5)
            tensors[f"{block}.{name}.bias"] = random(outputs, deviation=0.1)
    for name in norms:
        tensors[f"{name}.weight"] = random(WIDTH, deviation=0.2, around=1.0)
        tensors[f"{name}.bias"] = random(WIDTH, deviation=0.1)
    return {name: value.half() for name, value in tensors.items()}


def dino_checkpoint(backbone: Mapping[str, Tensor], student: Mapping[str, Tensor], random: Random) -> dict[str, Any]:
    """Return a training checkpoint of DINO with the head that DreamSim's package takes from it."""
    head = {
        "head.mlp.0.weight": random(2048, WIDTH, deviation=0.02),
        "head.mlp.0.bias": random(2048, deviation=0.02),
        "head.mlp.2.weight": random(2048, 2048, deviation=0.02),
        "head.mlp.2.bias": random(2048, deviation=0.02),
        "head.mlp.4.weight": random(256, 2048, deviation=0.02),
        "head.mlp.4.bias": random(256, deviation=0.02),
        "head.last_layer.weight": random(64, 256, deviation=0.02),
    }
    students = {f"backbone.{name}": value for name, value in student.items()} | head
    teacher = {f"backbone.{name}": value for name, value in backbone.items()} | head
    return {"student": {f"module.{name}": value for name, value in students.items()}, "teacher": teacher, "epoch": 400}


def adaptation(random: Random, branches: int) -> dict[str, Tensor]:
    tensors = {}
    for index in range(branches):
        for number in range(DEPTH):
            name = f"base_model.model.extractor_list.{index}.model.blocks.{number}.attn.qkv"
            tensors[f"{name}.lora_A.weight"] = random(RANK, WIDTH, deviation=0.05)
            tensors[f"{name}.lora_B.weight"] = random(3 * WIDTH, RANK, deviation=0.05)
    return tensors


def official_zip(path: Path, kind: str, style: Style | None = None, seed: int = 3) -> None:
    """Write the archive `dreamsim_<kind>_checkpoint.zip` as the package's releases have it."""
    random, style = Random(seed), style or Style()
    branches = BRANCHES.get(kind, (kind,))
    with zipfile.ZipFile(path, "w") as archive:

        def add(name: str, write: Callable[[io.BytesIO], None]) -> None:
            buffer = io.BytesIO()
            write(buffer)
            archive.writestr(style.folder + name, buffer.getbuffer())

        for branch in branches:
            patch, is_clip = int(branch[-2:]), "clip" in branch
            tensors = transformer(random, patch, is_clip=is_clip)
            if is_clip:
                tensors["proj"] = random(WIDTH, 512, deviation=WIDTH**-0.5)
                add(f"{branch}_pretrain.pth.tar", lambda out, t=tensors: torch.save({"state_dict": t}, out))  # type: ignore[misc]
            else:
                few = {name: torch.zeros(1) for name in tensors}
                full = dino_checkpoint(few if style.backbone_file else tensors, few, random)
                add("dino_vitb16_pretrain.pth", lambda out, c=full: torch.save(c, out))  # type: ignore[misc]
                if style.backbone_file:
                    add("checkpoints/dino_vitbase16_pretrain.pth", lambda out, t=tensors: torch.save(t, out))  # type: ignore[misc]
        add(f"{FOLDERS[kind]}/adapter_config.json", lambda out: _write(out, json.dumps(CONFIG).encode()))
        matrices = adaptation(random, len(branches))
        if style.is_safe:
            packed = safetensors.torch.save(matrices)
            add(f"{FOLDERS[kind]}/adapter_model.safetensors", lambda out: _write(out, packed))
        else:
            add(f"{FOLDERS[kind]}/adapter_model.bin", lambda out: torch.save(matrices, out))


def rewritten(source: Path, target: Path, changes: Mapping[str, bytes | None]) -> Path:
    """Copy an archive with some members replaced, or left out (None); return the copy."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            if content is not None:
                new.writestr(name, content)
    return target


def published_dreamsim(archive: Path, folder: Path, kind: str) -> tuple[Any, Any]:
    """Return the package's model and preprocessing, reading the archive's members from `folder`.

    torch.hub would fetch DINO's code and its teacher's tensors: the package's own copy of the code and the tensors of
    the archive stand in.
    """
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)

    def teacher(*_: object, **__: object) -> Any:
        from dreamsim.feature_extraction.vision_transformer import vit_base  # type: ignore[import-untyped]

        published = folder / "checkpoints" / "dino_vitbase16_pretrain.pth"
        if published.exists():
            tensors = torch.load(published, weights_only=True)
        else:
            full = torch.load(folder / "dino_vitb16_pretrain.pth", weights_only=True)["teacher"]
            tensors = {n.removeprefix("backbone."): v for n, v in full.items() if n.startswith("backbone.")}
        network = vit_base(patch_size=16)
        network.load_state_dict(tensors, strict=True)
        return network

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), mock.patch("torch.hub.load", teacher):
        warnings.simplefilter("ignore")
        from dreamsim import dreamsim  # type: ignore[import-untyped]

        found: tuple[Any, Any] = dreamsim(cache_dir=str(folder), device="cpu", dreamsim_type=kind)
        return found


def _write(out: io.BytesIO, content: bytes) -> None:
    out.write(content)
