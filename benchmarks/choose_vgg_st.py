"""Choose the input side, layers and pooling of the `vgg16-st` extractor, on real Mars tiles.

For every input side it runs the trunk once over all images, keeps the mean and the standard deviation of each stage
(plain, and with the channel vector of each pixel scaled to length 1), and then scores combinations of them, plain or
with every channel weighted as the heads of ST-LPIPS weight it:

* floor FD: Frechet distance of the held-out tiles to the training tiles, in units of the training variance;
* far/floor: how many times further from the training tiles the spectral (texture only) set lies, by FD and by KID;
* blur, noise: the FD of distorted held-out tiles to the same tiles undistorted, sigma by sigma;
* ordered: whether FD and KID to the undistorted tiles grow at every step of both;
* copies: how many copied tiles lie nearer to the training set than to the held-out set (chance: 67 %).

    python benchmarks/choose_vgg_st.py ../shared/data/hirise --cache features.npz --sides 64 80 96
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

from planetview.engine.perceptual.learned import unit
from planetview.engine.perceptual.st_lpips import ScaledTrunk
from planetview.engine.resize import squash
from planetview.engine.weights import load_weights

BLURS = (0.5, 1.0, 2.0, 4.0)
NOISES = (4.0, 8.0, 16.0, 32.0)
DISTORTED = 150
POOLS = ("mean", "std", "unit-mean", "unit-std")
CHOICES = (
    ((4,), ("mean",), False),
    ((3, 4, 5), ("mean",), False),
    ((3, 4, 5), ("mean", "std"), False),
    ((3, 4), ("unit-mean",), False),
    ((3, 4, 5), ("unit-mean",), False),
    ((3, 4, 5), ("unit-mean",), True),
    ((3, 4, 5), ("unit-mean", "unit-std"), False),
    ((3, 4, 5), ("unit-mean", "unit-std"), True),
    ((2, 3, 4, 5), ("unit-mean",), False),
    ((2, 3, 4, 5), ("unit-mean", "unit-std"), False),
    ((2, 3, 4, 5), ("unit-mean", "unit-std"), True),
    ((1, 2, 3, 4, 5), ("unit-mean",), False),
    ((1, 2, 3, 4, 5), ("unit-mean",), True),
    ((1, 2, 3, 4, 5), ("unit-mean", "unit-std"), True),
)

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
    return [pool for x in (features, unit(features)) for pool in (x.mean(dim=(2, 3)), x.std(dim=(2, 3), correction=0))]


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


def score(sets: dict[str, Floats]) -> str:
    scale = np.sqrt(sets["train"].var(0).sum())
    sets = {name: values / scale for name, values in sets.items()}
    train, test, far = sets["train"], sets["test"], sets["synth_spectral"]
    floor = frechet(train, test)
    series, ordered = [], True
    for names in ([f"blur {s:g}" for s in BLURS], [f"noise {s:g}" for s in NOISES]):
        values = [frechet(sets["clean"], sets[name]) for name in names]
        kids = [kid(sets["clean"], sets[name]) for name in ("clean", *names)]
        ordered &= all(a < b for a, b in itertools.pairwise((0.0, *values)))
        ordered &= all(a < b for a, b in itertools.pairwise(kids))
        series.append(" ".join(f"{value:.3f}" for value in values))
    copies = sets["synth_copied"]
    caught = np.mean(nearest_distance(copies, train) < nearest_distance(copies, test))
    cells = [f"{floor:.3f}", f"{frechet(train, far) / floor:.1f}", f"{kid(train, far) / kid(train, test):.0f}",
             *series, "yes" if ordered else "no", f"{100 * caught:.1f} %"]  # fmt: skip
    return " | ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="folder with train, test, synth_spectral, synth_copied")
    parser.add_argument("--cache", type=Path, required=True, help="one .npz a side is kept beside this name")
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 80, 96])
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    tensors = load_weights("st-lpips-vgg").tensors
    trunk = ScaledTrunk("vgg", tensors)
    images: dict[str, list[NDArray[np.uint8]]] = {}
    heads = {stage: tensors[f"lin{stage - 1}.model.1.weight"].numpy().ravel() for stage in range(1, 6)}
    print("| side | stages | pooling | weighted | dim | floor FD | far/floor FD | far/floor KID "
          "| blur 0.5 1 2 4 px | noise 4 8 16 32 | ordered | copies |")  # fmt: skip
    print("|" + "---|" * 12)
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
        for stages, pools, weighted in CHOICES:
            joined = {
                name: np.hstack([
                    held[f"{name}|{stage} {pool}"] * (np.sqrt(heads[stage]) if weighted else 1.0)
                    for stage in stages for pool in pools
                ])
                for name in names
            }  # fmt: skip
            label = ["+".join(map(str, stages)), "+".join(pools), "heads" if weighted else "-"]
            print(f"| {side} | {' | '.join(label)} | {joined['train'].shape[1]} | {score(joined)} |", flush=True)


if __name__ == "__main__":
    main()
