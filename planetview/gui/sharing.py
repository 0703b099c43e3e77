"""Exact duplicates between the sets of a study, looked for off the GUI thread whenever its sets change."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject

from planetview.core.datasets import Dataset, SharedImages, shared_images
from planetview.gui.background import Background
from planetview.gui.workspace import Workspace


class SharedSearch(QObject):
    """Tells the workspace of the images that its sets share."""

    def __init__(self, workspace: Workspace, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._background = workspace, background
        self._looked_at: tuple[object, ...] = ()
        self._found: tuple[tuple[Dataset, ...], tuple[SharedImages, ...]] = ((), ())
        workspace.contents_changed.connect(self._look)

    def expect(self, datasets: tuple[Dataset, ...], shared: tuple[SharedImages, ...]) -> None:
        """Take what a scan found among `datasets`: if they are all the sets of the study now, nobody looks again."""
        self._found = (datasets, shared)

    def _look(self) -> None:
        datasets = self._workspace.datasets
        identity = _identity(datasets)
        if identity == self._looked_at:
            return
        self._looked_at = identity
        (of, shared), self._found = self._found, ((), ())
        is_known = identity == _identity(of)
        self._background.submit(lambda: shared if is_known else shared_images(datasets), self._workspace.set_shared)


def _identity(datasets: Iterable[Dataset]) -> tuple[object, ...]:
    return tuple((dataset.name, id(dataset.images)) for dataset in datasets)
