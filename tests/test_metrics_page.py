"""docs/metrics.md says what the catalogue says."""

from __future__ import annotations

import runpy
from pathlib import Path

from planetview.core.catalogue import EXTRACTORS, METRICS, literature

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_the_page_is_what_its_generator_writes_today() -> None:
    written = (DOCS / "metrics.md").read_text(encoding="utf-8")

    assert written == runpy.run_path(str(DOCS / "make_metrics_page.py"))["page"](), (
        "the catalogue has changed: run docs/make_metrics_page.py"
    )


def test_the_page_names_every_metric_extractor_and_reported_value() -> None:
    written = (DOCS / "metrics.md").read_text(encoding="utf-8")

    for spec in (*METRICS.values(), *EXTRACTORS.values()):
        assert f"- **id:** `{spec.id}`," in written
    assert all(f"| {value.label} | {value.text} |" in written for value in literature())


def test_the_readme_leads_to_the_page() -> None:
    assert "(docs/metrics.md)" in (DOCS.parent / "README.md").read_text(encoding="utf-8")
