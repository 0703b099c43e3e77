"""The pictures of the Models page: its states, and what became of an import."""

from __future__ import annotations

from pathlib import Path

from pictures.engines import Weights
from pictures.taking import Studio, until


def take_models(studio: Studio) -> None:
    """Picture the weights with one of each state, then the outcomes of an import."""
    window = studio.window(Weights())
    window.show_page("models")
    until(lambda: bool(window.controller.weights.states))
    window.pages.show_weights("inception-2015-12-05")
    studio.take(window, "models")
    stick = Path("/media/usb")
    names = ("vgg16-397923af.pth", "ViT-B-32.pt", "alexnet.pth", "notes.bin")
    window.controller.weights.import_paths(tuple(stick / name for name in names))
    until(lambda: window.controller.weights.report is not None)
    studio.take(window, "models-import")
    studio.close(window)
