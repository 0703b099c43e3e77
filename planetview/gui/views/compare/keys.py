"""The keys of the compare view, and their help."""

from __future__ import annotations

from html import escape

from planetview.gui.local_keys import COMPARE, keys_in
from planetview.gui.models.wording import tr


def key_rows() -> tuple[tuple[str, str], ...]:
    """Return (keys, what they do): the keys as they are now, then what the mouse does."""
    return (
        *((keys, tr(words)) for keys, words in keys_in(COMPARE)),
        (tr("Wheel"), tr("zoom; keeps the place under the cursor")),
        (tr("Drag"), tr("move the image")),
    )


def keys_html() -> str:
    """Return the keys as a page."""
    rows = "".join(
        f"<tr><td style='padding-right:24px'><b>{escape(keys)}</b></td><td>{escape(words)}</td></tr>"
        for keys, words in key_rows()
    )
    return f"<h2>{escape(tr('Keys of the compare view'))}</h2><table cellpadding='3'>{rows}</table>"
