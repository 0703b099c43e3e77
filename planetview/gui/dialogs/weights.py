"""The two questions about weight files: before the network is used, and before an unknown file is trusted."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QWidget

from planetview.core.catalogue import WEIGHTS, WeightsSpec
from planetview.core.formatting import format_bytes, printable
from planetview.core.models import ImportOutcome
from planetview.gui.dialogs.question import Question
from planetview.gui.models.weight_details import download_words


class FetchQuestion(Question):
    """Asks before weights are downloaded: how much, from where, under which licence."""

    def __init__(self, specs: Iterable[WeightsSpec], parent: QWidget) -> None:
        chosen = tuple(specs)
        size = format_bytes(sum(spec.size_mib for spec in chosen) * 2**20)
        super().__init__(
            self.tr("Download weights?"),
            self.tr(
                "This uses the network: about {0} from where the authors publish it. Nothing of yours is sent."
            ).format(size),
            download_words(chosen),
            self.tr("&Download"),
            parent,
        )


class AcceptQuestion(Question):
    """Asks before files are taken that nothing published can vouch for."""

    def __init__(self, refused: Iterable[ImportOutcome], parent: QWidget) -> None:
        super().__init__(
            self.tr("Accept files of unknown origin?"),
            self.tr(
                "The tensors of these files fit, but nothing published says that they are the original weights: they "
                "may be trained otherwise, altered or damaged, and the numbers then differ from published ones. "
                "Accept them only if you trust where they came from. Every result made with them says so. "
                "Nothing inside a file is executed either way."
            ),
            [f"{printable(str(o.path))}: {WEIGHTS[o.weights].title}" for o in refused if o.weights is not None],
            self.tr("&Accept"),
            parent,
        )
