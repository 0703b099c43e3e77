"""The preferences: looks, and what PlanetView may do while a long job runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from planetview.core.report_options import MOST_BANNER, marking_of
from planetview.gui.preferences import TEXT_SCALES, Preferences
from planetview.gui.theme import THEME_NAMES

_SWITCHES = ("keeps_awake", "tells_ends", "shows_literature", "reduces_motion", "asks_before_adding")


class _Switch(QCheckBox):
    """A box that asks for the room of its whole text: with a mnemonic Qt asks for a few pixels less."""

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        return super().sizeHint() + QSize(self.fontMetrics().averageCharWidth(), 0)


class PreferencesDialog(QDialog):
    """Every change holds at once; "Defaults" takes back what this page shows and nothing else."""

    changed = Signal(object)  # Preferences

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Preferences"))
        self._value = preferences
        self.theme, self.text_scale = QComboBox(self), QComboBox(self)
        self.marking = QLineEdit(self, clearButtonEnabled=True)
        self.switches = {name: _Switch(text, self) for name, text in zip(_SWITCHES, self._texts(), strict=True)}
        self._build()
        self.show_preferences(preferences)

    def show_preferences(self, preferences: Preferences) -> None:
        """Show these, which may have been changed elsewhere."""
        self._value = preferences
        self.theme.setCurrentIndex(self.theme.findData(preferences.theme))
        nearest = min(TEXT_SCALES, key=lambda scale: abs(scale - preferences.text_scale))
        self.text_scale.setCurrentIndex(self.text_scale.findData(nearest))
        for name, box in self.switches.items():
            box.setChecked(getattr(preferences, name))
        # While somebody types, a space at the end is no part of the marking yet.
        if marking_of(self.marking.text()) != preferences.marking:
            self.marking.setText(preferences.marking)

    def _texts(self) -> tuple[str, ...]:
        return (
            self.tr("Keep the computer &awake while a job runs"),
            self.tr("&Tell me when a long job ends while another window is in front"),
            self.tr("Show published &values beside mine in the overview"),
            self.tr("Let nothing &move or blink by itself"),
            self.tr("As&k before taking images in, and show what a folder holds"),
        )

    def _build(self) -> None:
        words = {
            "system": self.tr("As the system"),
            "light": self.tr("Light"),
            "dark": self.tr("Dark"),
            "contrast": self.tr("High contrast"),
        }
        for name in THEME_NAMES:
            self.theme.addItem(words.get(name, name), name)
        for scale in TEXT_SCALES:
            self.text_scale.addItem(f"{scale:.0%}".replace("%", " %"), scale)
        self.theme.setAccessibleName(self.tr("Theme"))
        self.text_scale.setAccessibleName(self.tr("Text size"))
        form = QFormLayout()
        form.setSpacing(12)
        form.addRow(self.tr("T&heme"), self.theme)
        form.addRow(self.tr("Text &size"), self.text_scale)
        for box in self.switches.values():
            form.addRow(box)
            box.clicked.connect(self._on_changed)
        self.marking.setMaxLength(MOST_BANNER)
        self.marking.setPlaceholderText(self.tr("none, or for example: CUI // SP-EXPT"))
        self.marking.setAccessibleName(self.tr("Marking of new studies"))
        self.marking.setToolTip(
            self.tr(
                "Studies that begin from now on bear it until File > Marking says otherwise. Saved ones keep theirs."
            )
        )
        form.addRow(self.tr("Mark&ing of new studies"), self.marking)
        self.marking.textChanged.connect(self._on_changed)
        self.theme.activated.connect(self._on_changed)
        self.text_scale.activated.connect(self._on_changed)
        note = QLabel(
            self.tr("PlanetView sends nothing anywhere and looks for no updates. Keys: Edit > Keyboard shortcuts."),
            self,
            wordWrap=True,
        )
        note.setProperty("muted", True)
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Close | kinds.RestoreDefaults, Qt.Orientation.Horizontal, self)
        # Qt's own text capitalises each word.
        buttons.button(kinds.RestoreDefaults).setText(self.tr("Restore &defaults"))
        buttons.button(kinds.RestoreDefaults).clicked.connect(self._on_defaults)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(14)
        column.addLayout(form)
        column.addWidget(note)
        column.addWidget(buttons)

    @Slot()
    def _on_changed(self) -> None:
        switches: dict[str, Any] = {name: box.isChecked() for name, box in self.switches.items()}
        changed = replace(
            self._value,
            theme=self.theme.currentData(),
            text_scale=self.text_scale.currentData(),
            marking=marking_of(self.marking.text()),
            **switches,
        )
        if changed != self._value:
            self._value = changed
            self.changed.emit(changed)

    @Slot()
    def _on_defaults(self) -> None:
        usual = Preferences()
        names = ("theme", "text_scale", "marking", *_SWITCHES)
        self.show_preferences(replace(self._value, **{name: getattr(usual, name) for name in names}))
        self.changed.emit(self._value)
