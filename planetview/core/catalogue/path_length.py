"""The variants of path length as data: what each walks through, what it looks at, which one to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Space = Literal["z", "w"]
Start = Literal["full", "end"]

# As in the papers; smaller samples are called screening.
PUBLISHED_SAMPLES = 50_000
SCREENING_SAMPLES = 2_000
EPSILON = 1e-4
LOWER_PERCENTILE, UPPER_PERCENTILE = 1, 99


@dataclass(frozen=True, slots=True)
class PathLengthSpec:
    """One variant of path length.

    id: stable name. label: for tables. space: of the path; start: anywhere between two latents, or always at the
    first. crop: whether only the part of the image where a portrait has its face is looked at. distance: id of the
    network that compares images; weights: ids of `WEIGHTS` it needs. published: the name that publications use, or ""
    where the number is none of theirs. definition, caveats, citation: words for people.
    """

    id: str
    label: str
    space: Space
    start: Start
    crop: bool
    distance: str
    weights: tuple[str, ...]
    published: str
    definition: str
    caveats: str
    citation: str = "Karras et al. 2019, arXiv:1812.04948; Karras et al. 2020, arXiv:1912.04958"


_LPIPS = ("lpips-vgg", ("torchvision-vgg16", "lpips-vgg"))
_ST_LPIPS = ("st-lpips-vgg", ("st-lpips-vgg",))
_FACE = "Looks only at the part of the image where a portrait has its face; for terrain take the whole image."
_WHOLE = "The one to use for terrain, and the one that the StyleGAN2 and StyleGAN3 papers print."
_SEVERAL_SIZES = "Compare values of one image size only: above 256 px images are reduced by a whole factor, below they are not resized."
_OTHER_DISTANCE = (
    "Another distance than the published one, with weights that need no download: compare only with itself."
)
_Z_WORDS = "the sphere of latents z (spherical interpolation)"
_W_WORDS = "the space of styles w (linear interpolation)"


def _spec(space: Space, start: Start, crop: bool, st: bool) -> PathLengthSpec:
    name = f"{'ppl' if crop else 'ppl2'}_{space}{start}"
    distance, weights = _ST_LPIPS if st else _LPIPS
    where = "anywhere on the way" if start == "full" else "at its beginning"
    label = f"{'PPL' if crop else 'PPL2'} {space} {start}"
    return PathLengthSpec(
        id=name.replace("_", "-") + ("-st" if st else ""),
        label=f"{label} with ST-LPIPS" if st else f"{label} ({name})",
        space=space,
        start=start,
        crop=crop,
        distance=distance,
        weights=weights,
        published="" if st else name,
        definition=(
            f"How far the image moves, by {'ST-LPIPS' if st else 'LPIPS'} with VGG-16, for a small step {where} "
            f"between two points of {_Z_WORDS if space == 'z' else _W_WORDS}."
        ),
        caveats=" ".join((*((_OTHER_DISTANCE,) if st else ()), _FACE if crop else _WHOLE, _SEVERAL_SIZES)),
    )


_GEOMETRIES: tuple[tuple[Space, Start, bool], ...] = (
    ("z", "full", True),
    ("w", "full", True),
    ("z", "end", True),
    ("w", "end", True),
    ("w", "end", False),
)
PATH_LENGTHS: dict[str, PathLengthSpec] = {
    spec.id: spec for st in (False, True) for spec in (_spec(*geometry, st) for geometry in _GEOMETRIES)
}
