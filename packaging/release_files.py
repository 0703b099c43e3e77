"""The files around the frozen program: icons, notices, bill of materials, archives, Debian package, AppImage."""

from __future__ import annotations

import functools
import gzip
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import contents
import notices
import sbom
import shipped

HERE = Path(__file__).resolve().parent
ICON_SIDES = (16, 24, 32, 48, 64, 128, 256, 512)
PAPERS = ("LICENSE", "THIRD_PARTY_NOTICES.txt", "sbom.cdx.json")
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}
# Qt's X11 plug-in and the OpenGL of the driver; what else it needs lies in the folder.
DEBIAN_NEEDS = "libc6 (>= {glibc}), libegl1, libgl1, libfontconfig1, libfreetype6"


def version(root: Path) -> str:
    """Return PlanetView's version, read from its source."""
    text = (root / "planetview" / "__init__.py").read_text(encoding="utf-8")
    return text.split('__version__ = "')[1].split('"')[0]


@functools.cache
def moment(root: Path) -> int:
    """Return SOURCE_DATE_EPOCH, else the time of the last commit, else 0, so that equal sources give equal files."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    done = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=root, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else 0


def make_icons(drawing: Path, folder: Path) -> Path | None:
    """Draw the icon in all sizes into `folder`; return the .ico or .icns of this system, None on Linux."""
    from PIL import Image
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    folder.mkdir(parents=True, exist_ok=True)
    renderer = QSvgRenderer(str(drawing))
    for side in (*ICON_SIDES, 1024):
        image = QImage(side, side, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        image.save(str(folder / f"planetview-{side}.png"))
    with Image.open(folder / "planetview-1024.png") as large:
        large.save(folder / "planetview.ico", sizes=[(side, side) for side in ICON_SIDES if side <= 256])
        large.save(folder / "planetview.icns")
    suffix = {"win32": ".ico", "darwin": ".icns"}.get(sys.platform)
    return folder / f"planetview{suffix}" if suffix else None


def write_notices(folder: Path, origins: Path, root: Path, number: str, flavour: str) -> list[str]:
    """Write LICENSE, THIRD_PARTY_NOTICES.txt and sbom.cdx.json into `folder`; return the names without a licence text.

    Raises SystemExit when the owner of a shipped file is unknown.
    """
    paths = origins.read_text(encoding="utf-8").splitlines()
    in_wheels = sorted({Path(path).name for path in paths if Path(path).parent.name.endswith(".libs")})
    own = str(root.resolve()) + os.sep
    foreign = [path for path in paths if not path.startswith(own) or "site-packages" in path]
    components = shipped.components(foreign)
    strangers = [one.name for one in components if one.kind == "unknown"]
    if strangers:
        sys.exit("nobody is known to own these shipped files: " + ", ".join(strangers))
    texts = [(f"{name}, verbatim", (HERE / "licences" / f"{name}.txt").read_text(encoding="utf-8")) for name in
             ("LGPL-3.0", "GPL-3.0")]  # fmt: skip
    notices.write(folder / "THIRD_PARTY_NOTICES.txt", notices.notices(components, in_wheels, texts))
    data = [path for path, _ in contents.data_files() if path.suffix in {".pth", ".jpg"}]
    known, _ = notices.vendored(in_wheels)
    sbom.write(folder / "sbom.cdx.json", sbom.document(number, flavour, components, known, data, moment(root)))
    shutil.copyfile(root / "LICENSE", folder / "LICENSE")
    return notices.without_text(components)


def package(kind: str, folder: Path, work: Path, out: Path, number: str, flavour: str) -> Path:
    """Return the path of the package of `folder` made in `out`. kind: tar (zstd), tgz, deb, appimage."""
    make: dict[str, Callable[[Path, Path, Path, str, str], Path]] = {
        "tar": _tar_zst,
        "tgz": _tar_gz,
        "deb": _deb,
        "appimage": _appimage,
    }
    if kind not in make:
        sys.exit(f"'{kind}' is no package format: {', '.join(make)}")
    return make[kind](folder, work, out, number, flavour)


def _name(number: str, flavour: str) -> str:
    return f"planetview-{number}-linux-{os.uname().machine}-{flavour}"


def _copy(source: Path, target: Path) -> None:
    """Copy the program by hard links: it has gigabytes, and nothing here writes into it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)


