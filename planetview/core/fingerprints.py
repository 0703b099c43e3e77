"""What a dataset held, in a line: enough to tell whether a folder found again is the one that was saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from planetview.core.datasets import Dataset


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """images: how many. digest: SHA-256 over the names and contents of all images, in their order."""

    images: int
    digest: str

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Return the fingerprint of a dataset; see `Dataset.content_digest` for how long it takes."""
        return cls(len(dataset), dataset.content_digest)

    def difference(self, dataset: Dataset) -> str:
        """Return how `dataset` differs from what this is of, in words; "" when it does not."""
        now = type(self).of(dataset)
        if now == self:
            return ""
        if now.images != self.images:
            return f"{self.images:,} images then, {now.images:,} now"
        return "as many images, but other ones or under other names"


def fingerprint_document(fingerprint: Fingerprint | None) -> dict[str, Any] | None:
    """Return a fingerprint as it stands in a study file."""
    return None if fingerprint is None else {"images": fingerprint.images, "sha256": fingerprint.digest}


def fingerprint_from(value: Any) -> Fingerprint | None:
    """Return what `fingerprint_document` wrote, None for anything else: it is a help, nothing depends on it."""
    if not isinstance(value, dict):
        return None
    images, digest = value.get("images"), value.get("sha256")
    return Fingerprint(images, digest) if type(images) is int and isinstance(digest, str) else None
