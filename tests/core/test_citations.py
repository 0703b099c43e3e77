"""What goes into a paper: the paragraph names all that decided the numbers, every citation has its entry."""

from __future__ import annotations

import dataclasses
import re

import pytest

from planetview.core.catalogue import EXTRACTORS, METRICS
from planetview.core.catalogue.path_length import PATH_LENGTHS
from planetview.core.citations import bibtex, cited_ids, methods_text
from planetview.core.results import MetricValue, Results
from planetview.core.stretch import Stretch, StretchKind
from tests.samples import sample_results


@pytest.fixture
def results(tmp_path) -> Results:
    made = sample_results(tmp_path, n=6)
    return dataclasses.replace(
        made, provenance={"planetview": "1.2.3", "extractors": {"vgg16-st": {"precision": "float32"}}}
    )


def entries(text: str) -> dict[str, dict[str, str]]:
    """Read BibTeX by counting braces, as BibTeX itself does."""
    found = {}
    for block in re.split(r"(?m)^@", text)[1:]:
        assert block.count("{") == block.count("}")
        key = re.match(r"\w+\{([^,\s]+),", block)
        assert key is not None
        found[key[1]] = dict(re.findall(r"(?m)^  (\w+) = \{(.*)\},$", block))
    return found


def test_the_paragraph_names_all_that_decided_the_numbers(results):
    text = methods_text(results)

    for part in (
        "gan_v1 (6 images) and gan_v2 (3 images)", "real_train (12 images)",
        "real_test (6 images) gave the noise floor",
        "8 bits", "VGG-16 (ST-LPIPS) (1,408 dimensions; float32; arXiv:2207.13686)",
        "Fréchet distance · VGG-16 (ST-LPIPS) [VGG-16 (ST-LPIPS), float32; arXiv:1706.08500]",
        "n = 3 to 6 images a side", "95 % (jackknife, 20 groups)", "PlanetView 1.2.3 with seed 2020",
    ):  # fmt: skip
        assert part in text
    assert "\n" not in text


def test_a_metric_without_a_value_is_not_claimed(results):
    assert "MS-SSIM" not in methods_text(results)
    assert "ms-ssim" not in cited_ids(results)


def test_published_names_are_used(results):
    value = MetricValue("fd", "inception-tf1", "gan_v1", 3.2, n=6)

    assert "FID (torch-fidelity)" in methods_text(dataclasses.replace(results, values=(value,)))


def test_a_stretch_is_named_with_its_limits(results):
    settings = dataclasses.replace(results.settings, stretch=Stretch(StretchKind.FIXED, 100, 4000))

    text = methods_text(dataclasses.replace(results, settings=settings))

    assert "one stretch: fixed 100 to 4000." in text
    assert "not stretched" not in text


def test_results_without_values_or_held_out_images_still_give_a_paragraph(results):
    text = methods_text(dataclasses.replace(results, values=(), datasets=results.datasets[:1], provenance={}))

    assert "noise floor" not in text
    assert text.endswith("PlanetView with seed 2020.")


def test_every_paper_of_the_catalogue_has_a_whole_entry():
    found = entries(bibtex((*METRICS, *EXTRACTORS, *PATH_LENGTHS)))
    specs = (*METRICS.values(), *EXTRACTORS.values(), *PATH_LENGTHS.values())
    cited = {key for spec in specs for key in re.findall(r"(?:arXiv|doi):[\w./-]+", spec.citation)}

    assert set(found) == cited
    for key, fields in found.items():
        assert {"title", "author", "year"} <= set(fields)
        scheme, number = key.split(":")
        assert fields["eprint" if scheme == "arXiv" else "doi"] == number
        assert " and " in fields["author"]
        assert fields["author"].isascii()


def test_the_first_author_and_the_year_are_those_of_the_citation():
    found = entries(bibtex((*METRICS, *EXTRACTORS)))
    accents = {"Bińkowski": r"Bi{\'n}kowski", "Kynkäänniemi": r"Kynk{\"a}{\"a}nniemi"}
    for spec in (*METRICS.values(), *EXTRACTORS.values()):
        for name, year, key in re.findall(
            r"(\w+)(?: et al\.| and \w+)? (\d{4}), ((?:arXiv|doi):[\w./-]+)", spec.citation
        ):
            author = found[key]["author"]
            assert accents.get(name, name) in author.replace(" and ", ",").split(",")[0] or f" and {name}," in author
            assert found[key]["year"] == year


def test_a_paper_that_two_ids_cite_stands_once():
    assert bibtex(("kid-poly", "kid-rbf")).count("@inproceedings{arXiv:1801.01401,") == 1
    assert r"Bi{\'n}kowski, Miko{\l}aj and" in bibtex(("kid-poly",))


def test_what_cites_no_paper_gives_no_entry():
    assert bibtex(("psnr", "unknown-id")) == ""
