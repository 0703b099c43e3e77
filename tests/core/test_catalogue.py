"""The catalogue: complete entries, honest names, reported values that say where they are from."""

from __future__ import annotations

import re

import pytest

from planetview.core.catalogue import (
    DEFAULT_METRICS,
    EXTRACTORS,
    METRICS,
    Family,
    literature,
    literature_for,
    published_name,
    value_label,
)
from planetview.core.catalogue.published import PUBLISHED_NAMES


def test_conventions_of_other_programs_are_off_until_asked_for():
    assert not {"isc", "fd-infinity", "fid50k", "fid50k-full"} & set(DEFAULT_METRICS)
    assert DEFAULT_METRICS[:4] == ("fd", "kid-poly", "kid-rbf", "cmmd")


@pytest.mark.parametrize("spec", [*METRICS.values(), *EXTRACTORS.values()], ids=lambda spec: spec.id)
def test_every_entry_has_words_for_people(spec):
    for words in (spec.label, spec.definition, spec.caveats, spec.citation, spec.parity):
        assert words.strip()
        assert words == words.strip()


def test_published_names_are_of_known_metrics_on_known_extractors():
    for metric, extractor in PUBLISHED_NAMES:
        assert METRICS[metric].family is Family.DISTRIBUTION
        assert extractor in EXTRACTORS
    assert len(set(PUBLISHED_NAMES.values())) == len(PUBLISHED_NAMES)


def test_only_inception_features_make_an_fid_or_kid():
    for (metric, extractor), name in PUBLISHED_NAMES.items():
        if re.match(r"FID|KID|ISC", name):
            assert extractor.startswith("inception")
        assert metric != "isc" or EXTRACTORS[extractor].has_classes


@pytest.mark.parametrize(
    ("metric", "extractor", "label"),
    [
        ("fd", "inception-clean", "FID-clean (clean-fid)"),
        ("fd", "vgg16-st", "Fréchet distance · VGG-16 (ST-LPIPS)"),
        ("psnr", None, "PSNR"),
        ("of-later", "vgg16-st", "of-later · VGG-16 (ST-LPIPS)"),
        ("fd", "of-later", "Fréchet distance · of-later"),
    ],
)
def test_a_value_is_called_by_its_published_name_or_by_its_parts(metric, extractor, label):
    assert value_label(metric, extractor) == label


def test_a_formula_on_other_features_has_no_published_name():
    assert published_name("fd", "vgg16-st") is None
    assert published_name("psnr", None) is None


def test_reported_values_name_their_source_and_are_on_the_catalogues_scale():
    for value in literature():
        assert value.citation and value.dataset and value.generator
        assert value.text.startswith(value.text.split()[0])
        if value.metric_id is not None:
            assert value.label == published_name(value.metric_id, value.extractor_id)
        if value.metric_id == "kid-poly":
            assert 0 < value.number < 0.1
    assert len({(v.dataset, v.generator, v.label, v.citation) for v in literature()}) == len(literature())


def test_kid_that_is_printed_times_a_thousand_says_so():
    (metfaces,) = (
        v
        for v in literature_for("kid-poly", "inception-tf1")
        if v.dataset.startswith("MetFaces") and v.generator == "StyleGAN2-ADA"
    )

    assert metfaces.text == "2.41 (×1000)"
    assert metfaces.number == pytest.approx(0.00241)


def test_the_mars_and_moon_study_is_there_with_its_caution():
    found = [v for v in literature_for("fid50k", "inception-tf1") if "Mars" in v.dataset]

    assert [v.number for v in found] == [9.94359]
    assert "Salditt" in found[0].citation
    assert "interchanged" in found[0].caution


def test_nothing_is_reported_for_what_nobody_published():
    assert literature_for("fd", "vgg16-st") == ()
    assert literature_for("psnr", None) == ()
