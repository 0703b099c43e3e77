"""How to cite PlanetView: CITATION.cff as a person edits it, read strictly; PyYAML is the oracle."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import planetview
from planetview.core import program_citation as module
from planetview.core.block_yaml import block_yaml
from planetview.core.errors import UserError
from planetview.core.program_citation import citation_from, program_citation

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
yaml = pytest.importorskip("yaml", reason="PyYAML, the oracle, is not installed")


def as_yaml(text: str) -> object:
    """Return what PyYAML makes of a document, its scalars as text."""
    return yaml.load(text, Loader=yaml.BaseLoader)


def test_the_file_that_ships_is_read_as_any_reader_of_yaml_reads_it() -> None:
    assert block_yaml(TEXT) == as_yaml(TEXT)


def test_it_names_this_version_and_the_licence_of_the_package() -> None:
    document = as_yaml(TEXT)

    assert document["version"] == planetview.__version__  # type: ignore[index]
    assert f'license = "{document["license"]}"' in (ROOT / "pyproject.toml").read_text("utf-8")  # type: ignore[index]


def test_the_program_comes_first_then_the_paper_of_the_method() -> None:
    cited = program_citation()
    first, second = cited.works

    assert first.text() == (
        f"PlanetView maintainers ({first.year}). PlanetView (version {planetview.__version__}) [Computer software]."
    )
    assert second.text().startswith("Salditt, Molaverdikhani and Ercolano (2025). Assessing Synthetic Data Quality")
    assert cited.text() == f"{first.text()}\n{second.text()}" and "cite it" in cited.message


def test_the_bibtex_entries_are_whole() -> None:
    entries = program_citation().bibtex()

    found = re.findall(r"@(\w+)\{(\w+),\n((?:  \w+ = \{.*\},\n)+)\}", entries)
    assert [(kind, key) for kind, key, _ in found] == [("misc", "PlanetView2026"), ("misc", "Salditt2025")]
    assert entries.count("{") == entries.count("}")
    assert "author = {{PlanetView maintainers}}" in entries
    assert "author = {{Salditt} and {Molaverdikhani} and {Ercolano}}" in entries


def test_given_names_identifiers_and_journals_are_used_where_there_are_some() -> None:
    cited = citation_from(
        'cff-version: 1.2.0\ntitle: "Tool & Co"\nauthors:\n- family-names: Müller\n  given-names: Anna Lena\n'
        "  name-particle: von\n- name: The Team\ndate-released: '2030-02-01'\ndoi: 10.5281/zenodo.1\n"
        "references:\n  - type: article\n    title: On tools\n    year: 2029\n    journal: Journal_X\n"
        "    url: https://example.org/a\n    authors:\n      -\n        family-names: Ode\n"
    )

    assert cited.text() == (
        "von Müller, A. L. and The Team (2030). Tool & Co [Computer software]. https://doi.org/10.5281/zenodo.1\n"
        "Ode (2029). On tools. Journal_X. https://example.org/a"
    )
    assert r"author = {von M{\"u}ller, Anna Lena and {The Team}}" in cited.bibtex()
    assert r"title = {{Tool \& Co}}" in cited.bibtex() and "@article{Ode2029," in cited.bibtex()
    assert r"journal = {Journal\_X}" in cited.bibtex()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        "title: x",
        "cff-version: 1",
        "cff-version: 1\ntitle: x\nauthors: []\nyear: 2020",
        "cff-version: 1\ntitle: x\nauthors:\n  - name: a\nyear: soon",
        "cff-version: 1\ntitle: x\nauthors:\n  - name: a\ndate-released: 2020-13-01",
        "cff-version: 1\ntitle: x\nauthors: somebody\nyear: 2020",
        "cff-version: 1\ntitle: x\nauthors:\n  - alias: a\nyear: 2020",
        "cff-version: 1\ntitle: x\nauthors:\n  - name: a\nyear: 2020\nreferences: none",
        "cff-version: 1\ntitle:\n  - x\nauthors:\n  - name: a\nyear: 2020",
    ],
)
def test_what_is_no_citation_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        citation_from(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: [1, 2]", "a: {b: 1}", "a: &x 1", "a: *x", "a: !!int 1", "a: |\n  text", "a: >\n  text", "a: 1\na: 2",
        "a: 1 # why", "a: b: c", "a:\tb", 'a: "open', "a: 'open", "a: 'it's'", "a: 1\n   b: 2", "a:\n    b: 1\n  c: 2",
        "  a: 1", "just words", "- a\nb: 1", "a: 1\n- b", 'a: "x" y', "---\na: 1", "a: @x", "a:\n- b\n  - c",
    ],
)  # fmt: skip
def test_the_rest_of_yaml_is_refused_not_guessed(text: str) -> None:
    with pytest.raises(ValueError):
        block_yaml(text)


WORDS = st.text(alphabet="ab Zü-_.0/:#'\"é,&", min_size=1, max_size=12)
NAMES = st.from_regex(r"[A-Za-z][a-z0-9-]{0,5}", fullmatch=True)
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(
        WORDS,
        lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


@given(DOCUMENTS)
def test_documents_that_a_writer_of_yaml_quotes_are_read_as_they_were(document: dict[str, object]) -> None:
    text = yaml.safe_dump(document, allow_unicode=True, width=10_000, default_flow_style=False, default_style='"')
    # PyYAML quotes keys too, which no person does.
    text = re.sub(r'^(\s*(?:- )*)"([A-Za-z][a-z0-9-]*)":', r"\1\2:", text, flags=re.MULTILINE)
    assert block_yaml(text) == as_yaml(text) == document


@given(st.text(alphabet="ab:-\"'# \n[]{}&*|>\t0", max_size=40))
def test_what_is_read_at_all_is_read_as_yaml_reads_it(text: str) -> None:
    try:
        found = block_yaml(text)
    except ValueError:
        return
    assert found == as_yaml(text)


def test_an_installation_without_the_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "help_folder", lambda: tmp_path)

    with pytest.raises(UserError, match="not part of this installation"):
        program_citation()
