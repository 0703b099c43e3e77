"""The demo study: real lunar tiles and candidates with known faults, made at run time.

With the `lunar-toolkit` package the tiles are cut from its LROC WAC mosaic and LOLA relief; without it
they are seeded cratered terrain. Only the package's data files are read; its code is not imported.
"""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from planetview.core.datasets import Role
from planetview.core.files import cannot_write, write_text_atomically
from planetview.core.messages import ScanTarget

Tile = npt.NDArray[np.uint8]
Check = Callable[[], None]

TITLE = "Demo: the Moon"
CREDIT_MOON = (
    "Images: LROC WAC mosaic (NASA/GSFC/Arizona State University) and LOLA shaded relief (NASA/GSFC), "
    "from the lunar-toolkit package."
)
CREDIT_TERRAIN = (
    "Images: seeded cratered terrain drawn by PlanetView; the lunar maps (package lunar-toolkit) are absent."
)

# Raise it when the tiles change, so that an old demo folder is made anew.
_VERSION = 1
_SIDE = 128
_SEED = 20
_COLUMNS, _ROWS = 40, 14
_MODES = 12
_COUNT_TERRAIN = 168


@dataclass(frozen=True, slots=True)
class _Part:
    """One set of the demo: folder name, role, and what is true of it."""

    name: str
    role: Role
    about: str


_PARTS = (
    _Part("real_train", Role.REFERENCE, "real tiles"),
    _Part("real_test", Role.HELD_OUT, "real tiles of other ground"),
    _Part("rendered", Role.CANDIDATE, "shaded relief of the ground of a third region: right shapes, no albedo"),
    _Part("blurred", Role.CANDIDATE, "real tiles of the third region, blurred (Gaussian, 2 px)"),
    _Part("few_modes", Role.CANDIDATE, "twelve real tiles of the third region, repeated with small changes"),
    _Part("near_copies", Role.CANDIDATE, "reference tiles cropped, mirrored, re-encoded"),
)


def prepare_demo(
    folder: Path, check: Check = lambda: None, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[ScanTarget, ...]:
    """Write the demo's image sets below `folder`, unless they are there already, and return what to scan.

    check: called between images; raises to cancel, and then nothing is left behind.
    on_progress: sets (done, total). Raises UserError when the folder cannot be written.
    """
    maps = lunar_maps()
    mark = {"version": _VERSION, "source": "moon" if maps else "terrain"}
    home = folder / f"demo-{mark['source']}-{_VERSION}"
    if _read_mark(home) != mark:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix=".demo-", dir=folder))
        except OSError as error:
            raise cannot_write(folder, error) from error
        try:
            _write_sets(work, maps, check, on_progress)
            write_text_atomically(work / "demo.json", json.dumps(mark))
            shutil.rmtree(home, ignore_errors=True)
            work.replace(home)
        except OSError as error:
            raise cannot_write(home, error) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return tuple(ScanTarget(home / part.name, part.name, part.role) for part in _PARTS)


def demo_credit() -> str:
    """Return the line that credits the images of the demo."""
    return CREDIT_MOON if lunar_maps() else CREDIT_TERRAIN


def lunar_maps() -> tuple[Path, Path] | None:
    """Return the WAC mosaic and the LOLA relief of the installed lunar-toolkit package, or None."""
    spec = importlib.util.find_spec("lunar_toolkit")
    for place in (spec.submodule_search_locations or []) if spec else []:
        paths = [Path(place) / "static" / "basemaps" / name for name in ("wac_global.jpg", "lola_shade_global.jpg")]
        if all(path.is_file() for path in paths):
            return paths[0], paths[1]
    return None


def _read_mark(home: Path) -> object:
    try:
        return json.loads((home / "demo.json").read_text())
    except (OSError, ValueError):
        return None


def _write_sets(
    work: Path, maps: tuple[Path, Path] | None, check: Check, on_progress: Callable[[int, int], None]
) -> None:
    rng = np.random.default_rng(_SEED)
    train, test, third, rendered = _moon_tiles(*maps) if maps else _terrain_tiles(rng, check)
    sets = {
        "real_train": iter(train),
        "real_test": iter(test),
        "rendered": iter(rendered),
        "blurred": (_blurred(tile) for tile in third),
        "few_modes": _few_modes(third, rng),
        "near_copies": _near_copies(train, rng),
    }
    for done, part in enumerate(_PARTS):
        on_progress(done, len(_PARTS))
        target = work / part.name
        target.mkdir()
        (target / "ABOUT.txt").write_text(f"{part.about}\n{CREDIT_MOON if maps else CREDIT_TERRAIN}\n")
        for i, tile in enumerate(sets[part.name]):
            check()
            Image.fromarray(tile).save(target / f"{part.name}_{i:04d}.png", compress_level=1)
    on_progress(len(_PARTS), len(_PARTS))


