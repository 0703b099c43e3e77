"""Stages that read or compare images: pixel metrics, entropy, ST-LPIPS, scanning, feature extraction, the store."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from _inputs import disturbed, tiles, write_jpegs
from _timing import Case, Peer, largest
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from planetview.core.datasets import Dataset, ImageRecord
    from planetview.engine.extractors.network import NetworkExtractor
    from planetview.engine.perceptual.st_lpips import Net, StLpips

Images = NDArray[np.uint8]
Metric = Callable[[Images, Images], float]


def _no_check() -> None:
    """Nobody cancels a benchmark."""


def pixel(quick: bool) -> Iterator[Case]:
    """Time PSNR, SSIM and MS-SSIM of 8-bit pairs; the conversion that a peer needs counts as its time."""
    from planetview.engine.metrics import pixel as own

    def ms_ssim(a: Images, b: Images) -> float:
        return own.ms_ssim(a, b).value

    pairs = 4 if quick else 24
    for label, side, channels in [("grey", 227, 1), ("RGB", 256, 3)]:
        a = tiles(pairs, side, 4, channels)
        kinds = [(label, a)]
        if channels == 1 and not quick:
            kinds.append(("grey kept as RGB", np.repeat(a[..., None], 3, axis=3)))
        for kind, first in kinds:
            second = disturbed(a, 5)
            second = np.repeat(second[..., None], 3, axis=3) if first.ndim > second.ndim else second
            size = f"{pairs} pairs, {side} px {kind}"
            for name, ours in (("PSNR", own.psnr), ("SSIM", own.ssim), ("MS-SSIM", ms_ssim)):
                # PSNR takes a tenth of a millisecond: handing pairs to threads one by one would time the handing.
                way = _each if name == "PSNR" else _as_in_a_run
                yield Case(
                    name, size, lambda way=way, ours=ours, x=first, y=second: way(ours, x, y),
                    tuple(_pixel_peers(name, first, second)), items=pairs,
                )  # fmt: skip


def _each(metric: Metric, a: Images, b: Images) -> list[float]:
    return [metric(x, y) for x, y in zip(a, b, strict=True)]


def _as_in_a_run(metric: Metric, a: Images, b: Images) -> list[float]:
    """Score pairs in the way of `planetview.engine.pairs`: each in one thread, side by side."""
    import torch

    from planetview.engine.images import prefetch

    def score(i: int) -> NDArray[np.float64]:
        return np.array(metric(a[i], b[i]))

    scored = prefetch(range(len(a)), score, check=_no_check, workers=torch.get_num_threads())
    return [float(value) for _, value in scored]


def _pixel_peers(name: str, a: Images, b: Images) -> Iterator[Peer]:
    import piq
    import torch
    from skimage import metrics

    def batch(images: Images) -> torch.Tensor:
        wide = images if images.ndim == 4 else images[..., None]
        return torch.from_numpy(wide).permute(0, 3, 1, 2).float()

    function = {"PSNR": piq.psnr, "SSIM": piq.ssim, "MS-SSIM": piq.multi_scale_ssim}[name]
    options: dict[str, Any] = {"SSIM": {"downsample": False}}.get(name, {})

    def by_piq() -> list[float]:
        with torch.inference_mode():
            return list(map(float, function(batch(a), batch(b), data_range=255.0, reduction="none", **options)))

    yield Peer("piq", by_piq, largest, "absolute")
    if name == "PSNR":
        yield Peer(
            "scikit-image",
            lambda: _each(lambda x, y: float(metrics.peak_signal_noise_ratio(x, y, data_range=255)), a, b),
            largest, "absolute",
        )  # fmt: skip
    if name == "SSIM":
        # Wang's own window, which is not scikit-image's default.
        wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
        axis = {"channel_axis": 2} if a.ndim == 4 else {}
        yield Peer(
            "scikit-image",
            lambda: _each(lambda x, y: float(metrics.structural_similarity(x, y, **wang, **axis)), a, b),
            largest, "absolute",
        )  # fmt: skip


def entropy(quick: bool) -> Iterator[Case]:
    """Time the Shannon entropy of grey and RGB tiles; the peer takes RGB channel by channel."""
    from skimage.measure import shannon_entropy

    from planetview.core.entropy import shannon_entropy_bits

    def of_channels(image: Images) -> float:
        planes = [image] if image.ndim == 2 else [image[..., c] for c in range(3)]
        return float(np.mean([shannon_entropy(plane) for plane in planes]))

    count = 40 if quick else 400
    for side, channels, label in [(227, 1, "grey"), (256, 3, "RGB")]:
        images = tiles(count // channels, side, 4, channels)
        yield Case(
            "entropy", f"{len(images)} × {side} px {label}",
            lambda images=images: [shannon_entropy_bits(image) for image in images],
            (Peer("scikit-image", lambda images=images: [of_channels(image) for image in images],
                  largest, "absolute"),),
            items=len(images),
        )  # fmt: skip


@cache
def _published(net: Net) -> Any:
    """Return the wheel's own module; two packages that it imports for debugging are replaced by empty ones."""
    for name, attribute in (("IPython", "embed"), ("torchsummary", "summary")):
        stand_in = ModuleType(name)
        setattr(stand_in, attribute, None)
        sys.modules.setdefault(name, stand_in)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        from stlpips_pytorch import stlpips

        return stlpips.LPIPS(net=net, variant="shift_tolerant", verbose=False)


