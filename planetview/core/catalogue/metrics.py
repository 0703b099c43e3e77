"""The metrics as data: what each is called, what it means, how far to trust it."""

from __future__ import annotations

from planetview.core.catalogue.specs import Direction, Family, MetricSpec

_LOWER, _HIGHER = Direction.LOWER, Direction.HIGHER
_DIST, _PAIR = Family.DISTRIBUTION, Family.PAIRWISE

_METRICS = (
    MetricSpec(
        "fd", "Fréchet distance", _DIST, _LOWER, True, True, 2, "", "≥ 0; 0 for equal mean and covariance",
        "Squared 2-Wasserstein distance between Gaussians fitted to the features of both sets.",
        "‖μr − μg‖² + Tr(Sr) + Tr(Sg) − 2 Tr((Sr Sg)^½)",
        "Biased upwards by about c/n, and most of a small-sample value is that bias: read it against the noise floor "
        "at the same n. Called FID only with Inception features.",
        "Heusel et al. 2017, arXiv:1706.08500",
        "torch-fidelity metric_fid and clean-fid frechet_distance on the same features",
    ),
    MetricSpec(
        "kid-poly", "KID, polynomial kernel", _DIST, _LOWER, True, True, 2, "",
        "about 0 and above; small negative values are correct",
        "Unbiased squared maximum mean discrepancy with the kernel (x·y/d + 1)³, averaged over random subsets.",
        "MMD²u = mean k(x,x′) + mean k(y,y′) − 2 mean k(x,y)",
        "Unbiased, so two samples of one distribution scatter around zero. Papers often print it times 1000; here it is not. "
        "The standard deviation over subsets (population form) is no standard error, for subsets overlap.",
        "Bińkowski et al. 2018, arXiv:1801.01401",
        "torch-fidelity metric_kid, same subsets for the same seed; clean-fid kernel_distance",
    ),
    MetricSpec(
        "kid-rbf", "KID, Gaussian kernel", _DIST, _LOWER, True, True, 2, "",
        "about 0 and above, at most 2; small negative values are correct",
        "Unbiased squared maximum mean discrepancy with the kernel exp(−‖x−y‖²/(2·10²)) on raw features.",
        "MMD²u with k(x,y) = exp(−‖x−y‖²/(2σ²)), σ = 10",
        "The bandwidth 10 is a convention, not fitted to the features: its size cannot be compared with the polynomial kernel's.",
        "Bińkowski et al. 2018, arXiv:1801.01401; kernel as in torch-fidelity 0.4",
        "torch-fidelity metric_kid with kid_kernel rbf",
    ),
    MetricSpec(
        "cmmd", "MMD, CMMD style (×1000)", _DIST, _LOWER, True, True, 2, "", "≥ 0",
        "Squared maximum mean discrepancy of unit-length features, Gaussian kernel with σ = 10, times 1000, biased as published.",
        "1000 · (mean k(x,x′) + mean k(y,y′) − 2 mean k(x,y)), diagonal included",
        "The published CMMD uses CLIP ViT-L/14-336; with other features it is the same formula, another number. Positive bias about 1/n; the unbiased value stands beside it.",
        "Jayasumana et al. 2024, arXiv:2401.09603",
        "closed form and direct float64 double sum",
    ),
    MetricSpec(
        "precision", "Precision (k = 3)", _DIST, _HIGHER, True, True, 5, "", "0 to 1",
        "Share of candidate images that lie inside the reference manifold: within the 3rd-neighbour radius of some reference image.",
        "mean over g of 1[∃ r: ‖g−r‖ ≤ NN₃(r)]",
        "Depends on n; one outlying real image inflates it. Says nothing about variety: read it with recall. Published "
        "settings, but for StyleGAN's pr50k3, which rounds features to 16 bits first.",
        "Kynkäänniemi et al. 2019, arXiv:1904.06991",
        "torch-fidelity metric_prc and prdc on the same features",
    ),
    MetricSpec(
        "recall", "Recall (k = 3)", _DIST, _HIGHER, True, True, 5, "", "0 to 1",
        "Share of reference images that lie inside the candidate manifold: what of the real variety the candidate reaches.",
        "mean over r of 1[∃ g: ‖r−g‖ ≤ NN₃(g)]",
        "Depends on n; a few scattered candidate images inflate it. Published settings, but for StyleGAN's pr50k3, which "
        "rounds features to 16 bits first.",
        "Kynkäänniemi et al. 2019, arXiv:1904.06991",
        "torch-fidelity metric_prc and prdc on the same features",
    ),
    MetricSpec(
        "density", "Density (k = 5)", _DIST, _HIGHER, True, True, 7, "", "≥ 0; about 1 for equal distributions, may exceed 1",
        "Mean number of reference balls that hold a candidate image, divided by k: precision that outliers cannot inflate.",
        "(1/(k n)) Σg Σr 1[‖g−r‖ < NN₅(r)]",
        "High values come from crowding around dense real regions, so mode collapse raises it.",
        "Naeem et al. 2020, arXiv:2002.09797",
        "prdc on the same features",
    ),
    MetricSpec(
        "coverage", "Coverage (k = 5)", _DIST, _HIGHER, True, True, 7, "", "0 to 1; about 0.97 for equal distributions",
        "Share of reference images that have a candidate image within their 5th-neighbour radius.",
        "mean over r of 1[min over g ‖r−g‖ < NN₅(r)]",
        "Expectation for equal distributions is 1 − 2⁻ᵏ, not 1. An image that is not counted is a gap: no candidate image "
        "is as near as its 5th nearest reference image, among the equally many images compared.",
        "Naeem et al. 2020, arXiv:2002.09797",
        "prdc on the same features",
    ),
    MetricSpec(
        "fd-infinity", "Fréchet distance, extrapolated (FD∞)", _DIST, _LOWER, True, False, 20, "",
        "about 0 and above; below 0 where the line overshoots",
        "The Fréchet distance at 15 sample sizes of the candidate, extrapolated to endlessly many images.",
        "intercept of the least squares line of FD(n) over 1/n, n from min(5000, max(N/10, 2)) to N",
        "Takes off the bias of the candidate's sample size; that of the reference stays. Below a few times the feature "
        "length the line bends and the value is rough. The interval is that of the fit, not of another sample.",
        "Chong and Forsyth 2020, arXiv:1911.07023; sizes as in dgm-eval",
        "Fréchet distance at each size; Gaussians with a known distance",
    ),
    MetricSpec(
        "fid50k", "Fréchet distance, fid50k convention", _DIST, _LOWER, True, True, 2, "",
        "≥ 0; 0 for equal mean and covariance",
        "The Fréchet distance of up to 50,000 reference and up to 50,000 candidate images, covariances divided by n.",
        "‖μr − μg‖² + Tr(Sr) + Tr(Sg) − 2 Tr((Sr Sg)^½), S = E[x xᵀ] − E[x] E[x]ᵀ",
        "The convention of StyleGAN2-ADA on image sets, not its published run: that draws fresh images with random noise, "
        "and with mirror training its real images include mirrored ones. Both sides may differ in size.",
        "Karras et al. 2020, arXiv:2006.06676",
        "float64 raw moments and a matrix square root, on the same features",
    ),
    MetricSpec(
        "fid50k-full", "Fréchet distance, fid50k_full convention", _DIST, _LOWER, True, True, 2, "",
        "≥ 0; 0 for equal mean and covariance",
        "The Fréchet distance of all reference and up to 50,000 candidate images, no mirrored ones, covariances divided by n.",
        "‖μr − μg‖² + Tr(Sr) + Tr(Sg) − 2 Tr((Sr Sg)^½), S = E[x xᵀ] − E[x] E[x]ᵀ",
        "The convention of StyleGAN2-ADA on image sets, not its published run, which draws fresh images with random noise. "
        "Equal to fid50k when there are at most 50,000 reference images.",
        "Karras et al. 2020, arXiv:2006.06676",
        "float64 raw moments and a matrix square root, on the same features",
    ),
    MetricSpec(
        "isc", "Inception Score (ImageNet classes)", _DIST, _HIGHER, True, False, 2, "",
        "1 to the number of classes, and to the number of images of a split",
        "How sure a classifier is of each candidate image, times how many classes it finds among all of them.",
        "exp(mean over x of KL(p(y|x) ‖ p(y))), mean over 10 splits",
        "ImageNet classes mean little for regolith, and the reference plays no part: read it beside the reference's own "
        "score. Biased low below about 5,000 images; below 1,000 images one split is taken instead of ten.",
        "Salimans et al. 2016, arXiv:1606.03498; limits: Barratt and Sharma 2018, arXiv:1801.01973",
        "torch-fidelity metric_isc on the same logits",
    ),
    MetricSpec(
        "closer-to-reference", "Nearest real image in reference", Family.GENERALISATION, _LOWER, True, False, 2, "",
        "0 to 1; without copying about the reference's share of all real images",
        "Share of candidate images whose nearest real image lies in the reference rather than in the held-out set.",
        "mean over g of 1[min over r ‖g−r‖ < min over h ‖g−h‖]",
        "The floor is the reference's share of the real images: what a generator that copies nothing would give. Clearly above it suggests that it repeats what it was trained on: look at the nearest pairs. Mirrored copies are found less surely.",
        "Two-sample idea of Meehan et al. 2020, arXiv:2004.05675, without its cells",
        "direct computation on the distance matrix",
    ),
    MetricSpec(
        "psnr", "PSNR", _PAIR, _HIGHER, False, False, 1, "dB", "≥ 0; infinite for identical images",
        "Peak signal-to-noise ratio of each image and its nearest reference image; mean over pairs.",
        "10 log₁₀(255² / MSE)",
        "Identical pairs are infinite: counted, left out of the mean. Rewards blur.",
        "definition; scikit-image peak_signal_noise_ratio",
        "scikit-image and piq",
    ),
    MetricSpec(
        "ssim", "SSIM", _PAIR, _HIGHER, False, False, 1, "", "−1 to 1",
        "Structural similarity with an 11×11 Gaussian window (σ = 1.5), per channel, mean over pairs.",
        "mean of (2μaμb+C₁)(2σab+C₂) / ((μa²+μb²+C₁)(σa²+σb²+C₂))",
        "Other programs use other windows and borders: compare only with the same settings.",
        "Wang et al. 2004, doi:10.1109/TIP.2003.819861",
        "piq.ssim(downsample=False) and scikit-image",
    ),
    MetricSpec(
        "ms-ssim", "MS-SSIM", _PAIR, _HIGHER, False, False, 1, "", "0 to 1",
        "SSIM over five scales with the published weights, mean over pairs.",
        "Πj csⱼ^wⱼ · ssim₅^w₅",
        "Needs sides of 161 px or more; smaller images use fewer scales with the weights scaled to sum 1, and the label says so (MS-SSIM-L4, L3 …).",
        "Wang et al. 2003, doi:10.1109/ACSSC.2003.1292216",
        "piq.multi_scale_ssim",
    ),
    MetricSpec(
        "st-lpips-alex", "ST-LPIPS (AlexNet)", _PAIR, _LOWER, False, True, 1, "", "≥ 0",
        "Shift-tolerant learned perceptual distance with an AlexNet trunk, mean over pairs.",
        "Σl mean over positions Σc wlc (f̂a − f̂b)²",
        "Trained on 64 px patches; not on the scale of LPIPS: never mix the two.",
        "Ghildyal and Liu 2022, arXiv:2207.13686",
        "the stlpips_pytorch package, same weights",
        weights=("st-lpips-alex",),
    ),
    MetricSpec(
        "st-lpips-vgg", "ST-LPIPS (VGG-16)", _PAIR, _LOWER, False, True, 1, "", "≥ 0",
        "Shift-tolerant learned perceptual distance with a VGG-16 trunk, mean over pairs.",
        "Σl mean over positions Σc wlc (f̂a − f̂b)²",
        "Slower than the AlexNet form, and on another scale: off by default.",
        "Ghildyal and Liu 2022, arXiv:2207.13686",
        "the stlpips_pytorch package, same weights",
        weights=("st-lpips-vgg",),
    ),
    MetricSpec(
        "lpips-alex", "LPIPS (AlexNet)", _PAIR, _LOWER, False, True, 1, "", "≥ 0",
        "Learned perceptual distance, version 0.1, with AlexNet features, mean over pairs.",
        "Σl mean over positions Σc wlc (f̂a − f̂b)²",
        "Trained on 64 px patches, sensitive to shifts of one pixel. Its authors' choice for comparing images.",
        "Zhang et al. 2018, arXiv:1801.03924",
        "the lpips package, same weights",
        weights=("torchvision-alexnet", "lpips-alex"),
    ),
    MetricSpec(
        "lpips-vgg", "LPIPS (VGG-16)", _PAIR, _LOWER, False, True, 1, "", "≥ 0",
        "Learned perceptual distance, version 0.1, with VGG-16 features, mean over pairs.",
        "Σl mean over positions Σc wlc (f̂a − f̂b)²",
        "Not on the scale of the AlexNet form. Used by path length.",
        "Zhang et al. 2018, arXiv:1801.03924",
        "the lpips package, same weights",
        weights=("torchvision-vgg16", "lpips-vgg"),
    ),
    MetricSpec(
        "lpips-squeeze", "LPIPS (SqueezeNet)", _PAIR, _LOWER, False, True, 1, "", "≥ 0",
        "Learned perceptual distance, version 0.1, with SqueezeNet features, mean over pairs.",
        "Σl mean over positions Σc wlc (f̂a − f̂b)²",
        "Not on the scale of the AlexNet form.",
        "Zhang et al. 2018, arXiv:1801.03924",
        "the lpips package, same weights",
        weights=("torchvision-squeezenet1-1", "lpips-squeeze"),
    ),
    MetricSpec(
        "dreamsim", "DreamSim", _PAIR, _LOWER, False, True, 1, "", "0 to 2",
        "Perceptual distance tuned on human judgements of similarity, ensemble of three networks, mean over pairs.",
        "1 − cos(e(a), e(b))",
        "Squashes every image to 224 px. Values of different networks are not comparable.",
        "Fu et al. 2023, arXiv:2306.09344",
        "the dreamsim package, same weights",
        weights=("dreamsim",), embedding="dreamsim",
    ),
    MetricSpec(
        "dreamsim-dino-vitb16", "DreamSim (DINO ViT-B/16)", _PAIR, _LOWER, False, True, 1, "", "0 to 2",
        "The single-network form of DreamSim, mean over pairs.",
        "1 − cos(e(a), e(b))",
        "Squashes every image to 224 px. Values of different networks are not comparable.",
        "Fu et al. 2023, arXiv:2306.09344",
        "the dreamsim package, same weights",
        weights=("dreamsim-dino-vitb16",), embedding="dreamsim-dino-vitb16",
    ),
    MetricSpec(
        "dreamsim-clip-vitb32", "DreamSim (CLIP ViT-B/32)", _PAIR, _LOWER, False, True, 1, "", "0 to 2",
        "The single-network form of DreamSim, mean over pairs.",
        "1 − cos(e(a), e(b))",
        "Squashes every image to 224 px. Values of different networks are not comparable.",
        "Fu et al. 2023, arXiv:2306.09344",
        "the dreamsim package, same weights",
        weights=("dreamsim-clip-vitb32",), embedding="dreamsim-clip-vitb32",
    ),
    MetricSpec(
        "dreamsim-open-clip-vitb32", "DreamSim (OpenCLIP ViT-B/32)", _PAIR, _LOWER, False, True, 1, "", "0 to 2",
        "The single-network form of DreamSim, mean over pairs.",
        "1 − cos(e(a), e(b))",
        "Squashes every image to 224 px. Values of different networks are not comparable.",
        "Fu et al. 2023, arXiv:2306.09344",
        "the dreamsim package, same weights",
        weights=("dreamsim-open-clip-vitb32",), embedding="dreamsim-open-clip-vitb32",
    ),
)  # fmt: skip

METRICS: dict[str, MetricSpec] = {spec.id: spec for spec in _METRICS}

# Conventions of other programs and a score of ImageNet classes: for those who ask for them.
_ON_REQUEST = ("fd-infinity", "fid50k", "fid50k-full", "isc")

# What can be computed offline, each once: the second ST-LPIPS is slower and says little more.
DEFAULT_METRICS: tuple[str, ...] = tuple(
    spec.id for spec in _METRICS if spec.weights in ((), ("st-lpips-alex",)) and spec.id not in _ON_REQUEST
)


def metric_label(metric_id: str) -> str:
    """Return the table label of a metric, or the id itself when it is unknown to this version."""
    spec = METRICS.get(metric_id)
    return spec.label if spec else metric_id