def _moon_tiles(wac: Path, lola: Path) -> tuple[list[Tile], list[Tile], list[Tile], list[Tile]]:
    """Cut both maps on one grid within 63° of the equator; bands of 18° of longitude go to the three regions in turn.

    Turns, not halves: the dark maria lie on one side, and halves of the Moon would be two distributions.
    """
    with Image.open(wac) as image:
        ground = image.convert("L")
    with Image.open(lola) as image:
        relief = image.convert("L").resize(ground.size, Image.Resampling.BICUBIC)
    regions: tuple[list[Tile], list[Tile], list[Tile]] = ([], [], [])
    rendered: list[Tile] = []
    top = (ground.height - _ROWS * _SIDE) // 2
    for column in range(_COLUMNS):
        region = column // 2 % 3
        for row in range(_ROWS):
            box = (column * _SIDE, top + row * _SIDE, (column + 1) * _SIDE, top + (row + 1) * _SIDE)
            regions[region].append(np.asarray(ground.crop(box)))
            if region == 2:
                rendered.append(np.asarray(relief.crop(box)))
    return regions[0], regions[1], regions[2], rendered


def _blurred(tile: Tile) -> Tile:
    return np.asarray(Image.fromarray(tile).filter(ImageFilter.GaussianBlur(2)))


def _few_modes(tiles: list[Tile], rng: np.random.Generator) -> Iterator[Tile]:
    modes = [tiles[i] for i in rng.choice(len(tiles), _MODES, replace=False)]
    for i in range(len(tiles)):
        shifted = np.roll(modes[i % _MODES], rng.integers(-3, 4, 2), axis=(0, 1)).astype(np.float64)
        noisy = shifted * rng.uniform(0.95, 1.05) + rng.normal(0, 1.5, shifted.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def _near_copies(tiles: list[Tile], rng: np.random.Generator) -> Iterator[Tile]:
    for i in rng.permutation(len(tiles))[: min(len(tiles), _COUNT_TERRAIN)]:
        left, top = rng.integers(0, 5, 2).tolist()
        image = Image.fromarray(tiles[i]).crop((left, top, _SIDE - 4 + left, _SIDE - 4 + top))
        image = image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
        if rng.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=85)
        with Image.open(stream) as copy:
            yield np.asarray(copy.convert("L"))


def _terrain_tiles(rng: np.random.Generator, check: Check) -> tuple[list[Tile], list[Tile], list[Tile], list[Tile]]:
    """Draw cratered ground: three sets with albedo and camera noise, and bare relief of the third set's ground."""
    sets: tuple[list[Tile], list[Tile], list[Tile]] = ([], [], [])
    relief: list[Tile] = []
    for region in range(3):
        for _ in range(_COUNT_TERRAIN):
            check()
            shade = hillshade(cratered_heights(rng, _SIDE))
            albedo = 1.0 + 0.25 * _fractal(rng, _SIDE, 3.0)
            photo = 110.0 * shade * albedo + rng.normal(0, 2.0, shade.shape)
            sets[region].append(np.clip(photo, 0, 255).astype(np.uint8))
            if region == 2:
                relief.append(np.clip(128.0 * shade, 0, 255).astype(np.uint8))
    return sets[0], sets[1], sets[2], relief


def cratered_heights(rng: np.random.Generator, side: int) -> npt.NDArray[np.float64]:
    """Return heights in pixels, shape (side, side): fractal ground with craters of power-law sizes."""
    heights: npt.NDArray[np.float64] = 2.5 * _fractal(rng, side, 4.6)
    rows, columns = np.mgrid[0:side, 0:side]
    for radius in 2.5 * (1.0 - rng.random(rng.integers(15, 40))) ** (-1 / 1.6):
        if radius > side / 3:
            continue
        distance = np.hypot(rows - rng.uniform(0, side), columns - rng.uniform(0, side)) / radius
        bowl = np.where(distance < 1.0, distance**2 - 1.0, 0.0)
        rim = 0.25 * np.exp(-(((distance - 1.0) / 0.25) ** 2))
        heights += 0.35 * radius * (bowl + rim)
    return heights


def hillshade(heights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return Lambertian brightness, about 1 on level ground, for light from the left at 35° elevation."""
    down, right = np.gradient(heights)
    elevation = np.radians(35.0)
    lit = (np.sin(elevation) + right * np.cos(elevation)) / np.sqrt(1.0 + down**2 + right**2)
    shade: npt.NDArray[np.float64] = np.clip(lit / np.sin(elevation), 0.0, 2.0)
    return shade


def _fractal(rng: np.random.Generator, side: int, slope: float) -> npt.NDArray[np.float64]:
    """Return a random field of zero mean and unit deviation with power falling as frequency^-slope."""
    fy, fx = np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij")
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=(side, side))) * frequency ** (-slope / 2)
    field: npt.NDArray[np.float64] = np.fft.irfft2(spectrum, (side, side))
    field -= field.mean()
    field /= field.std()
    return field
