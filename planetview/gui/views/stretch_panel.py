"""The stretch of the study: the choice, what it does to each set, and samples that show it at once."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from planetview.core.datasets import Dataset
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind
from planetview.gui.set_summaries import SetSummaries
from planetview.gui.stretch_preview import PreviewRequest, SetStretch, StretchPreview
from planetview.gui.theme import Theme
from planetview.gui.views.stretch_choice import StretchChoice
from planetview.gui.views.stretch_samples import EDGE_PX, StretchSamples
from planetview.gui.workspace import Workspace

_PASSED = ResolvedStretch(Stretch(StretchKind.NONE))


class StretchPanel(QWidget):
    """Edits the stretch of a `Workspace`; works out what it does while it is on the screen."""

    resolved = Signal(object)  # SetStretch

    def __init__(self, workspace: Workspace, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._summaries = SetSummaries.of(workspace)
        self._known: dict[str, SetStretch] = {}
        self._kept: dict[int, tuple[Dataset, frozenset[tuple[str, str]], Dataset]] = {}
        self.preview = StretchPreview(self)
        self.preview.resolved.connect(self._on_resolved)
        self.choice = StretchChoice(self)
        self.choice.chosen.connect(self._on_chosen)
        self.samples = StretchSamples(theme, self)
        self.samples.samples_changed.connect(self._begin)
        self.preview.sampled.connect(self.samples.show_sample)
        self._hint = QLabel(
            self.tr("The pictures of this page show the choice at once; numbers follow with the next run."),
            self,
            wordWrap=True,
        )
        self._hint.setProperty("muted", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.choice)
        layout.addWidget(self._hint)
        layout.addWidget(self.samples)
        # Several signals come with one change: they are answered once.
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._begin)
        workspace.contents_changed.connect(self.refresh)
        workspace.settings_changed.connect(self.refresh)
        workspace.marks_changed.connect(self.refresh)
        self._summaries.ready.connect(self.refresh)
        self.refresh()

    def stretch_of(self, dataset: Dataset) -> SetStretch | None:
        """Return what the choice does to a set, None while it is not worked out."""
        return self._known.get(dataset.name)

    def refresh(self) -> None:
        """Show the choice, and work out in the next turn what it does."""
        workspace = self._workspace
        stretch = workspace.settings.stretch
        self.choice.show_stretch(stretch, self._deep_sets() if stretch.kind is StretchKind.NONE else ())
        is_shown = self._has_effect()
        self.samples.setVisible(is_shown)
        self._hint.setVisible(is_shown)
        self._later.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._later.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.preview.cancel()

    def _has_effect(self) -> bool:
        workspace = self._workspace
        if not workspace.datasets:
            return False
        if workspace.settings.stretch.kind is not StretchKind.NONE:
            return True
        return bool(self._deep_sets())

    def _deep_sets(self) -> tuple[str, ...]:
        """Return the names of sets known to hold images deeper than 8-bit; large sets are counted elsewhere."""
        counted = ((dataset.name, self._summaries.get(dataset)) for dataset in self._workspace.datasets)
        return tuple(name for name, summary in counted if summary is not None and set(summary.dtypes) - {"uint8"})

    def _begin(self) -> None:
        workspace = self._workspace
        whole = tuple(dataset for dataset in workspace.datasets if dataset.images)
        if not self._has_effect():
            self.preview.cancel()
            for dataset in whole:
                self._on_resolved(SetStretch(dataset.name, _PASSED))
            return
        if not self.isVisible():
            return
        datasets = tuple(map(self._without_excluded, whole))
        self.samples.show_sets(datasets, self._deep_sets())
        self.samples.expect()
        edge = round(EDGE_PX * self.devicePixelRatioF())
        settings = workspace.settings
        self.preview.request(PreviewRequest(datasets, self.samples.samples(), settings.stretch, settings.seed, edge))

    def _without_excluded(self, dataset: Dataset) -> Dataset:
        """Return what the next run takes of a set; the same object as long as nothing changes."""
        excluded = self._workspace.marks.excluded
        known = self._kept.get(id(dataset))
        if known is None or known[0] is not dataset or known[1] is not excluded:
            kept = self._workspace.marks.kept(dataset)
            known = self._kept[id(dataset)] = (dataset, excluded, kept if kept.images else dataset)
        now = {id(other) for other in self._workspace.datasets}
        self._kept = {key: value for key, value in self._kept.items() if key in now}
        return known[2]

    def _on_resolved(self, found: SetStretch) -> None:
        self._known[found.name] = found
        self.resolved.emit(found)

    def _on_chosen(self, stretch: Stretch) -> None:
        self._workspace.set_settings(replace(self._workspace.settings, stretch=stretch))
