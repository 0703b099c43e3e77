"""Writes THIRD_PARTY_NOTICES.txt: the licences of everything that the standalone program contains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shipped import Component

_RULE = "=" * 100

_QT = """Qt and PySide6 (LGPL-3.0)

The window uses Qt and Qt for Python (PySide6, Shiboken6) under the GNU Lesser General Public License, version 3. They
are separate shared libraries in the folders `_internal/PySide6` and `_internal/shiboken6` and were not changed. You may
replace them by your own build of the same version: put libraries of the same names into their place and start the
program as before. Nothing in PlanetView prevents this, and nothing in its licence forbids to examine the program while
debugging such a change. The source of Qt is published at https://download.qt.io/official_releases/qt/ and that of
PySide6 at https://download.qt.io/official_releases/QtForPython/, each in a folder with the version number given below.
The texts of the LGPL and of the GPL, version 3, to which it refers, are at the end of this file. The other libraries
here under an LGPL (GEOS; on Linux GLib and libsystemd) are separate files too and are replaced in the same way.
"""

_NO_TEXT = (
    "\n(The package carries no licence text of its own; those of the LGPL and GPL are at the end of this file.)\n"
)

_DATA = """Data

Demo maps: LROC WAC mosaic (NASA/GSFC/Arizona State University) and LOLA shaded relief (NASA/GSFC), two files of the
package lunar-toolkit 0.1.0 (BSD-3-Clause).
ST-LPIPS networks: weight files of the package stlpips-pytorch 0.0.2 (A. Ghildyal and F. Liu, ECCV 2022).
LPIPS heads: weight files of the package lpips 0.1.4 (R. Zhang et al., CVPR 2018; BSD-2-Clause).
"""

# Libraries inside wheels, which no metadata lists: beginning of the file name -> (name, licence).
VENDORED: tuple[tuple[str, str, str], ...] = (
    ("libgdal", "GDAL", "MIT"),
    ("libproj", "PROJ", "MIT"),
    ("libgeos", "GEOS", "LGPL-2.1-or-later"),
    ("libtiff", "libtiff", "libtiff"),
    ("libgeotiff", "libgeotiff", "MIT"),
    ("libopenjp2", "OpenJPEG", "BSD-2-Clause"),
    ("libjpeg", "libjpeg-turbo", "IJG AND BSD-3-Clause"),
    ("libpng", "libpng", "libpng-2.0"),
    ("libwebp", "libwebp", "BSD-3-Clause"),
    ("libsharpyuv", "libwebp", "BSD-3-Clause"),
    ("libwebpdemux", "libwebp", "BSD-3-Clause"),
    ("libz", "zlib", "Zlib"),
    ("libzstd", "Zstandard", "BSD-3-Clause"),
    ("liblzma", "XZ Utils (liblzma)", "0BSD"),
    ("libdeflate", "libdeflate", "MIT"),
    ("libLerc", "LERC", "Apache-2.0"),
    ("libjson-c", "json-c", "MIT"),
    ("libcurl", "curl", "curl"),
    ("libssl", "OpenSSL", "Apache-2.0"),
    ("libcrypto", "OpenSSL", "Apache-2.0"),
    ("libnghttp2", "nghttp2", "MIT"),
    ("libsqlite3", "SQLite", "blessing"),
    ("libexpat", "Expat", "MIT"),
    ("libhdf5", "HDF5", "BSD-3-Clause"),
    ("libnetcdf", "netCDF-C", "BSD-3-Clause"),
    ("libsz", "libaec", "BSD-2-Clause"),
    ("libaec", "libaec", "BSD-2-Clause"),
    ("libblosc", "C-Blosc", "BSD-3-Clause"),
    ("liblz4", "LZ4", "BSD-2-Clause"),
    ("libpcre2", "PCRE2", "BSD-3-Clause"),
    ("libxml2", "libxml2", "MIT"),
    ("libspatialite", "SpatiaLite", "MPL-1.1"),
    ("libopenblas", "OpenBLAS", "BSD-3-Clause"),
    ("libscipy_openblas", "OpenBLAS", "BSD-3-Clause"),
    ("libgfortran", "GCC run-time library", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("libquadmath", "GCC quad-precision library", "LGPL-2.1-or-later"),
    ("libgomp", "GCC OpenMP library", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("libstdc++", "GCC C++ library", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("libgcc_s", "GCC run-time library", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("libfreetype", "FreeType", "FTL"),
    ("libharfbuzz", "HarfBuzz", "MIT-Modern-Variant"),
    ("liblcms2", "Little CMS", "MIT"),
    ("libavif", "libavif", "BSD-2-Clause"),
    ("libbrotli", "Brotli", "MIT"),
    ("libxcb", "XCB", "MIT"),
    ("libXau", "libXau", "MIT"),
    ("libicu", "ICU", "Unicode-3.0"),
    ("libQt6", "Qt", "LGPL-3.0-only"),
    ("libnvjpeg", "nvJPEG", "NVIDIA CUDA EULA"),
    ("libqhull", "Qhull", "Qhull"),
    ("libkrb5", "MIT Kerberos", "MIT"),
    ("libgssapi", "MIT Kerberos", "MIT"),
    ("libk5crypto", "MIT Kerberos", "MIT"),
    ("libcom_err", "MIT Kerberos", "MIT"),
    ("libkeyutils", "keyutils", "LGPL-2.1-or-later"),
    ("libselinux", "libselinux", "libselinux-1.0"),
    ("libpcre", "PCRE", "BSD-3-Clause"),
    ("libmuparser", "muParser", "BSD-2-Clause"),
    ("libarrow", "Apache Arrow", "Apache-2.0"),
    ("libgif", "GIFLIB", "MIT"),
    ("libcudart", "CUDA run time", "NVIDIA CUDA EULA"),
)


def vendored(files: Sequence[str]) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Return ((file, library, licence) of what lies in the `*.libs` folders of wheels, and the files nobody knows)."""
    known, unknown = [], []
    for file in sorted(set(files)):
        matches = [entry for entry in VENDORED if file.lower().startswith(entry[0].lower())]
        if matches:
            _, name, licence = max(matches, key=lambda entry: len(entry[0]))
            known.append((file, name, licence))
        else:
            unknown.append(file)
    return known, unknown


