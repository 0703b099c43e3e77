"""The feature extractors as data: which network, which layer, which preprocessing."""

from __future__ import annotations

from planetview.core.catalogue.specs import ExtractorSpec

_TF1 = "TF1-299: TensorFlow 1 bilinear to 299 × 299, not antialiased, aspect not kept"
_CLEAN = "CLEAN-299: Pillow bicubic on float channels to 299 × 299, antialiased, not rounded"
_PTF = "PTF-299: PyTorch bilinear to 299 × 299, not antialiased, aspect not kept"
_CLIP_CROP = "CFID-CLIP: Pillow bicubic, shorter side to 224, centre crop 224 × 224, 8-bit"
_DGM = "DGM-224: Pillow bicubic squash to 224 × 224, antialiased, 8-bit"
_DS = "DS-224: Pillow bicubic squash to 224 × 224, antialiased, 8-bit"

_INCEPTION_CITATION = "Szegedy et al. 2016, arXiv:1512.00567; weights of Heusel et al. 2017, arXiv:1706.08500"
_CLIP_CITATION = "Radford et al. 2021, arXiv:2103.00020"
_OPENCLIP_CITATION = "Cherti et al. 2023, arXiv:2212.07143"
_DINO_CITATION = "Oquab et al. 2023, arXiv:2304.07193; for FD: Stein et al. 2023, arXiv:2306.04675"
_DREAMSIM_CITATION = "Fu et al. 2023, arXiv:2306.09344"

_INCEPTION_IS = "Inception-v3 of the first FID (2015-12-05), 2048 values after the last average pooling."
_IMAGENET_CAVEAT = "Trained on everyday photographs: blind to much of what matters in regolith."


def _inception(id: str, name: str, preprocessing: str, used_by: str, parity: str) -> ExtractorSpec:
    return ExtractorSpec(
        id, f"Inception-v3 ({name})", ("inception-2015-12-05",), 2048, preprocessing, _INCEPTION_IS,
        f"{_IMAGENET_CAVEAT} Same network, other resize, other number: this one is {used_by}.",
        "Apache-2.0", _INCEPTION_CITATION, parity, has_classes=True,
    )  # fmt: skip


def _clip(
    id: str, name: str, weights: str, dim: int, preprocessing: str, definition: str, parity: str
) -> ExtractorSpec:
    citation = _CLIP_CITATION if "openai" in weights else _OPENCLIP_CITATION
    return ExtractorSpec(
        id, f"CLIP {name}", (weights,), dim, preprocessing, definition,
        "Sees what captions speak of; fine texture counts little, and the centre crop drops the edges of oblong images.",
        "MIT", citation, parity,
    )  # fmt: skip


def _dinov2(size: str, dim: int) -> ExtractorSpec:
    return ExtractorSpec(
        f"dinov2-vit{size}14", f"DINOv2 ViT-{size.upper()}/14", (f"dinov2-vit{size}14",), dim, _DGM,
        "Self-supervised vision transformer; the class token after the last normalisation.",
        "Position embeddings are resampled as the original repository does, which other ports do not.",
        "Apache-2.0", _DINO_CITATION, "timm with the original repository's position embedding; dgm-eval's pipeline",
    )  # fmt: skip


def _dreamsim(id: str, name: str, dim: int, definition: str) -> ExtractorSpec:
    return ExtractorSpec(
        id, f"DreamSim {name}", (id,), dim, _DS, definition,
        "Everything is squashed to 224 px: fine texture of large tiles is lost. Branches are not comparable with each other.",
        "MIT", _DREAMSIM_CITATION, "the dreamsim package, same weights",
    )  # fmt: skip


