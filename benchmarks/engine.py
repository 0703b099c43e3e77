"""Speed, memory and agreement of every engine stage against the usual tools, as ratios from one run.

Each stage calls ours and its peers in random order within one process, several rounds after a warm-up, with the same
number of threads for all; a ratio above 1 means that ours is faster. Seconds depend on the machine, ratios much less.
How to read the columns: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from _timing import Case, Row, measure

# Name -> module and function: imported one by one, so that one stage needs only its own peers.
STAGES = {
    "frechet": ("_distributions", "frechet"),
    "covariance": ("_distributions", "covariance"),
    "kid": ("_distributions", "kid_poly"),
    "cmmd": ("_distributions", "cmmd"),
    "prdc": ("_distributions", "manifold_scores"),
    "neighbours": ("_distributions", "neighbours"),
    "pixel": ("_images", "pixel"),
    "entropy": ("_images", "entropy"),
    "st-lpips": ("_images", "st_lpips"),
    "st-lpips-pairs": ("_images", "st_lpips_all_pairs"),
    "scan": ("_images", "scan"),
    "features": ("_images", "extraction"),
    "store": ("_images", "store"),
}
_PACKAGES = ("numpy", "scipy", "torch", "pillow", "torch-fidelity", "clean-fid", "prdc", "piq", "scikit-image",
             "scikit-learn", "stlpips-pytorch")  # fmt: skip
_HEADINGS = ("stage", "size", "peer", "peer time", "our time", "ratio (range)", "CPU ratio", "difference",
             "peak MB peer", "peak MB ours", "ours/s", "of GEMM")  # fmt: skip
_WIDTHS = (38, 30, 36, 10, 10, 20, 9, 14, 12, 12, 8, 7)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    _set_threads(options.threads)
    # Peers use deprecated calls; that is theirs to mend.
    warnings.simplefilter("ignore")
    for line in _machine(options.threads):
        print(line)
    if options.memory:
        from _memory import check_memory

        for line in check_memory(n=2000 if options.quick else 50_000, d=64):
            print(line, flush=True)
        return
    rows = list(_rows(options.only or list(STAGES), options.quick, options.rounds or (3 if options.quick else 5)))
    print(f"Load average at the end: {_load()}")
    if options.markdown:
        print("\n".join(markdown(rows)))
    if options.json is not None:
        report = {"machine": _machine(options.threads), "quick": options.quick, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, about a minute: shows that it works")
    parser.add_argument("--only", action="append", choices=list(STAGES), help="this stage; may be repeated")
    parser.add_argument("--rounds", type=int, help="timed rounds, at least 3; 5, or 3 with --quick")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads for ours and the peers")
    parser.add_argument("--markdown", action="store_true", help="print the table once more, in Markdown")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write machine, settings and rows")
    parser.add_argument(
        "--memory", action="store_true", help="instead: peak memory of the searches over 50,000 × 50,000 pairs (long)"
    )
    options = parser.parse_args(arguments)
    if options.rounds is not None and options.rounds < 3:
        parser.error("a median needs at least 3 rounds")
    return options


def _set_threads(count: int) -> None:
    """Bound every numerical library, before the first of them is imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(count)
    # As in the engine's own process; the peers run in this one, and share it.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def _machine(threads: int) -> list[str]:
    packages = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return [
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {threads} threads, "
        f"Python {platform.python_version()}, load average {_load()}",
        packages,
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _rows(stages: Iterable[str], quick: bool, rounds: int) -> Iterator[Row]:
    order = random.Random(0)
    print(_plain(_HEADINGS))
    for stage in stages:
        module, function = STAGES[stage]
        cases: Callable[[bool], Iterator[Case]] = getattr(import_module(module), function)
        for case in cases(quick):
            for row in measure(case, rounds, order):
                print(_plain(cells(row)), flush=True)
                yield row


def cells(row: Row) -> tuple[str, ...]:
    """Return the cells of one line of the table; a dash where something was not measured."""
    return (
        row.stage,
        row.size,
        row.peer,
        _seconds(row.peer_s),
        _seconds(row.ours_s),
        f"{row.ratio:.3g} ({row.ratio_low:.3g}–{row.ratio_high:.3g})",
        f"{row.cpu_ratio:.3g}",
        f"{row.difference:.0e} {row.difference_kind[:3]}" if row.difference else "0",
        "–" if row.peer_peak_mb is None else f"{row.peer_peak_mb:,.0f}",
        "–" if row.ours_peak_mb is None else f"{row.ours_peak_mb:,.0f}",
        "–" if row.ours_per_s is None else f"{row.ours_per_s:,.{1 if row.ours_per_s < 100 else 0}f}",
        "–" if row.limit_share is None else f"{100 * row.limit_share:.0f} %",
    )


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1.0 else f"{1000 * value:.3g} ms"


def _plain(texts: Sequence[str]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(texts, _WIDTHS, strict=True)).rstrip()


def markdown(rows: Iterable[Row]) -> list[str]:
    """Return the lines of the table in Markdown."""
    lines = [_HEADINGS, ("---",) * len(_HEADINGS), *(cells(row) for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    main()
