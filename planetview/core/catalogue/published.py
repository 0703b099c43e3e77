"""The names under which papers know a metric on an extractor, where the two together are what they computed."""

from __future__ import annotations

from planetview.core.catalogue.extractors import EXTRACTORS
from planetview.core.catalogue.metrics import metric_label

PUBLISHED_NAMES: dict[tuple[str, str], str] = {
    ("fd", "inception-tf1"): "FID (torch-fidelity)",
    ("fd", "inception-clean"): "FID-clean (clean-fid)",
    ("fd", "inception-ptf"): "FID (pytorch-fid)",
    ("fd", "dinov2-vitl14"): "FD-DINOv2 (dgm-eval)",
    ("fd", "clip-vit-b-32"): "FD-CLIP (clean-fid)",
    ("fd", "clip-vit-l-14-datacomp"): "FD-CLIP (dgm-eval)",
    ("fid50k", "inception-tf1"): "FID (StyleGAN2-ADA fid50k convention)",
    ("fid50k-full", "inception-tf1"): "FID (StyleGAN2-ADA fid50k_full convention)",
    ("kid-poly", "inception-tf1"): "KID poly (torch-fidelity)",
    ("kid-poly", "inception-clean"): "KID (clean-fid)",
    ("kid-poly", "dinov2-vitl14"): "KD-DINOv2 (dgm-eval)",
    ("kid-rbf", "inception-tf1"): "KID-rbf (Inception pool3, σ = 10, torch-fidelity)",
    ("cmmd", "clip-vit-l-14-336"): "CMMD (CLIP L/14-336, σ = 10, ×1000, biased)",
    ("precision", "vgg16-fc2"): "Precision (VGG-16 fc2, k = 3)",
    ("recall", "vgg16-fc2"): "Recall (VGG-16 fc2, k = 3)",
    ("isc", "inception-tf1"): "ISC (torch-fidelity)",
}


def published_name(metric_id: str, extractor_id: str | None) -> str | None:
    """Return the name of a metric on an extractor in the literature, or None where it has none.

    The same formula on other features is another number: it then has no such name.
    """
    return PUBLISHED_NAMES.get((metric_id, extractor_id)) if extractor_id else None


def value_label(metric_id: str, extractor_id: str | None) -> str:
    """Return the published name, else "metric · extractor", else the metric's label alone; ids where unknown."""
    label = metric_label(metric_id)
    if not extractor_id:
        return label
    known = EXTRACTORS.get(extractor_id)
    return published_name(metric_id, extractor_id) or f"{label} · {known.label if known else extractor_id}"
