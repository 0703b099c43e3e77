"""The weight files as data, read from `weights.toml` when first asked for."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planetview.core.catalogue.extractors import EXTRACTORS
from planetview.core.catalogue.metrics import METRICS


@dataclass(frozen=True, slots=True)
class WeightSource:
    """One published file.

    kind: "torch", "torchscript", "safetensors" or "zip". files: the names it goes by.
    sha256: of the whole file, or "" with `sha256_prefix`, or both "" where no digest is published.
    size_bytes: 0 when not known. url: "" for a file that only a Python package carries.
    repository: Hugging Face repository, or "". package, package_path: the installed package that carries it and the
    path inside, or "". requirement: what pip installs for it.
    """

    kind: str
    files: tuple[str, ...]
    url: str = ""
    sha256: str = ""
    sha256_prefix: str = ""
    size_bytes: int = 0
    repository: str = ""
    package: str = ""
    package_path: str = ""
    requirement: str = ""

    @property
    def has_digest(self) -> bool:
        """Whether anything is published that a copy can be checked against."""
        return bool(self.sha256 or self.sha256_prefix)

    def matches(self, digest: str) -> bool:
        """Return whether `digest` (hexadecimal SHA-256) is the published one, as far as it is published."""
        if self.sha256:
            return digest == self.sha256
        return bool(self.sha256_prefix) and digest.startswith(self.sha256_prefix)


@dataclass(frozen=True, slots=True)
class WeightsSpec:
    """The weights of one network.

    layout: names the tensors it must hold. size_mib: about the size of the file to fetch.
    sources: published files, the recommended one first.
    """

    id: str
    title: str
    licence: str
    homepage: str
    layout: str
    size_mib: float
    sources: tuple[WeightSource, ...]

    @property
    def used_by(self) -> tuple[str, ...]:
        """Ids of the extractors and metrics that need these weights."""
        extractors = (spec.id for spec in EXTRACTORS.values() if self.id in spec.weights)
        metrics = (spec.id for spec in METRICS.values() if self.id in spec.weights)
        return tuple(dict.fromkeys((*extractors, *metrics)))

    @property
    def url(self) -> str:
        """The recommended address, or "" where only a package carries the file."""
        return next((source.url for source in self.sources if source.url), "")

    @property
    def how_to_get(self) -> str:
        """The one next step for people who miss it, a complete sentence."""
        if self.url:
            return f"Get it with: planetview models fetch {self.id}"
        requirement = next(source.requirement for source in self.sources if source.requirement)
        return f"Install the package that carries it: pip install --no-deps {requirement}"


class _Weights(Mapping[str, WeightsSpec]):
    """The catalogue by id; the file is read at the first look."""

    def __getitem__(self, id: str) -> WeightsSpec:
        return _read()[id]

    def __iter__(self) -> Iterator[str]:
        return iter(_read())

    def __len__(self) -> int:
        return len(_read())


@functools.cache
def _read() -> dict[str, WeightsSpec]:
    import tomllib

    text = Path(__file__).with_name("weights.toml").read_text(encoding="utf-8")
    return {entry["id"]: _spec(entry) for entry in tomllib.loads(text)["weights"]}


def _spec(entry: dict[str, Any]) -> WeightsSpec:
    sources = tuple(WeightSource(**{**source, "files": tuple(source["files"])}) for source in entry["sources"])
    return WeightsSpec(**{**entry, "sources": sources})


WEIGHTS: Mapping[str, WeightsSpec] = _Weights()