def notices(components: Sequence[Component], in_wheels: Sequence[str], own_texts: Sequence[tuple[str, str]]) -> str:
    """Return the whole text. in_wheels: names of the libraries in `*.libs` folders; own_texts: GPL and LGPL."""
    known, unknown = vendored(in_wheels)
    parts = [
        "Third-party software and data in PlanetView\n\nPlanetView itself is under the Apache License 2.0 (file "
        "LICENSE). This file was generated from the\nenvironment that the program was built in and lists everything "
        "it contains.\n",
        _QT,
        _DATA,
        "Contents\n\n" + "".join(f"{one.name} {one.version}: {one.licence}\n" for one in components),
    ]
    if known or unknown:
        rows = "".join(f"{file}: {name}, {licence}\n" for file, name, licence in known)
        rows += "".join(f"{file}: see the wheel that contains it\n" for file in unknown)
        parts.append(f"Libraries inside Python wheels\n\n{rows}")
    for one in components:
        head = f"{one.name} {one.version}\nLicence: {one.licence}\n{one.home}".rstrip()
        texts = "".join(f"\n--- {name} ---\n{text.strip()}\n" for name, text in one.texts)
        parts.append(f"{head}\n{texts or _NO_TEXT}")
    parts += [f"{name}\n\n{text}" for name, text in own_texts]
    return f"\n{_RULE}\n\n".join(part.rstrip() + "\n" for part in parts)


def without_text(components: Sequence[Component]) -> list[str]:
    """Return the names of components whose licence text was not found: to be looked at before a release."""
    return [one.name for one in components if not one.texts]


def write(path: Path, text: str) -> None:
    """Write the notices with Unix line ends."""
    path.write_text(text, encoding="utf-8", newline="\n")
