"""What the standalone program holds and what it leaves out, as plain lists and functions.

Used by the PyInstaller specification and by the tests; imports nothing outside the standard library.
"""

from __future__ import annotations

import fnmatch
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# (package, files inside it). Packages are located without being run: some import what is not here.
PACKAGE_DATA: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("stlpips_pytorch", ("weights/vST0.0/alex_shift_tolerant.pth", "weights/vST0.0/vgg_shift_tolerant.pth")),
    ("lpips", ("weights/v0.1/alex.pth", "weights/v0.1/vgg.pth", "weights/v0.1/squeeze.pth")),
    ("lunar_toolkit", ("static/basemaps/wac_global.jpg", "static/basemaps/lola_shade_global.jpg")),
    ("open_clip", ("bpe_simple_vocab_16e6.txt.gz", "model_configs/*.json")),
    ("planetview", ("core/catalogue/*.toml", "report/templates/*", "py.typed")),
    ("rasterio", ("gdal_data/*", "proj_data/*")),
)

# Their versions are read at run time: provenance of a result, `planetview doctor`.
METADATA = (
    "torch", "torchvision", "numpy", "pillow", "rasterio", "scipy", "pydantic", "PySide6-Essentials", "pyqtgraph",
    "timm", "open-clip-torch", "safetensors", "lpips", "stlpips-pytorch",
)  # fmt: skip

# Packages whose modules are imported by name.
WHOLE_PACKAGES = ("planetview", "rasterio", "safetensors")

# torchvision registers its operators from these; PyInstaller's hook knows only the older names.
TORCHVISION_LIBRARIES = ("_C*.so", "image*.so", "_C*.pyd", "image*.pyd", "*.dll", "*.dylib")

HELP_PAGES = (
    "README.md", "CHANGELOG.md", "docs/guide.md", "docs/install.md", "docs/weights.md", "docs/metrics.md",
    "docs/generators.md", "docs/precision.md", "docs/benchmarks.md", "docs/vgg16-st.md",
    "CITATION.cff",
)  # fmt: skip

EXCLUDED_MODULES = (
    # Networks are built from open_clip's and timm's own classes; hubs and text towers are never used.
    "transformers", "tokenizers", "huggingface_hub", "hf_xet", "httpx2", "httpcore2", "accelerate", "peft",
    # Only torch.compile uses triton: torch works with it removed (1.0 GB).
    "triton", "torch.utils.tensorboard", "tensorboard", "torch.utils.benchmark",
    # Python bindings of the CUDA driver, 31 MB: torch's graphs of kernels, never used here.
    "cuda",
    # Oracles of the tests and tools of developers.
    "torch_fidelity", "cleanfid", "dreamsim", "piq", "prdc", "skimage", "sklearn", "joblib", "imageio", "tifffile",
    "pytest", "_pytest", "hypothesis", "mypy", "ruff", "importlinter", "grimp", "setuptools", "pip", "wheel",
    "tkinter", "matplotlib", "IPython", "pandas", "cv2", "onnxruntime", "numba", "cupy", "requests",
    # Code of packages that only carry data, and the demo's toolkit.
    "lunar_toolkit", "lpips", "stlpips_pytorch",
    # Parts of Qt that the window does not use; QtWebEngine is not in PySide6-Essentials at all.
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickWidgets", "PySide6.QtQuickControls2", "PySide6.QtQuickTest",
    "PySide6.QtWebEngineCore", "PySide6.QtWebEngineWidgets", "PySide6.QtSql", "PySide6.QtHelp",
    "PySide6.QtDesigner", "PySide6.QtUiTools", "PySide6.QtConcurrent", "PySide6.QtXml",
    "PyQt5", "PyQt6", "PySide2",
    # GNU Readline is under the GPL; no prompt is ever shown.
    "readline",
    "pyqtgraph.examples", "pyqtgraph.opengl", "pyqtgraph.jupyter", "rasterio.rio",
)  # fmt: skip

