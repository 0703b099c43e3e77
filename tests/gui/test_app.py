"""Starting where Qt cannot: one line that says what to install."""

from __future__ import annotations

import pytest

from planetview import app


def test_libraries_that_the_x11_plugin_lacks_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr(app.sys, "platform", "linux")
    monkeypatch.setattr(app, "_X11_LIBRARIES", ("libno-such-thing.so.9", "libm.so.6"))

    assert app.missing_x11_libraries() == ["libno-such-thing.so.9"]


@pytest.mark.parametrize(("name", "value"), [("QT_QPA_PLATFORM", "offscreen"), ("WAYLAND_DISPLAY", "wayland-0")])
def test_other_platforms_need_none_of_them(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(app, "_X11_LIBRARIES", ("libno-such-thing.so.9",))
    monkeypatch.setenv(name, value)

    assert app.missing_x11_libraries() == []
