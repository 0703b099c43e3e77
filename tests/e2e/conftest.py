"""Fixtures of the tests that take the whole way."""

from __future__ import annotations

from tests.gui_fixtures import drop, gap_meter, make_window, no_leaks, qapp_args

__all__ = ["drop", "gap_meter", "make_window", "no_leaks", "qapp_args"]
