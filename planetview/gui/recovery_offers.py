"""Studies that another start left unsaved: offered, restored, discarded."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from planetview.core.study import Study
from planetview.gui.study_files import Recovery, StudyFiles
from planetview.gui.widgets.message_bar import BarMessage


class TakeStudy(Protocol):
    """Opens a study in place of the present one."""

    def __call__(self, study: Study, path: Path | None, *, recovered: bool) -> None: ...


class RecoveryOffers(QObject):
    """Offers what `StudyFiles` finds, one message each."""

    message = Signal(object)  # BarMessage

    def __init__(self, files: StudyFiles, take: TakeStudy, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._files, self._take = files, take
        files.recoveries_found.connect(self._offer)

    def _offer(self, found: tuple[Recovery, ...]) -> None:
        for recovery in found:
            self.message.emit(
                BarMessage(
                    f"recovery {recovery.copy.name}",
                    self.tr("PlanetView did not close properly: '{0}' has unsaved changes.").format(recovery.title),
                    self.tr("Restore brings back the study as it was, with its results."),
                    actions=(
                        (self.tr("Restore"), partial(self._restore, recovery)),
                        (self.tr("Discard"), partial(self._files.discard, recovery)),
                    ),
                )
            )

    def _restore(self, recovery: Recovery) -> None:
        def on_read(study: Study) -> None:
            self._take(study, recovery.original, recovered=True)
            self._files.autosave()
            # The background thread works in order: our own copy is on the disk before theirs goes.
            self._files.discard(recovery)

        self._files.read(recovery.copy, on_read)