_EXTRACTORS = (
    ExtractorSpec(
        "vgg16-st", "VGG-16 (ST-LPIPS)", ("st-lpips-vgg",), 1408,
        "squash to 80 × 80, antialiased bicubic",
        "The VGG-16 trunk of ST-LPIPS, trained for shift-tolerant perceptual similarity; its activations pooled to one vector.",
        "Works offline with weights from a Python package. Values compare only with values of the same extractor.",
        "BSD-2-Clause",
        "Ghildyal and Liu 2022, arXiv:2207.13686",
        "the trunk equals the stlpips_pytorch package; the pooling is PlanetView's own (docs/vgg16-st.md)",
        fast="bfloat16",
    ),
    _inception("inception-tf1", "TF1-299", _TF1, "torch-fidelity's and StyleGAN2-ADA's", "torch-fidelity inception-v3-compat"),
    _inception("inception-clean", "CLEAN-299", _CLEAN, "clean-fid's", "clean-fid mode clean, same weights"),
    _inception("inception-ptf", "PTF-299", _PTF, "pytorch-fid's and dgm-eval's", "torch-fidelity's network after pytorch-fid's resize"),
    ExtractorSpec(
        "vgg16-fc2", "VGG-16 fc2", ("torchvision-vgg16",), 4096,
        "TF1-224-IN: TensorFlow 1 bilinear to 224 × 224, ImageNet mean and deviation",
        "VGG-16 for ImageNet, 4096 values after the second fully connected layer and its ReLU.",
        f"The features of improved precision and recall as published. {_IMAGENET_CAVEAT}",
        "BSD-3-Clause", "Simonyan and Zisserman 2015, arXiv:1409.1556; Kynkäänniemi et al. 2019, arXiv:1904.06991",
        "torch-fidelity vgg16",
    ),
    _clip("clip-vit-b-32", "ViT-B/32", "clip-vit-b-32-openai", 512, _CLIP_CROP,
          "OpenAI's image tower with projection.", "open_clip ViT-B-32-quickgelu; clean-fid's clip_vit_b_32 pipeline"),
    _clip("clip-vit-l-14", "ViT-L/14", "clip-vit-l-14-openai", 768, _CLIP_CROP,
          "OpenAI's image tower with projection.", "open_clip ViT-L-14-quickgelu"),
    _clip("clip-vit-l-14-336", "ViT-L/14-336", "clip-vit-l-14-336-openai", 768,
          "CMMD-336: square centre crop, Pillow bicubic to 336 × 336, antialiased, 8-bit",
          "OpenAI's image tower at 336 px with projection: the features of CMMD.",
          "open_clip ViT-L-14-336-quickgelu; cmmd-pytorch's pipeline"),
    _clip("clip-vit-b-32-laion2b", "ViT-B/32 (LAION-2B)", "clip-vit-b-32-laion2b", 512, _CLIP_CROP,
          "OpenCLIP's image tower with projection, trained on LAION-2B.", "open_clip ViT-B-32 laion2b_s34b_b79k"),
    _clip("clip-vit-l-14-datacomp", "ViT-L/14 (DataComp)", "clip-vit-l-14-datacomp", 1024, _CLIP_CROP,
          "OpenCLIP's image tower trained on DataComp-XL, before its projection, as dgm-eval reads it.",
          "open_clip ViT-L-14 datacomp_xl_s13b_b90k, ln_post output"),
    _dinov2("s", 384),
    _dinov2("b", 768),
    _dinov2("l", 1024),
    _dreamsim("dreamsim", "ensemble", 1792, "DINO, CLIP and OpenCLIP ViT-B/16 tuned on human similarity judgements, joined, mean removed, length 1."),
    _dreamsim("dreamsim-dino-vitb16", "DINO ViT-B/16", 768, "DINO ViT-B/16 tuned on human similarity judgements, mean removed, length 1."),
    _dreamsim("dreamsim-clip-vitb32", "CLIP ViT-B/32", 512, "CLIP ViT-B/32 tuned on human similarity judgements, mean removed, length 1."),
    _dreamsim("dreamsim-open-clip-vitb32", "OpenCLIP ViT-B/32", 512, "OpenCLIP ViT-B/32 tuned on human similarity judgements, mean removed, length 1."),
)  # fmt: skip

EXTRACTORS: dict[str, ExtractorSpec] = {spec.id: spec for spec in _EXTRACTORS}

DEFAULT_EXTRACTORS: tuple[str, ...] = ("vgg16-st",)
