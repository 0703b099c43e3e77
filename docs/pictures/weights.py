"""Made-up states of the weight files of a computer in use, and the pictures of the Models page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from planetview.core.catalogue import WEIGHTS
from planetview.core.messages import ModelsAction, ModelsRequest
from planetview.core.models import ImportOutcome, ModelsResult, WeightState, WeightStatus

WEIGHTS_FOLDER = Path("~/.local/share/planetview/weights")


def weights_to_show(request: ModelsRequest) -> ModelsResult:
    """Return made-up states of all weights; an import of four files has three kinds of outcome."""
    present = {
        "inception-2015-12-05", "torchvision-squeezenet1-1", "lpips-alex", "lpips-vgg", "lpips-squeeze",
        "st-lpips-alex", "st-lpips-vgg", "dinov2-vits14",
    }  # fmt: skip
    states = []
    for spec in WEIGHTS.values():
        path = WEIGHTS_FOLDER / f"{spec.id}.safetensors"
        size, digest = round(spec.size_mib * 2**20), spec.sources[0].sha256 or None
        note = "" if spec.sources[0].has_digest else "Fetched from its official address, which publishes no digest."
        if spec.id in present:
            states.append(WeightState(spec.id, WeightStatus.PRESENT, path, size, digest, note))
        elif spec.id == "torchvision-alexnet":
            advice = f"Delete it, or replace it by the published file. {spec.how_to_get}"
            states.append(WeightState(spec.id, WeightStatus.WRONG_DIGEST, path, size, "4f" * 32, "", advice))
        elif spec.id == "dreamsim-dino-vitb16":
            advice = f"If you trust it: planetview models import --accept-unknown --as {spec.id} {path}"
            states.append(WeightState(spec.id, WeightStatus.UNKNOWN_FILE, path, size, None, "", advice))
        else:
            states.append(WeightState(spec.id, WeightStatus.MISSING, advice=spec.how_to_get))
    outcomes = made_up_outcomes(request.paths) if request.action is ModelsAction.IMPORT else ()
    return ModelsResult(tuple(states), outcomes)


def made_up_outcomes(paths: Sequence[Path]) -> tuple[ImportOutcome, ...]:
    """Return what could become of two good files, one without a published digest, and one of another kind."""
    good, other, unknown, nothing = paths
    return (
        ImportOutcome(good, "torchvision-vgg16", True, "VGG-16 for ImageNet, digest verified."),
        ImportOutcome(other, "clip-vit-b-32-openai", True, "CLIP ViT-B/32 of OpenAI, digest verified."),
        ImportOutcome(
            unknown, "torchvision-alexnet", False,
            "It fits AlexNet for ImageNet, but its SHA-256 is not the published one: unknown file.",
            "If you trust where it came from: planetview models import --accept-unknown --as torchvision-alexnet "
            f"{unknown}",
        ),
        ImportOutcome(nothing, None, False, "Its tensors fit none of the networks PlanetView knows."),
    )  # fmt: skip