def _install_text(source: Path, target: Path, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def _icons_into(work: Path, share: Path) -> None:
    for side in ICON_SIDES:
        target = share / "icons" / "hicolor" / f"{side}x{side}" / "apps" / "planetview.png"
        _install_text(work / "icons" / f"planetview-{side}.png", target)
    _install_text(
        HERE.parent / "resources" / "icons" / "planetview.svg", share / "icons/hicolor/scalable/apps/planetview.svg"
    )


def _tree(folder: Path, work: Path, name: str) -> Path:
    """Lay out the archive: the program, icons, `install.sh`, `uninstall.sh`, licences."""
    root = work / "tar" / name
    shutil.rmtree(root, ignore_errors=True)
    _copy(folder, root / "planetview")
    _icons_into(work, root / "share")
    for file in ("planetview.desktop", "planetview.xml"):
        _install_text(HERE / "linux" / file, root / "share" / file)
    for file in ("install.sh", "uninstall.sh"):
        _install_text(HERE / "linux" / file, root / file, 0o755)
    for file in PAPERS:
        _install_text(folder / file, root / file)
    _install_text(HERE.parent / "docs" / "install.md", root / "INSTALL.md")
    return root


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who built it and when."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = moment(HERE.parent)
    return entry


def _tar_zst(folder: Path, work: Path, out: Path, number: str, flavour: str) -> Path:
    """The archive, small and quickly unpacked; whoever unpacks it needs the program zstd."""
    name = _name(number, flavour)
    root = _tree(folder, work, name)
    target = out / f"{name}.tar.zst"
    with target.open("wb") as sink:
        process = subprocess.Popen(["zstd", "-q", "-10", "-T0", "-c"], stdin=subprocess.PIPE, stdout=sink)
        assert process.stdin is not None
        with process.stdin, tarfile.open(fileobj=process.stdin, mode="w|") as archive:
            archive.add(root, name, filter=_anonymous)
        if process.wait():
            sys.exit("zstd failed")
    return target


def _tar_gz(folder: Path, work: Path, out: Path, number: str, flavour: str) -> Path:
    """The archive for computers without zstd."""
    name = _name(number, flavour)
    target = out / f"{name}.tar.gz"
    root, when = _tree(folder, work, name), moment(HERE.parent)
    # Neither the name nor the time of the build stands in it.
    with (
        target.open("wb") as sink,
        gzip.GzipFile("", "wb", 6, sink, mtime=when) as stream,
        tarfile.open(fileobj=stream, mode="w|") as archive,
    ):
        archive.add(root, name, filter=_anonymous)
    return target


def _deb(folder: Path, work: Path, out: Path, number: str, flavour: str) -> Path:
    """A Debian package: the program in /opt/planetview, links in /usr/bin, desktop entry, MIME type, icons."""
    root = work / "deb"
    shutil.rmtree(root, ignore_errors=True)
    _copy(folder, root / "opt" / "planetview")
    share = root / "usr" / "share"
    _icons_into(work, share)
    _install_text(HERE / "linux" / "planetview.desktop", share / "applications" / "planetview.desktop")
    _install_text(HERE / "linux" / "planetview.xml", share / "mime" / "packages" / "planetview.xml")
    _install_text(HERE / "linux" / "debian-copyright", share / "doc" / "planetview" / "copyright")
    programs = root / "usr" / "bin"
    programs.mkdir(parents=True)
    for name in ("planetview", "planetview-gui"):
        (programs / name).symlink_to(f"/opt/planetview/{name}")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    glibc = os.confstr("CS_GNU_LIBC_VERSION") or "glibc 2.35"
    control = (HERE / "linux" / "debian-control").read_text(encoding="utf-8").format(
        version=number, architecture=ARCHITECTURE[os.uname().machine], size=size // 1024,
        needs=DEBIAN_NEEDS.format(glibc=glibc.split()[-1]), flavour=flavour,
    )  # fmt: skip
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(control, encoding="utf-8")
    target = out / f"planetview-{flavour}_{number}_{ARCHITECTURE[os.uname().machine]}.deb"
    for place in (root, root / "opt", *(path for path in root.rglob("*") if path.is_dir())):
        place.chmod(0o755)
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zzstd" if _has_zstd_deb() else "-Zxz", "--build", str(root), str(target)],
        check=True, env={**os.environ, "SOURCE_DATE_EPOCH": str(moment(HERE.parent))}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return target


def _has_zstd_deb() -> bool:
    """Debian 12 and Ubuntu 21.10 read zstd packages; the tool that builds says whether it can write them."""
    text = subprocess.run(["dpkg-deb", "--help"], capture_output=True, text=True, check=False).stdout
    return "zstd" in text


def _appimage(folder: Path, work: Path, out: Path, number: str, flavour: str) -> Path:
    """An AppImage; its run-time file comes from the variable APPIMAGE_RUNTIME."""
    runtime = os.environ.get("APPIMAGE_RUNTIME", "")
    if not runtime or shutil.which("mksquashfs") is None:
        sys.exit("An AppImage needs mksquashfs and APPIMAGE_RUNTIME, the path of the type-2 run-time file.")
    root = work / "AppDir"
    shutil.rmtree(root, ignore_errors=True)
    _copy(folder, root / "opt" / "planetview")
    _install_text(HERE / "linux" / "AppRun", root / "AppRun", 0o755)
    _install_text(HERE / "linux" / "planetview.desktop", root / "planetview.desktop")
    _install_text(HERE.parent / "resources" / "icons" / "planetview.svg", root / "planetview.svg")
    image = work / "planetview.squashfs"
    image.unlink(missing_ok=True)
    # Run-time files before 2022 read gzip alone.
    kind = "zstd" if b"zstd" in Path(runtime).read_bytes() else "gzip"
    words = ["mksquashfs", str(root), str(image), "-root-owned", "-noappend", "-comp", kind, "-quiet", "-no-progress"]
    subprocess.run(words, check=True)
    target = out / f"{_name(number, flavour)}.AppImage"
    with target.open("wb") as sink:
        for part in (Path(runtime), image):
            with part.open("rb") as source:
                shutil.copyfileobj(source, sink)
    target.chmod(0o755)
    return target