def _published_distances(net: Net, a: Images, b: Images) -> NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        sides = [torch.from_numpy(x).permute(0, 3, 1, 2).float() / 127.5 - 1.0 for x in (a, b)]
        return np.asarray(_published(net)(*sides).flatten().numpy())


def _model(net: Net) -> StLpips:
    from planetview.engine.perceptual.st_lpips import StLpips

    return StLpips(net)


def st_lpips(quick: bool) -> Iterator[Case]:
    """Time the distance of pairs of RGB tiles."""
    choices: list[tuple[Net, int, int]] = [("alex", 64, 4)] if quick else [("alex", 227, 8), ("vgg", 227, 4)]
    for net, side, pairs in choices:
        model, a = _model(net), tiles(pairs, side, 4, 3)
        b = disturbed(a, 5)
        yield Case(
            f"ST-LPIPS ({net})", f"{pairs} pairs, {side} px RGB", lambda m=model, a=a, b=b: m.distance(a, b),
            (Peer("stlpips-pytorch", lambda net=net, a=a, b=b: _published_distances(net, a, b),
                  largest, "absolute"),),
            items=pairs,
        )  # fmt: skip


def st_lpips_all_pairs(quick: bool) -> Iterator[Case]:
    """Time the nearest 3 of every query at 64 px; the peer can only score all pairs, here in batches of 16."""
    from planetview.engine.neighbours import nearest_st_lpips

    model = _model("alex")
    for n in [8] if quick else [16, 32]:
        a, b = tiles(n, 64, 4, 3), tiles(n, 64, 5, 3)

        def by_embedding(a: Images = a, b: Images = b, n: int = n) -> NDArray[np.float64]:
            load = a.__getitem__, b.__getitem__
            return nearest_st_lpips(load[0], n, load[1], n, 3, model=model, check=_no_check, side=64)[1]

        def pair_by_pair(a: Images = a, b: Images = b, n: int = n) -> NDArray[np.float32]:
            i, j = (index.ravel() for index in np.indices((n, n)))
            parts = [_published_distances("alex", a[i[s : s + 16]], b[j[s : s + 16]]) for s in range(0, n * n, 16)]
            return np.sort(np.concatenate(parts).reshape(n, n), axis=1)[:, :3]

        yield Case(
            "ST-LPIPS (alex), nearest of all pairs", f"{n} × {n}, 64 px RGB", by_embedding,
            (Peer("stlpips-pytorch, pair by pair", pair_by_pair, largest, "absolute"),), items=n * n,
        )  # fmt: skip


