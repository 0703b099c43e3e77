"""Builds the standalone program and its packages: `make installer`, or `python packaging/build.py --help`.

Everything happens in `build/installer` and `dist`; nothing else on the machine is touched.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

import contents  # noqa: E402

PYINSTALLER = "pyinstaller>=6.22,<7"
LUNAR_TOOLKIT = "lunar-toolkit==0.1.0"


def main(argv: Sequence[str] | None = None) -> int:
    """Build what is asked for; return the exit status."""
    chosen = _parser().parse_args(argv)
    work = chosen.work.resolve()
    if chosen.inside:
        return _inside(chosen, work)
    python = _environment(work / "venv", chosen)
    again = [str(python), str(HERE / "build.py"), "--inside", *(sys.argv[1:] if argv is None else argv)]
    # No variable of the builder's own Python may leak into the program.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(again, env=clean, check=False).returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Build the standalone PlanetView.")
    parser.add_argument("--flavour", choices=("cpu", "cuda"), default="cuda", help="which torch is installed")
    parser.add_argument(
        "--torch-index", default="", help="index with the CPU build of torch, for --flavour cpu on Linux"
    )
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build" / "installer", help="folder for everything temporary"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for what is built")
    parser.add_argument("--formats", default="tar", help="by commas: tar (zstd), tgz, deb, appimage; or none")
    parser.add_argument(
        "--reuse", action="store_true", help="keep the environment of an earlier build; PlanetView itself is new"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser


def _environment(folder: Path, chosen: argparse.Namespace) -> Path:
    """Return the Python of a clean virtual environment with PlanetView's own requirements and PyInstaller."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if chosen.reuse and python.is_file():
        # Modules that are new since then are found in the installed package alone.
        _run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", ROOT)
        return python
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", folder)
    install = [python, "-m", "pip", "install", "--quiet", "--constraint", HERE / "constraints.txt"]
    if chosen.torch_index:
        # That index has other versions of what torch needs: those come with the rest.
        _run(*install, "--no-deps", "--index-url", chosen.torch_index, "torch", "torchvision")
    _run(*install, ROOT, PYINSTALLER)
    # Wanted for two maps alone; what it depends on is heavy and unused.
    _run(*install, "--no-deps", LUNAR_TOOLKIT)
    return python


def _inside(chosen: argparse.Namespace, work: Path) -> int:
    """The part that runs in the clean environment."""
    import release_files

    version = release_files.version(ROOT)
    check_flavour(chosen.flavour)
    icon = release_files.make_icons(ROOT / "resources" / "icons" / "planetview.svg", work / "icons")
    origins = work / "origins.txt"
    environment = {
        **os.environ,
        "PLANETVIEW_FLAVOUR": chosen.flavour,
        "PLANETVIEW_ORIGINS": str(origins),
        "PLANETVIEW_ICON": str(icon) if icon else "",
    }
    stage = work / "stage"
    freeze = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", stage]
    _run(*freeze, "--workpath", work / "pyinstaller", HERE / "planetview.spec", env=environment)
    folder = stage / "planetview"
    missing = release_files.write_notices(folder, origins, ROOT, version, chosen.flavour)
    if missing:
        print("no licence text was found for: " + ", ".join(missing))
    if sys.platform == "darwin":
        for name in release_files.PAPERS:
            shutil.copyfile(folder / name, stage / "PlanetView.app" / "Contents" / "Resources" / name)
    _set_modes(folder)
    print(sizes(folder))
    chosen.out.mkdir(parents=True, exist_ok=True)
    built = [
        release_files.package(kind, folder, work, chosen.out.resolve(), version, chosen.flavour)
        for kind in chosen.formats.split(",")
        if kind != "none"
    ]
    if built:
        checksums(chosen.out)
    for path in built:
        print(f"{path}  {path.stat().st_size / 2**20:,.0f} MiB")
    print(f"{folder}: try it with  python packaging/smoke.py {folder}")
    return 0


def check_flavour(flavour: str) -> None:
    """Refuse a torch that is not of the flavour: CUDA cannot be taken out of it afterwards. Raises SystemExit."""
    import torch

    has_cuda = torch.version.cuda is not None
    if flavour == "cpu" and has_cuda:
        sys.exit(
            f"torch {torch.__version__} was built for CUDA and does not load without its libraries. "
            "Give --torch-index with PyTorch's CPU index; see packaging/README.md."
        )
    if flavour == "cuda" and not has_cuda:
        sys.exit(f"torch {torch.__version__} was built without CUDA: use --flavour cpu.")


def sizes(folder: Path) -> str:
    """Return a table: MiB and files of each part of the built folder, the largest first."""
    totals: dict[str, list[int]] = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            entry = totals.setdefault(contents.part_of(path.relative_to(folder).as_posix()), [0, 0])
            entry[0] += path.stat().st_size
            entry[1] += 1
    rows = sorted(totals.items(), key=lambda row: -row[1][0])
    lines = [f"{size / 2**20:9,.1f} MiB {count:6,} files  {name}" for name, (size, count) in rows]
    whole = [sum(column) for column in zip(*totals.values(), strict=True)]
    return "\n".join([*lines, f"{whole[0] / 2**20:9,.1f} MiB {whole[1]:6,} files  in all"])


def checksums(folder: Path) -> Path:
    """Write SHA256SUMS of the packages in `folder`, in the form that `sha256sum --check` reads; return its path."""
    lines = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != "SHA256SUMS":
            digest = hashlib.sha256()
            with path.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
            lines.append(f"{digest.hexdigest()}  {path.name}\n")
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(lines), encoding="ascii", newline="\n")
    return sums


def _set_modes(folder: Path) -> None:
    """Programs may be read and started by everybody, and written by their owner."""
    if os.name == "nt":
        return
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _run(*words: object, env: dict[str, str] | None = None) -> None:
    print("+ " + " ".join(Path(str(word)).name if "/" in str(word) else str(word) for word in words), flush=True)
    subprocess.run([str(word) for word in words], env=env, cwd=ROOT, check=True)


if __name__ == "__main__":
    raise SystemExit(main())
