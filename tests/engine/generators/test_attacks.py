"""Whatever a hostile file asks for, it is refused in plain words and nothing of it happens."""

from __future__ import annotations

import codecs
import pickle
import sys
import time
from pathlib import Path

import pytest

from planetview.core.errors import UserError
from planetview.engine.generators.network_file import read_network_file
from planetview.engine.pickle_machine import UnsafeFile
from tests.engine.generators import pickles
from tests.engine.generators.attacks import DAMAGED, Attack, attacks

ATTACKS = list(attacks())
# Python loads its codecs when first used; that is no import a file asked for.
codecs.lookup("raw-unicode-escape")


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that a successful attack makes; importing `hostile_module` makes it too."""
    path, modules = tmp_path / "canary", tmp_path / "modules"
    modules.mkdir()
    (modules / "hostile_module.py").write_text(f"open({str(path)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(modules)
    return path


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_refused_and_nothing_of_it_runs(attack: Attack, canary: Path, tmp_path: Path) -> None:
    file = tmp_path / "network.pkl"
    file.write_bytes(attack.build(canary))
    imported, began = set(sys.modules), time.process_time()

    with pytest.raises(UserError) as refused:
        read_network_file(file)

    assert attack.refusal in refused.value.message
    assert not canary.exists()
    assert set(sys.modules) == imported
    assert time.process_time() - began < 15
    if DAMAGED in attack.refusal or attack.refusal.startswith("'"):
        assert isinstance(refused.value, UnsafeFile)


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.potent], ids=lambda attack: attack.name)
def test_the_attacks_are_real(attack: Attack, canary: Path) -> None:
    pickle.loads(attack.build(canary))

    assert canary.exists()


def test_names_are_distinct() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_source_text_inside_a_network_is_never_run(canary: Path, tmp_path: Path) -> None:
    state, attributes = pickles.tiny_network()
    source = f"open({str(canary)!r}, 'w').close()\nraise SystemExit\n"
    file = pickles.write_network_pickle(tmp_path / "network.pkl", state, attributes, module_src=source)

    read = read_network_file(file)

    assert read.source == "unknown"
    assert not canary.exists()