def scan(quick: bool) -> Iterator[Case]:
    """Time reading, hashing and decoding every file; then the same folder again, whose bytes are known by then."""
    from planetview.core.scanning import scan as scan_folder

    n = 100 if quick else 1000
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "tiles").mkdir()
        write_jpegs(folder / "tiles", n, 227)
        homes = iter(range(10**6))

        def first_time() -> Dataset:
            with _home(folder / f"home-{next(homes)}"):
                return scan_folder(folder / "tiles")

        def again() -> Dataset:
            with _home(folder / "home-kept"):
                return scan_folder(folder / "tiles")

        def plain() -> list[str]:
            digests = []
            for path in sorted((folder / "tiles").iterdir()):
                data = path.read_bytes()
                digests.append(hashlib.sha256(data).hexdigest())
                np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
            return digests

        def differs(ours: Dataset, theirs: list[str]) -> float:
            return float(sum(a.digest != b for a, b in zip(ours.images, theirs, strict=True)))

        peers = (Peer("Pillow to RGB + SHA-256, one thread", plain, differs, "absolute"),)
        yield Case("scan: decode + hash", f"{n} JPEG, 227 px grey", first_time, peers, items=n)
        yield Case("scan again", f"{n} JPEG, 227 px grey", again, peers, items=n)


@contextlib.contextmanager
def _home(folder: Path) -> Iterator[None]:
    """Keep what the project stores inside `folder`."""
    before = os.environ.get("PLANETVIEW_HOME")
    os.environ["PLANETVIEW_HOME"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("PLANETVIEW_HOME")
        if before is not None:
            os.environ["PLANETVIEW_HOME"] = before


def _vgg_st() -> NetworkExtractor:
    from planetview.engine.extractors.vgg_st import build

    return build("vgg16-st")


def extraction(quick: bool) -> Iterator[Case]:
    """Time vgg16-st on tiles of its input size, against the wheel's trunk on the same tiles with the same pooling."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from planetview.engine.extractors.vgg_st import SIDE, STAGES

    extractor, published = _vgg_st(), _published("vgg")
    n = 8 if quick else 32
    batch = tiles(n, SIDE, 4, 3)

    def by_wheel() -> NDArray[np.float32]:
        vectors = []
        with torch.inference_mode():
            for start in range(0, n, 8):
                pixels = torch.from_numpy(batch[start : start + 8]).permute(0, 3, 1, 2).float() / 127.5 - 1.0
                outputs = published.net(published.scaling_layer(pixels))
                pooled = [torch.nn.functional.normalize(outputs[s - 1], dim=1).mean(dim=(2, 3)) for s in STAGES]
                vectors.append(torch.cat(pooled, dim=1))
        return torch.cat(vectors).numpy()

    with FlopCounterMode(display=False) as counter:
        extractor.features(batch[:8])
    yield Case(
        "features (vgg16-st)", f"{n} × {SIDE} px RGB", lambda: extractor.features(batch),
        (Peer("stlpips-pytorch trunk", by_wheel, largest, "absolute"),),
        items=n, flops=counter.get_total_flops() / 8 * n,
    )  # fmt: skip


def store(quick: bool) -> Iterator[Case]:
    """Time the features of a folder on the second run, read from the store, against computing them."""
    from planetview.core.scanning import scan as scan_folder
    from planetview.engine.devices import TimedBatch
    from planetview.engine.features import extract_features, feature_space
    from planetview.engine.store import FeatureStore

    extractor, n = _vgg_st(), 16 if quick else 96
    space = feature_space(extractor, "as stored")

    def load(record: ImageRecord) -> Images:
        return np.asarray(Image.open(record.path).convert("RGB"))

    with tempfile.TemporaryDirectory() as text, _home(Path(text) / "home"):
        folder = Path(text)
        (folder / "tiles").mkdir()
        write_jpegs(folder / "tiles", n, 227)
        records = scan_folder(folder / "tiles").images
        files = iter(range(10**6))

        def run(path: Path) -> NDArray[np.float32]:
            with FeatureStore(path) as kept:
                table = extract_features(
                    records, extractor, space, kept, load, batcher=TimedBatch(), check=_no_check
                )  # fmt: skip
                return table.features

        run(folder / "kept.sqlite")
        yield Case(
            "feature store, second run", f"{n} JPEG, vgg16-st", lambda: run(folder / "kept.sqlite"),
            (Peer("our own first run", lambda: run(folder / f"new-{next(files)}.sqlite"), largest, "absolute"),),
            items=n,
        )  # fmt: skip
