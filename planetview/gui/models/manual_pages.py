"""The pages of the manual that ship with the program, as files: titles, order, search."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from planetview.core.paths import help_folder

# In reading order; a page that an installation lacks is left out.
_ORDER = ("guide", "metrics", "weights", "generators", "precision", "vgg16-st", "benchmarks", "install")
# Far above any page of ours: a file put in the place of one must not fill the memory.
_MAX_BYTES = 4 * 1024**2


@dataclass(frozen=True, slots=True)
class ManualPage:
    """One page: its file, its title, its Markdown text."""

    path: Path
    title: str
    text: str

    @property
    def id(self) -> str:
        """Name of the page, for example "metrics"."""
        return self.path.stem

    def count(self, words: str) -> int:
        """Return how often the words occur, in whatever case; 0 for no words."""
        wanted = words.strip().lower()
        return self.text.lower().count(wanted) if wanted else 0


def load_pages() -> tuple[ManualPage, ...]:
    """Read the pages that are there, in reading order; none when this installation has no help."""
    try:
        folder = help_folder() / "docs"
    except FileNotFoundError:
        return ()
    pages = []
    for name in _ORDER:
        path = folder / f"{name}.md"
        try:
            if path.stat().st_size > _MAX_BYTES:
                continue
            text = path.read_text(encoding="utf-8")
        except OSError:
            continue
        heading = re.search(r"^# (.+)$", text, re.MULTILINE)
        pages.append(ManualPage(path, heading.group(1).replace("`", "") if heading else name, text))
    return tuple(pages)


def slug(heading: str) -> str:
    """Return the anchor of a heading as Markdown viewers make it: "Fréchet distance" is "fréchet-distance"."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