# Paths in the finished folder, "/" between parts.
EXCLUDED_FILES = (
    # Headers, static libraries, build files, tests.
    "*.h", "*.hpp", "*.cuh", "*.a", "*.lib", "*.cmake", "*.pyi", "*.pxd", "*.pyx",
    "torch/include/*", "torch/share/*", "torch/bin/protoc*", "torch/bin/ptxas*", "torch/bin/*test*", "torch/test/*",
    "nvidia/*/include/*",
    "*/tests/*", "sympy/*/tests/*", "torch/utils/model_dump/*",
    # QML and what only QML, databases, framebuffers or PDF need.
    "PySide6/Qt/qml/*", "PySide6/qml/*", "PySide6/Qt/metatypes/*", "PySide6/metatypes/*",
    "PySide6/Qt/translations/*", "PySide6/translations/*",
    "*/plugins/qmltooling/*", "*/plugins/qmllint/*", "*/plugins/sqldrivers/*", "*/plugins/designer/*",
    "*/plugins/egldeviceintegrations/*", "*/plugins/generic/*", "*/plugins/networkinformation/*", "*/plugins/tls/*",
    "*/plugins/wayland-graphics-integration-server/*", "*/plugins/vectorimageformats/*",
    "*/platforms/libqeglfs*", "*/platforms/libqlinuxfb*", "*/platforms/libqvnc*", "*/platforms/libqvkkhrdisplay*",
    "*/platforms/libqminimalegl*", "*/imageformats/*qpdf*", "*/platforminputcontexts/*virtualkeyboard*",
    # Needs GTK, which is not shipped, and prints a warning without it.
    "*/platformthemes/libqgtk3*",
    "*Qt6Qml*", "*Qt6Quick*", "*Qt6VirtualKeyboard*", "*Qt6Pdf*", "*Qt6Sql*", "*Qt6E[Gg][Ll][Ff][Ss]*",
    "*Qt6Designer*", "*Qt6WlShellIntegration*Server*", "*QtQml*", "*QtQuick*",
    # The driver and the desktop provide these; a copy from the build machine breaks both.
    "libGL.so*", "libEGL.so*", "libGLX.so*", "libGLdispatch.so*", "libOpenGL.so*", "libdrm.so*", "libgbm.so*",
    "libvulkan.so*", "libcuda.so*", "libnvidia-*.so*", "libfontconfig.so*", "libfreetype.so.6",
    # Libraries of CUDA that neither torch nor its other libraries load.
    "nvidia/*/libcufftw.so*", "nvidia/*/libcusolverMg.so*", "nvidia/*/libnvblas.so*", "nvidia/*/libnvrtc*.alt.so*",
    "nvidia/*/libcufile_rdma.so*", "nvidia/*/libcheckpoint.so*", "nvidia/*/libpcsamplingutil.so*",
    "nvidia/*/libnvperf_*.so*", "nvidia/*.bc",
)  # fmt: skip

# Every file of these parts goes when the flavour is `cpu` and the torch build allows it.
CUDA_FILES = (
    "nvidia/*", "torch/lib/libtorch_cuda*", "torch/lib/libc10_cuda*", "torch/lib/*nvshmem*", "torch/lib/*nvrtc*",
    "torch/lib/*cudnn*", "torch/lib/*cublas*", "torch/lib/*cusparse*", "torch/lib/*cufft*", "torch/lib/*cusolver*",
)  # fmt: skip

# For the report of sizes: first match wins.
PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("CUDA libraries", CUDA_FILES),
    ("torch", ("torch/*", "torchgen/*", "functorch/*", "torch-*", "libtorch*", "libc10*", "libgomp*")),
    ("torchvision", ("torchvision*",)),
    ("Qt and PySide6", ("PySide6/*", "PySide6_*", "shiboken6/*", "libQt6*", "libpyside6*", "libshiboken6*")),
    ("ST-LPIPS weights", ("stlpips_pytorch/*",)),
    ("LPIPS heads", ("lpips/*",)),
    ("demo maps", ("lunar_toolkit/*",)),
    ("open_clip and timm", ("open_clip/*", "timm/*", "open_clip_torch*", "timm-*")),
    ("GDAL, PROJ, rasterio", ("rasterio/*", "rasterio.libs/*", "rasterio-*")),
    ("NumPy and SciPy", ("numpy*", "scipy*")),
    ("Pillow", ("PIL/*", "pillow*")),
    ("two programs, each with all Python modules", ("planetview", "planetview-gui", "planetview*.exe")),
    ("PlanetView: data, resources, help", ("planetview/*", "planetview-*", "resources/*", "help/*")),
    ("Python and everything else", ("*",)),
)


