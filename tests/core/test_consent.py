"""Consent is given to one content of a file, survives restarts, and is never read into a damaged store."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from planetview.core.consent import ConsentNeeded, ConsentStore
from planetview.core.errors import UserError

A, B = "a" * 64, "b" * 64


def test_no_file_may_run_before_it_was_agreed_to(tmp_path: Path) -> None:
    assert A not in ConsentStore(tmp_path / "consent.json")


def test_consent_is_remembered_for_that_content_alone(tmp_path: Path) -> None:
    ConsentStore(tmp_path / "consent.json").give(A, "generator.pt")
    store = ConsentStore(tmp_path / "consent.json")
    assert A in store
    assert B not in store
    assert [consent.name for consent in store.all()] == ["generator.pt"]


def test_consent_given_or_withdrawn_elsewhere_counts_at_once(tmp_path: Path) -> None:
    ours, theirs = ConsentStore(tmp_path / "consent.json"), ConsentStore(tmp_path / "consent.json")
    theirs.give(A, "generator.pt")
    theirs.give(B, "other.pt2")
    assert A in ours
    ours.withdraw(A)
    assert A not in theirs
    assert B in theirs


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 100_000,
        json.dumps([A]),
        json.dumps({"schema": 2, "files": [{"sha256": A, "name": "x", "given": "now"}]}),
        json.dumps({"schema": 1, "files": {A: True}}),
        json.dumps({"schema": 1, "files": [A, {"sha256": A}, {"sha256": A, "name": 1, "given": ""}]}),
        json.dumps({"schema": 1, "files": [{"sha256": "*", "name": "x", "given": "now"}]}),
    ],
)
def test_a_damaged_store_holds_no_consent_and_can_be_written_again(tmp_path: Path, content: str) -> None:
    path = tmp_path / "consent.json"
    path.write_text(content, encoding="utf-8")
    store = ConsentStore(path)
    assert store.all() == ()
    assert A not in store
    store.give(A, "generator.pt")
    assert A in store


def test_only_a_digest_can_be_agreed_to(tmp_path: Path) -> None:
    for wrong in ("", "*", A.upper(), A[:-1], A + "\n"):
        with pytest.raises(ValueError, match="SHA-256"):
            ConsentStore(tmp_path / "consent.json").give(wrong, "x")


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write"):
        ConsentStore(tmp_path / "file" / "consent.json").give(A, "x")


def test_the_usual_place_is_the_settings_folder(planetview_home: Path) -> None:
    ConsentStore().give(A, "x")
    assert (planetview_home / "config" / "consent.json").is_file()


def test_the_question_passes_between_processes() -> None:
    asked = pickle.loads(pickle.dumps(ConsentNeeded(A, "generator.pt", "TorchScript file")))
    assert (asked.sha256, asked.name, asked.kind) == (A, "generator.pt", "TorchScript file")
    assert "TorchScript file" in asked.message
