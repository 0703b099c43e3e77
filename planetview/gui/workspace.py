"""The study that is open: its sets, settings and results, what is unsaved, and what is still missing for a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from planetview.core.datasets import Dataset, Role, SharedImages
from planetview.core.generation import PathLengthResult
from planetview.core.marks import ImageKey, Marks
from planetview.core.messages import CompareRequest
from planetview.core.report_options import marking_of
from planetview.core.results import Results
from planetview.core.settings import RunSettings
from planetview.core.stretch import StretchKind
from planetview.core.study import Study, StudySource
from planetview.gui.contents import Contents, MissingSource, free_name
from planetview.gui.run_inputs import KnownAnswers, excluded_then, inputs_of

__all__ = ["Contents", "MissingSource", "Workspace"]

# To find out what a run without this many images more is takes a turn of its own.
_AT_ONCE, _LATER_MS = 2000, 20


class _Change(QUndoCommand):
    def __init__(self, workspace: Workspace, text: str, after: Contents) -> None:
        super().__init__(text)
        self._workspace, self._before, self._after = workspace, workspace.contents, after

    def redo(self) -> None:
        self._workspace._put(self._after)

    def undo(self) -> None:
        self._workspace._put(self._before)


class Workspace(QObject):
    """The open study; lives on the GUI thread, and every change goes through its methods.

    `stale`: whether sets or settings differ from those the results were made of.
    """

    contents_changed = Signal()
    marks_changed = Signal()
    settings_changed = Signal()
    results_changed = Signal(object)  # Results | None
    path_lengths_changed = Signal()
    shared_changed = Signal()
    described = Signal()  # title, file, or unsaved state changed

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self._contents = Contents()
        self._settings = RunSettings()
        self._results: Results | None = None
        self._path_lengths: tuple[PathLengthResult, ...] = ()
        self._shared: tuple[SharedImages, ...] = ()
        self._title = Study().title
        self._path: Path | None = None
        self._saved: tuple[object, ...] = self._state()
        self._run_of: tuple[object, ...] | None = None
        self._known = KnownAnswers()

    @property
    def contents(self) -> Contents:
        """The sets as they are now."""
        return self._contents

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The scanned sets in study order."""
        return self._contents.datasets

    @property
    def marks(self) -> Marks:
        """The images that are flagged, and those that runs leave out."""
        return self._contents.marks

    @property
    def marking(self) -> str:
        """How the study is to be handled, "" where nothing is said."""
        return self._contents.marking

    @property
    def settings(self) -> RunSettings:
        """The settings of the next run."""
        return self._settings

    @property
    def results(self) -> Results | None:
        """What the last run found."""
        return self._results

    @property
    def path_lengths(self) -> tuple[PathLengthResult, ...]:
        """What was measured on generators, oldest first."""
        return self._path_lengths

    @property
    def shared(self) -> tuple[SharedImages, ...]:
        """Exact duplicates between sets, as far as they have been looked for."""
        return self._shared

    @property
    def title(self) -> str:
        """The study's title."""
        return self._title

    @property
    def path(self) -> Path | None:
        """The study's file, None until saved."""
        return self._path

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show or to save."""
        contents = self._contents
        return not (contents.datasets or contents.missing or self._path_lengths) and self._results is None

    @property
    def is_dirty(self) -> bool:
        """Whether something would be lost by closing without saving."""
        contents, settings, results, title, path_lengths = self._saved
        # Results hold arrays, which have no plain equality; a run always makes new ones.
        return not self.is_empty and (
            self._results is not results
            or (self._settings, self._title, self._path_lengths) != (settings, title, path_lengths)
            or self._contents != contents
        )

    @property
    def is_stale(self) -> bool:
        """Whether the results belong to other sets or settings than those shown."""
        return self._results is not None and self._run_of is not None and self._run_of != self._inputs()

    def missing_for_a_run(self) -> str:
        """Return what keeps a run from starting, as one sentence; "" when nothing does."""
        return str(self._known.get((self._contents, self._settings), "missing", self._missing_for_a_run))

    def _missing_for_a_run(self) -> str:
        references = self._with_role(Role.REFERENCE)
        candidates = self._with_role(Role.CANDIDATE)
        if not self.datasets:
            return self.tr("Add a reference set of real images and at least one candidate.")
        if not references:
            return self.tr("No set is the reference: add real images or choose the role of a set.")
        if len(references) > 1:
            return self.tr("{0} sets are marked as reference; exactly one is needed.").format(len(references))
        if len(self._with_role(Role.HELD_OUT)) > 1:
            return self.tr("More than one set is marked as held-out; at most one is possible.")
        if not candidates:
            return self.tr("Add at least one candidate: the synthetic images to judge.")
        for dataset in self.datasets:
            if dataset.images and not self.marks.keeps_any(dataset):
                return self.tr("All images of '{0}' are excluded: take some in again.").format(dataset.name)
        if not self._settings.metrics or not self._settings.extractors:
            return self.tr("Choose at least one metric and one extractor under Options.")
        return ""

    def deep_sets_without_stretch(self) -> tuple[str, ...]:
        """Return the names of sets with images deeper than 8-bit while no stretch is chosen."""
        if self._settings.stretch.kind is not StretchKind.NONE:
            return ()
        return tuple(dataset.name for dataset in self.datasets if set(dataset.dtypes) - {"uint8"})

    def request(self) -> CompareRequest:
        """Return the run that the sets and settings describe, without excluded images.

        Only valid while nothing is missing.
        """
        return self._request(self.marks)

    def _request(self, marks: Marks) -> CompareRequest:
        held_out = self._with_role(Role.HELD_OUT)
        settings = self._settings if not held_out else replace(self._settings, split_reference=0.0)
        kept = marks.kept
        return CompareRequest(
            kept(self._with_role(Role.REFERENCE)[0]),
            tuple(kept(candidate) for candidate in self._with_role(Role.CANDIDATE)),
            kept(held_out[0]) if held_out else None,
            settings,
        )

    def study(self) -> Study:
        """Return the study as it would be saved."""
        sources = (
            *(StudySource(dataset.source, dataset.name, dataset.role) for dataset in self.datasets),
            *(item.source for item in self._contents.missing),
        )
        measured, marking = self._path_lengths, self.marking
        return Study(self._title, sources, self._settings, self._results, measured, self.marks, marking=marking)

    def add(self, datasets: Iterable[Dataset], missing: Iterable[MissingSource] = ()) -> None:
        """Add scanned sets, each under a name of its own; one that is listed as missing takes that place."""
        kept_missing = list(self._contents.missing)
        after, names = list(self.datasets), self._contents.names()
        for dataset in datasets:
            known = [item for item in kept_missing if item.source.name == dataset.name]
            for item in known:
                kept_missing.remove(item)
                names.discard(dataset.name)
            free = free_name(dataset.name, names)
            names.add(free)
            after.append(dataset if free == dataset.name else replace(dataset, name=free))
        for item in missing:
            kept_missing = [known for known in kept_missing if known.source.name != item.source.name]
            if item.source.name not in {dataset.name for dataset in after}:
                kept_missing.append(item)
        self._push(self.tr("Add sets"), replace(self._contents, datasets=tuple(after), missing=tuple(kept_missing)))

    def remove(self, name: str) -> None:
        """Take a set, found or missing, out of the study; its files stay untouched."""
        after = replace(
            self._contents,
            datasets=tuple(dataset for dataset in self.datasets if dataset.name != name),
            missing=tuple(item for item in self._contents.missing if item.source.name != name),
        )
        self._push(self.tr("Remove '{0}'").format(name), after)

    def rename(self, name: str, new_name: str) -> bool:
        """Rename a set; False when the new name is empty or taken."""
        new_name = new_name.strip()
        if new_name == name:
            return True
        if not new_name or new_name in self._contents.names():
            return False
        after = tuple(replace(item, name=new_name) if item.name == name else item for item in self.datasets)
        marks = self.marks.renamed(name, new_name)
        self._push(self.tr("Rename '{0}'").format(name), replace(self._contents, datasets=after, marks=marks))
        return True

    def set_role(self, name: str, role: Role) -> None:
        """Change what a set is for."""
        self._replace_dataset(name, self.tr("Change the role of '{0}'").format(name), role=role)

    def set_marking(self, text: str) -> None:
        """Say how the study is to be handled, "" to say nothing; can be undone."""
        self._push(self.tr("Change the marking"), replace(self._contents, marking=marking_of(text)))

    def set_flagged(self, keys: Iterable[ImageKey], is_on: bool) -> None:
        """Flag images to come back to, or take the flag away; can be undone."""
        keys = frozenset(keys)
        text = self.tr("Flag {0}") if is_on else self.tr("Remove the flag of {0}")
        self._mark(text, keys, self.marks.with_flagged(keys, is_on))

    def set_excluded(self, keys: Iterable[ImageKey], is_on: bool) -> None:
        """Leave images out of the next run, or take them in again; can be undone. Their files stay untouched."""
        keys = frozenset(keys)
        text = self.tr("Exclude {0}") if is_on else self.tr("Take {0} in again")
        self._mark(text, keys, self.marks.with_excluded(keys, is_on))

    def set_rating(self, keys: Iterable[ImageKey], rating: int) -> None:
        """Rate images 1 to 5, or take their ratings away with 0; can be undone."""
        keys = frozenset(keys)
        text = self.tr("Rate {{0}} {0}").format(rating) if rating else self.tr("Remove the rating of {0}")
        self._mark(text, keys, self.marks.with_rating(keys, rating))

    def set_name(self, dataset: Dataset) -> str:
        """Return the name under which the study knows a set of the results.

        A part cut from the reference, or a set renamed since the run, is known by where it came from.
        """
        if any(known.name == dataset.name for known in self.datasets):
            return dataset.name
        return next((known.name for known in self.datasets if known.source == dataset.source), dataset.name)

    def set_settings(self, settings: RunSettings) -> None:
        """Change the settings of the next run."""
        if settings != self._settings:
            self._settings = settings
            self.settings_changed.emit()
            self.described.emit()

    def set_shared(self, shared: tuple[SharedImages, ...]) -> None:
        """Take the exact duplicates found between the sets; those of sets that are gone are left out."""
        names = self._contents.names()
        self._shared = tuple(item for item in shared if item.first in names and item.second in names)
        self.shared_changed.emit()

    def set_results(self, results: Results, of: CompareRequest | None = None) -> None:
        """Take what a run found; `of` is its request, None when the results came with the study's file."""
        self._results = results
        self._run_of = None if of is None else inputs_of(of)
        self.results_changed.emit(results)
        self.described.emit()

    def add_path_lengths(self, found: PathLengthResult) -> None:
        """Take what was measured; it takes the place of the same measurement with as many samples or other ones."""
        kept = (known for known in self._path_lengths if _measurement(known) != _measurement(found))
        self._path_lengths = (*kept, found)
        self.path_lengths_changed.emit()
        self.described.emit()

    def set_title(self, title: str) -> None:
        """Change the title; an empty one is ignored."""
        if title.strip() and title.strip() != self._title:
            self._title = title.strip()
            self.described.emit()

    def open(self, study: Study, path: Path | None, *, unsaved: bool = False) -> None:
        """Show another study; its sets count as missing until `add` brings them, scanned."""
        self.undo_stack.clear()
        not_yet = self.tr("Not read yet.")
        missing = tuple(MissingSource(source, not_yet) for source in study.sources)
        self._contents = Contents(missing=missing, marks=study.marks, marking=study.marking)
        self._settings, self._results = study.settings, study.results
        self._path_lengths = study.path_lengths
        self._shared, self._title, self._path = (), study.title, path
        self._run_of = None
        self._saved = (object(),) * 5 if unsaved else self._state()
        self.settings_changed.emit()
        self.contents_changed.emit()
        self.marks_changed.emit()
        self.results_changed.emit(self._results)
        self.path_lengths_changed.emit()
        self.described.emit()

    def settle(self) -> None:
        """Count the sets as they are now as saved and undone: they came with the study's file."""
        self.undo_stack.clear()
        self._saved = (self._contents, *self._saved[1:])
        if self._results is not None:
            self._run_of = self._inputs_of_the_run(self._results)
        self.described.emit()

    def doubt_results(self) -> None:
        """Call the results stale: the images are not those that they were made of."""
        self._run_of = (object(),)
        self.described.emit()

    def mark_saved(self, path: Path, state: tuple[object, ...]) -> None:
        """Remember that `state` (see `snapshot`) is in the file `path`."""
        self._path, self._saved = path, state
        self.described.emit()

    def snapshot(self) -> tuple[object, ...]:
        """Return what `mark_saved` compares with later."""
        return self._state()

    def _state(self) -> tuple[object, ...]:
        return (self._contents, self._settings, self._results, self._title, self._path_lengths)

    def _inputs(self) -> tuple[object, ...]:
        if self.missing_for_a_run():
            return ()
        return tuple(self._known.get((self._contents, self._settings), "inputs", lambda: inputs_of(self.request())))

    def _inputs_of_the_run(self, results: Results) -> tuple[object, ...]:
        """Return what `_inputs` was when these results, which came with the study's file, were made."""
        then = excluded_then(results, self.datasets, self.set_name, self.marks.excluded)
        if then == self.marks.excluded:
            return self._inputs()
        if not (self._with_role(Role.REFERENCE) and self._with_role(Role.CANDIDATE)):
            return (object(),)  # equal to nothing
        return inputs_of(self._request(Marks(excluded=then)))

    def _with_role(self, role: Role) -> tuple[Dataset, ...]:
        return tuple(dataset for dataset in self.datasets if dataset.role is role)

    def _replace_dataset(self, target: str, text: str, /, **changes: object) -> None:
        after = tuple(
            replace(dataset, **changes) if dataset.name == target else dataset  # type: ignore[arg-type]
            for dataset in self.datasets
        )
        self._push(text, replace(self._contents, datasets=after))

    def _push(self, text: str, after: Contents) -> None:
        if after != self._contents:
            self.undo_stack.push(_Change(self, text, after))

    def _mark(self, text: str, keys: frozenset[ImageKey], after: Marks) -> None:
        what = f"'{next(iter(keys))[1]}'" if len(keys) == 1 else self.tr("{0} images").format(f"{len(keys):,}")
        self._push(text.format(what), replace(self._contents, marks=after))

    def _put(self, contents: Contents) -> None:
        before, self._contents = self._contents, contents
        if contents.marks != before.marks:
            self.marks_changed.emit()
        if (contents.datasets, contents.missing) != (before.datasets, before.missing):
            self.contents_changed.emit()
        if abs(len(contents.marks.excluded) - len(before.marks.excluded)) > _AT_ONCE:
            QTimer.singleShot(_LATER_MS, self, self._describe_many)
        else:
            self.described.emit()

    def _describe_many(self) -> None:
        self.marks.group()
        QTimer.singleShot(0, self, self.described.emit)


def _measurement(found: PathLengthResult) -> tuple[object, ...]:
    """Return what tells two measurements apart: the generator, the seed, the variants."""
    return (found.generator_sha256, found.seed, tuple(value.variant for value in found.values))
