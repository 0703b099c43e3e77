"""Choose the input side, layers and pooling of the `vgg16-st` extractor, on real Mars tiles.

For every input side it runs the trunk once over all images, keeps the mean and the standard deviation of each stage
(plain, and with the channel vector of each pixel scaled to length 1), and then scores combinations of them:

* floor: Frechet distance of held-out real tiles to the training tiles, and how many times further the spectral
  (texture only) set lies;
* steps: whether FD to the training tiles grows at every step of blur and of noise put on held-out tiles, and the
  smallest ratio between two steps;
* copies: how often a copied tile lies nearer to the training set than to the held-out set;
* cost: milliseconds an image, one process.

    python benchmarks/choose_vgg_st.py ../shared/data/hirise --cache features.npz --sides 64 96 128
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor

from planetview.engine.extractors.vgg_st import squash
from planetview.engine.perceptual.st_lpips import ScaledTrunk
from planetview.engine.weights import ST_LPIPS_VGG, load_state_dict

BLURS = (0.5, 1.0, 2.0, 4.0)
NOISES = (4.0, 8.0, 16.0, 32.0)
DISTORTED = 150
POOLS = ("mean", "std", "unit-mean", "unit-std")
STAGES = ((2, 3, 4), (3, 4), (3, 4, 5), (2, 3, 4, 5), (1, 2, 3, 4, 5), (4, 5), (4,), (5,))
POOLINGS = (("mean",), ("mean", "std"), ("unit-mean",), ("unit-mean", "unit-std"))

Floats = NDArray[np.float64]


def image_sets(root: Path) -> dict[str, list[NDArray[np.uint8]]]:
    sets = {}
    for name in ("train", "test", "synth_spectral", "synth_copied"):
        files = sorted(p for p in (root / name).iterdir() if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
        sets[name] = [np.asarray(Image.open(file).convert("L")) for file in files]
    rng = np.random.default_rng(7)
    chosen = [sets["test"][i] for i in rng.permutation(len(sets["test"]))[:DISTORTED]]
    sets["clean"] = chosen
    for sigma in BLURS:
        sets[f"blur {sigma:g}"] = [as_bytes(gaussian_filter(image.astype(np.float64), sigma)) for image in chosen]
    for sigma in NOISES:
        sets[f"noise {sigma:g}"] = [as_bytes(image + rng.normal(0, sigma, image.shape)) for image in chosen]
    return sets


def as_bytes(image: Floats) -> NDArray[np.uint8]:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def pooled(features: Tensor) -> list[Tensor]:
    unit = features / (features.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)
    return [pool for x in (features, unit) for pool in (x.mean(dim=(2, 3)), x.std(dim=(2, 3), correction=0))]


def measure(trunk: ScaledTrunk, images: list[NDArray[np.uint8]], side: int) -> dict[str, NDArray[np.float32]]:
    rows: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(images), 8):
        rgb = [np.repeat(image[..., None], 3, axis=2) for image in images[start : start + 8]]
        batch = torch.from_numpy(np.stack([squash(image, side) for image in rgb]))
        with torch.inference_mode():
            for stage, features in enumerate(trunk.stages(batch), start=1):
                for pool, vector in zip(POOLS, pooled(features), strict=True):
                    rows.setdefault(f"{stage} {pool}", []).append(vector.numpy())
    return {key: np.concatenate(parts) for key, parts in rows.items()}


def frechet(a: Floats, b: Floats) -> float:
    """FD from the singular values of the centred Gram block, exact also for fewer images than dimensions."""
    ca = (a - a.mean(0)) / np.sqrt(len(a) - 1)
    cb = (b - b.mean(0)) / np.sqrt(len(b) - 1)
    if min(len(a), len(b)) > a.shape[1]:
        left, right = np.linalg.qr(ca, mode="r"), np.linalg.qr(cb, mode="r")
        cross = np.linalg.svd(left @ right.T, compute_uv=False).sum()
    else:
        cross = np.linalg.svd(ca @ cb.T, compute_uv=False).sum()
    mean = np.square(a.mean(0) - b.mean(0)).sum()
    return float(mean + np.square(ca).sum() + np.square(cb).sum() - 2 * cross)


def kid(a: Floats, b: Floats) -> float:
    def kernel(x: Floats, y: Floats) -> Floats:
        return np.asarray((x @ y.T / x.shape[1] + 1) ** 3)

    aa, bb, ab = kernel(a, a), kernel(b, b), kernel(a, b)
    n, m = len(a), len(b)
    within = (aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (m * (m - 1))
    return float(within - 2 * ab.mean())


def nearest_distance(a: Floats, b: Floats) -> Floats:
    squared = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squared, 0)).min(1))


def steps(values: list[float]) -> tuple[bool, float]:
    gains = [after / before for before, after in itertools.pairwise(values)]
    return all(gain > 1 for gain in gains), min(gains)


def score(sets: dict[str, Floats]) -> str:
    scale = np.sqrt(sets["train"].var(0).sum())
    sets = {name: values / scale for name, values in sets.items()}
    half = sets["train"][::2]
    floor, far = frechet(half, sets["test"]), frechet(half, sets["synth_spectral"])
    kid_far = kid(half, sets["synth_spectral"]) / max(abs(kid(half, sets["test"])), 1e-12)
    cells = []
    for names in ([f"blur {s:g}" for s in BLURS], [f"noise {s:g}" for s in NOISES]):
        for distance in (frechet, kid):
            ordered, gain = steps([distance(sets["train"], sets[name]) for name in ("clean", *names)])
            cells.append(f"{'yes' if ordered else 'NO '} {gain:5.2f}")
    copies = np.mean(
        nearest_distance(sets["synth_copied"], half) < nearest_distance(sets["synth_copied"], sets["test"])
    )
    all_copies = np.mean(
        nearest_distance(sets["synth_copied"], sets["train"]) < nearest_distance(sets["synth_copied"], sets["test"])
    )
    return (
        f"{floor:.3f} | {far / floor:5.2f} | {kid_far:5.0f} | "
        + " | ".join(cells)
        + f" | {100 * all_copies:5.1f} % | {100 * copies:5.1f} %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="folder with train, test, synth_spectral, synth_copied")
    parser.add_argument("--cache", type=Path, required=True, help="one .npz a side is kept beside this name")
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 96, 128])
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    trunk = ScaledTrunk("vgg", load_state_dict(ST_LPIPS_VGG))
    images: dict[str, list[NDArray[np.uint8]]] = {}
    print("| side | stages | pooling | dim | floor FD | FD far/floor | KID far/floor | blur FD | blur KID "
          "| noise FD | noise KID | copies | copies, equal n |")  # fmt: skip
    print("|" + "---|" * 13)
    for side in arguments.sides:
        cache = arguments.cache.with_name(f"{arguments.cache.stem}-{side}.npz")
        if not cache.exists():
            images = images or image_sets(arguments.root)
            began, stored = time.perf_counter(), {}
            for name, members in images.items():
                for key, values in measure(trunk, members, side).items():
                    stored[f"{name}|{key}"] = values
            count = sum(map(len, images.values()))
            stored["ms"] = np.array(1000 * (time.perf_counter() - began) / count)
            np.savez(cache, **stored)
        with np.load(cache) as kept:
            held = {key: kept[key].astype(np.float64) for key in kept.files}
        print(f"side {side}: {float(held.pop('ms')):.1f} ms an image, decoding left out")
        names = dict.fromkeys(key.split("|")[0] for key in held)
        for stages, pools in itertools.product(STAGES, POOLINGS):
            joined = {
                name: np.hstack([held[f"{name}|{stage} {pool}"] for stage in stages for pool in pools])
                for name in names
            }
            label = "+".join(map(str, stages)), "+".join(pools), joined["train"].shape[1]
            print(f"| {side} | {label[0]} | {label[1]} | {label[2]} | {score(joined)} |", flush=True)


if __name__ == "__main__":
    main()
