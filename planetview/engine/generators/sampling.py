"""Writes images of a generator to a folder: one for each seed, whole or not at all, to go on with after a cancel."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

import planetview
from planetview.core.errors import UserError
from planetview.core.files import cannot_write, write_atomically, write_text_atomically
from planetview.core.generation import GENERATION_FILE, SampleResult
from planetview.core.messages import SampleRequest
from planetview.engine.generators.adapter import (
    Generator,
    GeneratorInfo,
    NoiseChoice,
    check_truncation,
    one_hot,
    stacked_noise,
)
from planetview.engine.generators.classes import class_shares, refuse_other_classes

LABELS_FILE: Final = "dataset.json"
_FORMAT: Final = "planetview generation"
_LARGEST_SEED: Final = 2**32 - 1
# What decides the pixels; a folder made with other settings is not added to.
_DECISIVE: Final = ("format", "sha256", "first seed", "truncation", "cutoff", "noise", "classes")

Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The random numbers of one image: z (1, z_dim), its class or None, its noise."""

    z: Tensor
    class_index: int | None
    noise: NoiseChoice


def write_samples(
    generator: Generator, request: SampleRequest, advance: Advance, check: Callable[[], None]
) -> SampleResult:
    """Write the images that are not there yet, `seed000000.png` onwards, and what they were made with.

    The z of an image are the first numbers of NumPy's RandomState(seed), so with noise "const" it is the picture that
    NVIDIA's tools make of that seed. An image depends on its seed alone. advance: called with (images done, of these
    made now). check: called between images; what it raises leaves a folder that can be gone on with.

    Raises UserError for what the generator cannot do, for a folder that holds anything else, and when the disk is
    full.
    """
    info = generator.info
    _refuse_impossible(info, request)
    settings = _settings(info, request)
    total = _claim(request.folder, settings)
    seeds = range(request.first_seed, request.first_seed + request.count)
    there = _files_in(request.folder)
    wanted = {seed: _name(seed) not in there for seed in seeds}
    made = 0
    # Always the same blocks: the last digits of an image can depend on its neighbours in a batch.
    for begin in range(0, len(seeds), info.images_at_once):
        check()
        block = seeds[begin : begin + info.images_at_once]
        if any(wanted[seed] for seed in block):
            for seed, pixels in zip(block, _images(generator, request, block), strict=True):
                if wanted[seed]:
                    check()
                    _write_png(request.folder / _name(seed), pixels)
                    made += 1
        advance(begin + len(block), made)
    if info.c_dim:
        there = _files_in(request.folder)
        every = range(request.first_seed, request.first_seed + total)
        known = [seed for seed in every if _name(seed) in there]
        labels = [[_name(seed), _draw(generator, request, seed, noise=False).class_index] for seed in known]
        write_text_atomically(request.folder / LABELS_FILE, json.dumps({"labels": labels}) + "\n")
    return SampleResult(request.folder, request.count, request.count - made, _notes(info, request))


def to_bytes(images: Tensor) -> NDArray[np.uint8]:
    """Return (n, c, h, w) images in [-1, 1] as (n, h, w, c) uint8: floor(127.5 x + 128), limited to 0..255."""
    scaled = (images * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).cpu().numpy()


