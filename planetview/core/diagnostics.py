"""A file for whoever looks into a fault: versions, settings and logs; no image, and no folder of the user's own."""

from __future__ import annotations

import contextlib
import getpass
import io
import json
import os
import platform
import re
import socket
import sys
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import planetview
from planetview.core.files import write_atomically
from planetview.core.paths import config_dir, log_dir

_PACKAGES: Final = (
    "numpy", "Pillow", "pydantic", "rasterio", "torch", "torchvision", "scipy", "safetensors", "onnxruntime",
    "PySide6-Essentials", "pyqtgraph", "jinja2",
)  # fmt: skip
_MOST_OF_A_LOG: Final = 512 * 1024
_PRIVATE: Final = ("recent", "pinned", "commands", "geometry", "docks")
_HIDDEN: Final = "<hidden>"
# A path in quotes may hold spaces; a bare one ends at the first.
_QUOTED = re.compile(r"""(['"])((?:[A-Za-z]:[\\/]|[\\/]).*?)\1""")
_BARE = re.compile(r"""(?<![\w.<>~/\\'"])((?:[A-Za-z]:[\\/]|//?|\\\\)[^\s'"<>|*?,;)\]]*)""")

_README: Final = """What this file holds, so that you can look before you pass it on. PlanetView has sent it nowhere.

versions.txt      PlanetView, Python, the operating system, libraries
window.txt        screens, theme, what the study is made of: how many sets and images of which kind, no names
preferences.json  the settings of the window without recent studies
logs/             the last lines that were logged, and the stacks of a crash

Paths outside the program are written as <hidden>, with the suffix of the file; so are your user name and the name of
this computer. Names of sets and images can still stand in the text of a message: read logs/ before you pass it on.
"""


def save_diagnostics(path: Path, window: str = "") -> None:
    """Write the zip. window: what the window knows, in lines. Raises UserError when it cannot be written."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _README)
        archive.writestr("versions.txt", _versions())
        archive.writestr("window.txt", redacted(window))
        archive.writestr("preferences.json", _preferences())
        for name, text in _logs():
            archive.writestr(f"logs/{name}", redacted(text))
    write_atomically(path, lambda stream: stream.write(data.getvalue()))


def redacted(text: str) -> str:
    """Return `text` without paths outside the program, the user's name and the computer's.

    Paths of the program and of Python's libraries, which tracebacks need, keep what follows their folder.
    """
    for folder, name in _known_folders():
        text = text.replace(folder, name)
    text = _QUOTED.sub(lambda found: f"{found[1]}{_hidden(found[2])}{found[1]}", text)
    text = _BARE.sub(lambda found: _hidden(found[1]), text)
    for name in _own_names():
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _HIDDEN, text)
    return text


def _known_folders() -> list[tuple[str, str]]:
    """Return folders whose names tell nothing of the user's own, the longest first, with what stands for them."""
    found = {str(Path(planetview.__file__).parent): "<planetview>", sys.prefix: "<python>", sys.base_prefix: "<python>"}
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


def _hidden(path: str) -> str:
    suffix = re.search(r"\.\w{1,12}$", path)
    # A lone slash is a division or a date, not a path.
    return path if len(path) < 2 else _HIDDEN + (suffix[0] if suffix else "")


def _own_names() -> list[str]:
    names = [socket.gethostname()]
    # An account may have no name, as in a container.
    with contextlib.suppress(KeyError, OSError):
        names.append(getpass.getuser())
    # A short name is part of other words and numbers of the log.
    return [name for name in names if len(name) > 2]


def _versions() -> str:
    lines = [
        f"PlanetView {planetview.__version__}",
        f"Python {platform.python_version()}, {platform.python_implementation()}",
        f"System {platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores",
        f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    ]
    for package in _PACKAGES:
        try:
            lines.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{package} not found")
    return "\n".join(lines) + "\n"


def _preferences() -> str:
    try:
        document: Any = json.loads((config_dir() / "preferences.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "{}\n"
    if not isinstance(document, Mapping):
        return "{}\n"
    return json.dumps({key: value for key, value in document.items() if key not in _PRIVATE}, indent=1) + "\n"


def _logs() -> list[tuple[str, str]]:
    found = []
    for path in sorted(log_dir().glob("*.log*")):
        try:
            with path.open("rb") as stream:
                stream.seek(max(0, path.stat().st_size - _MOST_OF_A_LOG))
                found.append((path.name, stream.read().decode("utf-8", "replace")))
        except OSError as error:
            found.append((path.name, f"cannot be read: {type(error).__name__}\n"))
    return found
