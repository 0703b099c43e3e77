"""The process of the window hands the interpreter lock over quickly and paints alone where the cores are few."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from planetview.gui.promptness import prepare_process


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the process as it was."""
    interval = sys.getswitchinterval()
    # Set first, so that it is put back to what it was, also where it was not set.
    monkeypatch.setenv("QT_NO_GUI_THREADPOOL", "")
    monkeypatch.delenv("QT_NO_GUI_THREADPOOL")
    yield
    sys.setswitchinterval(interval)


def test_a_thread_that_computes_keeps_the_lock_for_a_fraction_of_pythons_own_time() -> None:
    sys.setswitchinterval(0.005)

    prepare_process()

    assert sys.getswitchinterval() == pytest.approx(0.001 if sys.platform == "win32" else 0.0001)


@pytest.mark.parametrize(("cores", "paints_alone"), [(2, True), (4, True), (16, False), (None, True)])
def test_qt_paints_with_helpers_only_where_there_are_cores_for_them(
    cores: int | None, paints_alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)

    prepare_process()

    assert ("QT_NO_GUI_THREADPOOL" in os.environ) is paints_alone
