"""Brings a picture of the window down to 256 colours without merging those that carry a meaning."""

from __future__ import annotations

from PIL import Image


def in_few_colours(picture: Image.Image) -> Image.Image:
    """Return a picture with a palette of at most 256 colours, every colour of it near one of them.

    Median cut, Pillow's usual way, divides the palette by the number of pixels: on the Datasets page the orange stripes
    of two candidates got one colour, up to 62 of 255 away from their own. Covering all colours evenly leaves at most 11
    on every page, and smaller files.
    """
    return picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