def is_kept(path: str, flavour: str = "cuda") -> bool:
    """Return whether the file at `path` (in the finished folder, "/" between parts) is shipped in `flavour`."""
    inside = path.replace("\\", "/").removeprefix("_internal/")
    patterns = EXCLUDED_FILES + (CUDA_FILES if flavour == "cpu" else ())
    return not any(fnmatch.fnmatchcase(inside, pattern) for pattern in patterns)


def part_of(path: str) -> str:
    """Return the name of the part in the report of sizes that the file belongs to."""
    inside = path.replace("\\", "/").removeprefix("_internal/")
    return next(name for name, patterns in PARTS if any(fnmatch.fnmatchcase(inside, one) for one in patterns))


def without_orphans(
    binaries: Sequence[tuple[str, str, str]], needs: Mapping[str, set[str]]
) -> list[tuple[str, str, str]]:
    """Return `binaries` (path in the bundle, origin, kind) without Qt and system libraries that nothing kept asks for.

    needs: origin -> file names that it is linked with. What Python itself or a package loads by name lies in a folder
    of its own and stays.
    """
    kept = list(binaries)
    while True:
        wanted = set().union(*(needs.get(origin, set()) for _, origin, _ in kept))
        rest = [
            entry
            for entry in kept
            if not _may_be_orphan(entry[0]) or Path(entry[0]).name in wanted or Path(entry[1]).name in wanted
        ]
        if len(rest) == len(kept):
            return kept
        kept = rest


def _may_be_orphan(path: str) -> bool:
    is_top = "/" not in path and ".so" in path and ".cpython-" not in path and ".abi3" not in path
    return (is_top and not path.startswith("libpython")) or "Qt/lib/" in path


def package_folder(package: str) -> Path:
    """Return the folder of an installed package, without importing it. Raises FileNotFoundError."""
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        return Path(place)
    raise FileNotFoundError(f"The package {package} is not installed here.")


def data_files() -> Iterator[tuple[Path, str]]:
    """Yield (file, folder in the bundle) of every data file of `PACKAGE_DATA`. Raises FileNotFoundError."""
    for package, patterns in PACKAGE_DATA:
        folder = package_folder(package)
        for pattern in patterns:
            found = sorted(path for path in folder.glob(pattern) if path.is_file())
            if not found:
                raise FileNotFoundError(f"{package}/{pattern} is not in the installed package.")
            for path in found:
                yield path, f"{package}/{path.parent.relative_to(folder).as_posix()}".removesuffix("/.")


def torchvision_libraries() -> Iterator[tuple[Path, str]]:
    """Yield (file, folder in the bundle) of torchvision's operator libraries."""
    folder = package_folder("torchvision")
    for path in sorted({path for pattern in TORCHVISION_LIBRARIES for path in folder.glob(pattern)}):
        yield path, "torchvision"


def help_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield (file, folder in the bundle) of the offline help: pages and the pictures they show."""
    for name in HELP_PAGES:
        path = root / name
        if path.is_file():
            yield path, f"help/{Path(name).parent.as_posix()}".removesuffix("/.")
    for path in sorted((root / "docs" / "screenshots").glob("*.png")):
        yield path, "help/docs/screenshots"


def resource_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield (file, folder in the bundle) of icons, style sheets and fonts."""
    for path in sorted((root / "resources").rglob("*")):
        if path.is_file():
            yield path, path.parent.relative_to(root).as_posix()