def _images(generator: Generator, request: SampleRequest, seeds: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    draws = [_draw(generator, request, seed) for seed in seeds]
    z = torch.cat([drawn.z for drawn in draws])
    classes = [drawn.class_index for drawn in draws if drawn.class_index is not None]
    planes = [drawn.noise for drawn in draws if not isinstance(drawn.noise, str)]
    images = generator.generate(
        z,
        one_hot(classes, generator.info.c_dim, z.device) if classes else None,
        request.truncation,
        stacked_noise(planes) if planes else draws[0].noise,
        request.cutoff,
    )
    if not bool(torch.isfinite(images).all()):
        raise UserError("This generator made images of numbers that are not finite.", "Use another generator.")
    yield from to_bytes(images)


def _draw(generator: Generator, request: SampleRequest, seed: int, noise: bool = True) -> _Drawn:
    info = generator.info
    rng = np.random.RandomState(seed)
    z = generator.sample_z(1, rng)
    class_index: int | None = None
    if info.c_dim:
        share = rng.random_sample()
        class_index = request.class_index
        if class_index is None:
            shares = np.cumsum(class_shares(info, request.class_counts))
            class_index = int(np.searchsorted(shares, share * shares[-1], side="right"))
    used = _noise(info, request)
    if noise and used == "random":
        planes = generator.new_noise(rng, 1)
        return _Drawn(z, class_index, "const" if planes is None else planes)
    return _Drawn(z, class_index, "none" if used == "none" else "const")


def _noise(info: GeneratorInfo, request: SampleRequest) -> str:
    """Return what is done about noise: "random", "const", "none", or "fixed" where the file leaves no choice."""
    return request.noise if info.noise == "controllable" else info.noise


def _refuse_impossible(info: GeneratorInfo, request: SampleRequest) -> None:
    if info.sampling_problem:
        raise UserError(f"No images can be made with this generator. {info.sampling_problem}")
    if request.count < 1:
        raise UserError(f"Cannot make {request.count} images.", "Ask for at least one.")
    if request.first_seed < 0 or request.first_seed + request.count - 1 > _LARGEST_SEED:
        raise UserError("A seed lies outside 0 to 4,294,967,295.", "Choose a smaller first seed.")
    if not np.isfinite(request.truncation):
        raise UserError(f"The truncation is {request.truncation}; it must be a number.", "Usual are 0.5 to 1.")
    check_truncation(info, request.truncation)
    if request.cutoff is not None and not 0 <= request.cutoff <= info.num_ws:
        raise UserError(f"The cutoff is {request.cutoff}.", f"This generator has {info.num_ws} rows of styles.")
    if not info.c_dim and (request.class_index is not None or request.class_counts):
        raise UserError("This generator knows no classes.", "Leave the class out.")
    if request.class_index is not None:
        one_hot([request.class_index], info.c_dim)
    refuse_other_classes(info, request.class_counts)


def _settings(info: GeneratorInfo, request: SampleRequest) -> dict[str, Any]:
    classes: Any = None
    if info.c_dim:
        drawn = {"drawn by counts": list(request.class_counts)} if request.class_counts else "drawn evenly"
        classes = drawn if request.class_index is None else {"fixed": request.class_index}
    return {
        "format": _FORMAT,
        "sha256": info.sha256,
        "generator": info.path.name,
        "generator format": info.format,
        "generator source": info.source,
        "first seed": request.first_seed,
        "images": request.count,
        "truncation": request.truncation,
        "cutoff": None if request.truncation == 1 else request.cutoff,
        "noise": _noise(info, request),
        "classes": classes,
        "latents": f"the first {info.z_dim} numbers of numpy.random.RandomState(seed).randn, seed from the file name",
        "pixels": "uint8, floor(127.5 x + 128)",
        "device": info.device,
        "versions": {
            "planetview": planetview.__version__,
            **{name: metadata.version(name) for name in ("torch", "numpy", "pillow")},
        },
    }


def _claim(folder: Path, settings: dict[str, Any]) -> int:
    """Write the settings into the folder, or find the same ones there, and return how many images they are for.

    Raises UserError for a folder of something else.
    """
    path = folder / GENERATION_FILE
    if not path.is_file():
        others = sorted(name for name in _files_in(folder) if not name.startswith("."))
        if others:
            raise UserError(
                f"'{folder}' holds other files, '{others[0]}' for one; the images could not be told from them.",
                "Choose an empty or a new folder.",
            )
        _write_settings(path, settings)
        return int(settings["images"])
    there = _read_settings(path)
    differing = [name for name in _DECISIVE if there.get(name) != settings[name]]
    if differing:
        what = ", ".join("generator" if name == "sha256" else name for name in differing)
        raise UserError(
            f"'{folder}' holds images that were made otherwise ({what}).",
            "Choose another folder, or the settings in its generation.json.",
        )
    if settings["images"] > there["images"]:
        _write_settings(path, settings)
    return max(int(settings["images"]), int(there["images"]))


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(there, dict) and isinstance(there.get("images"), int):
            return there
        problem = "it is not written by PlanetView"
    except (OSError, ValueError, RecursionError) as error:
        problem = str(error)
    raise UserError(f"'{path}' cannot be read: {problem}.", "Choose another folder.")


def _write_settings(path: Path, settings: dict[str, Any]) -> None:
    write_text_atomically(path, json.dumps(settings, indent=1) + "\n")


def _files_in(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise cannot_write(folder, error) from error


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    data = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(data, "PNG")
    write_atomically(path, lambda stream: stream.write(data.getbuffer()))


def _name(seed: int) -> str:
    return f"seed{seed:06d}.png"


def _notes(info: GeneratorInfo, request: SampleRequest) -> tuple[str, ...]:
    notes = list(info.warnings)
    if request.truncation < 1:
        notes.append(
            "Truncated images look better and vary less: FID and recall judge the truncation as well as the generator."
        )
    if info.noise == "fixed" and request.noise != "const":
        notes.append("The file holds its own noise, the same for every image.")
    if info.c_dim and request.class_index is None and not request.class_counts:
        notes.append("Classes were drawn evenly; give the training set's labels to draw them as they are there.")
    return tuple(notes)
