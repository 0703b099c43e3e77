"""Who made the files of the standalone program: Python distributions, system packages, Python itself.

The PyInstaller specification writes where every shipped file came from; here each origin finds its owner.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

_LICENCE_NAME = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)", re.IGNORECASE)
_SHORT = 120
# base_library.zip holds the modules that Python needs to start.
_OF_PYTHON = ("libpython", "python3", "base_library.zip")


@dataclass(slots=True)
class Component:
    """One thing that somebody else made. kind: python, system or runtime. texts: (file name, licence text)."""

    name: str
    version: str
    kind: str
    licence: str
    home: str = ""
    files: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)


def components(origins: Iterable[str], own: str = "planetview") -> list[Component]:
    """Return the owners of the files `origins` (absolute paths), by name; files of `own` and of the build are left out.

    A file that nobody owns is listed under "unknown": the build fails on those.
    """
    owners = _files_of_distributions()
    found: dict[tuple[str, str], Component] = {}
    for origin in sorted(set(origins)):
        path = Path(origin)
        component = _owner(path, owners, found)
        if component is not None and component.name != own:
            component.files.append(path.name)
    return sorted(found.values(), key=lambda one: (one.kind, one.name.lower()))


def _owner(path: Path, owners: dict[str, str], found: dict[tuple[str, str], Component]) -> Component | None:
    name = owners.get(_key(path)) or owners.get(_key(path.resolve()))
    if name is not None:
        return _once(found, ("python", name), lambda: python_component(name))
    if any(_inside(path, place) for place in _python_places()) or path.name.startswith(_OF_PYTHON):
        return _once(found, ("runtime", "Python"), _python_itself)
    if sys.platform == "win32" and _inside(path, Path(os.environ["SYSTEMROOT"])):
        return _once(found, ("runtime", "Microsoft"), _microsoft)
    package = _system_package(path)
    if package:
        return _once(found, ("system", package), lambda: _debian_component(package))
    return _once(found, ("system", f"unknown:{path.name}"), lambda: Component(path.name, "", "unknown", "unknown"))


def _once(found: dict[tuple[str, str], Component], key: tuple[str, str], make) -> Component:  # type: ignore[no-untyped-def]
    if key not in found:
        found[key] = make()
    return found[key]


def _python_places() -> list[Path]:
    """Return where Python's own files lie; a Python of the system shares its folder with everything else."""
    base = Path(sys.base_prefix)
    return [Path(sysconfig.get_path("stdlib")), *([] if base in {Path("/usr"), Path("/usr/local")} else [base])]


def _microsoft() -> Component:
    name, licence = "Microsoft Visual C++ and Universal C runtime", "Microsoft Visual C++ Redistributable"
    text = "Copyright Microsoft Corporation. Passed on as part of this program, as the terms of Visual Studio allow."
    return Component(name, "14", "runtime", licence, "https://visualstudio.microsoft.com", texts=[("notice", text)])


def _key(path: str | Path) -> str:
    """Return the path as a key: Windows writes one path in several ways."""
    return os.path.normcase(os.path.normpath(path))


def _inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve()) or str(path).startswith(str(folder))


@functools.cache
def _files_of_distributions() -> dict[str, str]:
    owners: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        root = Path(str(distribution.locate_file("")))
        # Resolving each of 60,000 files takes seconds; only the folder that holds them can be a link.
        for place in {os.fspath(root), os.fspath(root.resolve())}:
            owners.update((_key(f"{place}/{file}"), name) for file in distribution.files or ())
    return owners


def python_component(name: str) -> Component:
    """Return what the metadata of an installed distribution says. Raises PackageNotFoundError."""
    distribution = metadata.distribution(name)
    about = distribution.metadata
    texts = []
    for file in distribution.files or ():
        is_notice = ".dist-info" in str(file) and _LICENCE_NAME.search(file.name)
        if is_notice or (_LICENCE_NAME.match(file.name) and file.suffix in {"", ".txt", ".md", ".rst"}):
            path = Path(str(distribution.locate_file(file)))
            if path.is_file():
                texts.append((file.name, path.read_text(encoding="utf-8", errors="replace")))
    return Component(
        about["Name"], distribution.version, "python", licence_of(about), _home(about), texts=_unlike(texts)
    )


def licence_of(about) -> str:  # type: ignore[no-untyped-def]
    """Return the SPDX expression, else the short licence field, else the classifiers, else "see the texts"."""
    expression = about.get("License-Expression")
    if expression:
        return str(expression)
    short = str(about.get("License") or "").strip()
    if short and len(short) < _SHORT and "\n" not in short and short.upper() != "UNKNOWN":
        return short
    classes = [one.rpartition("::")[2].strip() for one in about.get_all("Classifier", []) if one.startswith("License")]
    return ", ".join(classes) if classes else "see the texts"


def _home(about) -> str:  # type: ignore[no-untyped-def]
    for line in about.get_all("Project-URL", []):
        label, _, address = line.partition(",")
        if label.strip().lower() in {"homepage", "repository", "source", "source code"}:
            return str(address.strip())
    return str(about.get("Home-page") or "")


def _unlike(texts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave out texts that were seen already."""
    seen: set[str] = set()
    kept = []
    for name, text in texts:
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest not in seen:
            seen.add(digest)
            kept.append((name, text))
    return kept


def _python_itself() -> Component:
    for place in (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix)):
        for name in ("LICENSE.txt", "LICENSE"):
            if (place / name).is_file():
                text = (place / name).read_text(encoding="utf-8", errors="replace")
                return Component(
                    "Python",
                    sys.version.split()[0],
                    "runtime",
                    "Python-2.0",
                    "https://www.python.org",
                    texts=[(name, text)],
                )
    return Component("Python", sys.version.split()[0], "runtime", "Python-2.0", "https://www.python.org")


def _system_package(path: Path) -> str:
    """Return the Debian package that owns `path`, or ""."""
    for candidate in dict.fromkeys((str(path.resolve()), str(path), str(path).removeprefix("/usr"))):
        try:
            done = subprocess.run(["dpkg", "-S", candidate], capture_output=True, text=True, check=False)
        except OSError:
            return ""
        if done.returncode == 0:
            return done.stdout.split(":", 1)[0].split(",")[0]
    return ""


def distribution_id() -> str:
    """Return the name that this Linux distribution gives itself, for addresses of its packages: debian, ubuntu."""
    try:
        return platform.freedesktop_os_release().get("ID", "debian")
    except OSError:
        return "debian"


def _debian_component(package: str) -> Component:
    asked = ["dpkg-query", "-W", "-f", "${Version}\t${Homepage}\n", package]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    version, _, home = (done.stdout.splitlines() or ["\t"])[0].partition("\t")
    notice = Path("/usr/share/doc") / package / "copyright"
    text = notice.read_text(encoding="utf-8", errors="replace") if notice.is_file() else ""
    licences = sorted(set(re.findall(r"^License: *(\S[^\n]*)$", text, re.MULTILINE)))
    shown = " AND ".join(licences) if licences and len(licences) < 6 else "see the text"
    return Component(package, version, "system", shown, home, texts=[("copyright", text)] if text else [])
