"""The keys of the compare view, and their help."""

from __future__ import annotations

from html import escape

from planetview.gui.models.wording import tr


def key_rows() -> tuple[tuple[str, str], ...]:
    """Return (keys, what they do), in the order of the help."""
    return (
        ("S  W  B", tr("side by side, swipe, blink")),
        ("O  D  H", tr("blend, difference, heat map")),
        ("P", tr("compare another two of the images")),
        ("[  ]", tr("move the line, the share of an image, the map's cover; slower or faster blinking")),
        ("Space", tr("stop or go on blinking; Shift+Space shows the other image")),
        ("A  V", tr("difference signed or absolute; difference and heat map beside the pair, or alone")),
        (tr("Wheel  +  −"), tr("zoom; the wheel keeps the place under the cursor")),
        ("0  1", tr("fit the image; one image pixel as one screen pixel")),
        (tr("Drag, arrows"), tr("move the image")),
        (tr("Shift+arrows"), tr("move the cross by one pixel")),
        ("L", tr("move all images together, or each alone")),
        ("T  R  C", tr("next stretch; the reference's for all; next colours of single bands")),
        ("G", tr("histogram")),
        ("N", tr("hatch pixels without data, or show them as they are")),
        (tr("PgUp  PgDn"), tr("image before, image after; also Ctrl+Left and Ctrl+Right")),
        ("F  X", tr("flag the image; leave it out of the next run")),
        (tr("Alt+1 … Alt+5"), tr("rate the image; Alt+0 takes the rating away")),
        ("Ctrl+C", tr("copy the read-out")),
        ("Ctrl+Shift+C", tr("copy the picture")),
        ("Ctrl+S", tr("save the picture as PNG, an image alone at its full size")),
        ("Ctrl+Shift+S", tr("save the whole view as PNG, with titles and colour scale")),
        ("?", tr("these keys")),
        ("Esc", tr("close")),
    )


def keys_html() -> str:
    """Return the keys as a page."""
    rows = "".join(
        f"<tr><td style='padding-right:24px'><b>{escape(keys)}</b></td><td>{escape(words)}</td></tr>"
        for keys, words in key_rows()
    )
    return f"<h2>{escape(tr('Keys of the compare view'))}</h2><table cellpadding='3'>{rows}</table>"
