"""Writes the bill of materials of the standalone program: CycloneDX 1.6, JSON, the same for the same contents."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shipped import Component, distribution_id

# Licences that are SPDX identifiers go into `id`, every other wording into `name`.
_SPDX_IDS = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "curl",
        "HPND",
        "ISC",
        "LGPL-2.1-or-later",
        "LGPL-3.0-only",
        "MIT",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Python-2.0",
        "Unlicense",
        "Zlib",
        "IJG",
        "libtiff",
        "libpng-2.0",
        "FTL",
    }
)


def document(
    version: str, flavour: str, components: Sequence[Component], in_wheels: Sequence[tuple[str, str, str]],
    weights: Sequence[Path], moment: int,
) -> dict[str, Any]:  # fmt: skip
    """Return the bill of materials as JSON-ready values.

    in_wheels: (file, library, licence). weights: shipped weight files and maps. moment: seconds since 1970.
    """
    entries = [_of_component(one) for one in components]
    entries += [_of_library(*one) for one in _merged(in_wheels)]
    entries += [_of_data(path) for path in weights]
    entries.sort(key=lambda entry: str(entry["bom-ref"]))
    own = f"pkg:generic/planetview@{version}?flavour={flavour}"
    seed = json.dumps(entries, sort_keys=True) + own
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "PlanetView",
                "version": version,
                "purl": own,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": entries,
        "dependencies": [{"ref": own, "dependsOn": [entry["bom-ref"] for entry in entries]}],
    }


def _of_component(one: Component) -> dict[str, Any]:
    if one.kind == "python":
        name = re.sub(r"[-_.]+", "-", one.name).lower()
        purl = f"pkg:pypi/{name}@{quote(one.version, safe='.')}"
    elif one.kind == "system":
        purl = f"pkg:deb/{distribution_id()}/{one.name}@{quote(one.version, safe='.')}"
    else:
        purl = f"pkg:generic/{quote(one.name.lower())}@{quote(one.version, safe='.')}"
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": one.name,
        "version": one.version,
        "purl": purl,
        "licenses": _licences(one.licence),
    }
    if one.home.startswith(("https://", "http://")):
        entry["externalReferences"] = [{"type": "website", "url": one.home}]
    return entry


def _merged(in_wheels: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, list[str]]]:
    found: dict[tuple[str, str], list[str]] = {}
    for file, name, licence in in_wheels:
        found.setdefault((name, licence), []).append(file)
    return [(name, licence, files) for (name, licence), files in sorted(found.items())]


def _of_library(name: str, licence: str, files: list[str]) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": f"in-wheels:{quote(name)}",
        "name": name,
        "licenses": _licences(licence),
        "properties": [{"name": "planetview:file", "value": file} for file in files],
    }


def _of_data(path: Path) -> dict[str, Any]:
    kind = "machine-learning-model" if path.suffix == ".pth" else "data"
    return {
        "type": kind,
        "bom-ref": f"data:{path.parent.parent.parent.name}:{path.name}",
        "name": path.name,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
    }


def _licences(text: str) -> list[dict[str, Any]]:
    if text in _SPDX_IDS:
        return [{"license": {"id": text}}]
    parts = re.split(r" (?:AND|OR) |[()]| WITH ", text)
    if len(parts) > 1 and all(part in _SPDX_IDS for part in parts if part):
        return [{"expression": text}]
    return [{"license": {"name": text}}]


def write(path: Path, content: dict[str, Any]) -> None:
    """Write the document, keys in their order, Unix line ends."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
