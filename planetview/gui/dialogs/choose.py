"""Choosing files and folders without stopping the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from planetview.core.study import STUDY_SUFFIX
from planetview.gui.sources import GENERATOR_SUFFIXES

Chosen = Callable[[tuple[Path, ...]], object]

_last_folder = ""


def choose_folder(parent: QWidget, title: str, on_chosen: Chosen) -> QFileDialog:
    """Ask for one folder."""
    dialog = _dialog(parent, title, on_chosen)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.open()
    return dialog


def choose_sources(parent: QWidget, title: str, on_chosen: Chosen) -> QFileDialog:
    """Ask for zip files and lists."""
    dialog = _dialog(parent, title, on_chosen)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters([_tr("Zip files and lists (*.zip *.txt *.csv *.lst)"), _tr("All files (*)")])
    dialog.open()
    return dialog


def choose_weights(parent: QWidget, title: str, on_chosen: Chosen) -> QFileDialog:
    """Ask for weight files and packs."""
    dialog = _dialog(parent, title, on_chosen)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters([_tr("Weight files and packs (*.pth *.pt *.bin *.safetensors *.zip)"), _tr("All files (*)")])
    dialog.open()
    return dialog


def choose_generator(parent: QWidget, title: str, on_chosen: Chosen) -> QFileDialog:
    """Ask for the file of a generator."""
    dialog = _dialog(parent, title, on_chosen)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    patterns = " ".join(f"*{suffix}" for suffix in GENERATOR_SUFFIXES)
    dialog.setNameFilters([_tr("Generators ({0})").format(patterns), _tr("All files (*)")])
    dialog.open()
    return dialog


def choose_labels(parent: QWidget, title: str, on_chosen: Chosen) -> QFileDialog:
    """Ask for the labels of a training set."""
    dialog = _dialog(parent, title, on_chosen)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([_tr("Labels of a training set (*.json)"), _tr("All files (*)")])
    dialog.open()
    return dialog


def choose_study(parent: QWidget, title: str, on_chosen: Chosen) -> QFileDialog:
    """Ask for a study to open."""
    dialog = _dialog(parent, title, on_chosen)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([_tr("PlanetView studies (*{0})").format(STUDY_SUFFIX), _tr("All files (*)")])
    dialog.open()
    return dialog


def choose_file(parent: QWidget, title: str, filters: list[str], on_chosen: Chosen) -> QFileDialog:
    """Ask for one file of these kinds."""
    dialog = _dialog(parent, title, on_chosen)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([*filters, _tr("All files (*)")])
    dialog.open()
    return dialog


def choose_new_file(parent: QWidget, title: str, name: str, filters: list[str], on_chosen: Chosen) -> QFileDialog:
    """Ask where to write; asks before replacing a file."""
    dialog = _dialog(parent, title, on_chosen)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setNameFilters(filters)
    suffix = filters[0].rpartition("*")[2].rstrip(")")
    dialog.setDefaultSuffix(suffix.lstrip("."))
    dialog.selectFile(name)
    dialog.open()
    return dialog


def _dialog(parent: QWidget, title: str, on_chosen: Chosen) -> QFileDialog:
    dialog = QFileDialog(parent, title, _last_folder)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def accept(files: list[str]) -> None:
        global _last_folder
        paths = tuple(Path(file) for file in files)
        if paths:
            _last_folder = str(paths[0].parent)
            on_chosen(paths)

    dialog.filesSelected.connect(accept)
    return dialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("Choose", text)
