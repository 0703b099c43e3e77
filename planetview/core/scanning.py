"""From a folder, zip or list file to a dataset in which every image was decoded once to the end."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from planetview.core.archives import close_zip
from planetview.core.containers import Entry, Listing, labels_files, list_container, natural_key, shown
from planetview.core.datasets import Dataset, ImageRecord, Role, SkippedImage, SourceKind, guess_role
from planetview.core.decoding import SUFFIXES, image_format, read_native
from planetview.core.errors import ImageProblem, UserError
from planetview.core.labels import LABELS_FILE, folder_classes, parse_labels, path_key
from planetview.core.paths import cache_dir
from planetview.core.readers import read_bytes
from planetview.core.scan_index import Finding, ScanIndex

MAX_THREADS = 4
_CANCEL_POLL_SECONDS = 0.2
_REASONS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Verified:
    """One entry after its bytes were read: the record where it can be used, else the problem."""

    entry: Entry
    record: ImageRecord | None
    problem: str = ""
    notes: tuple[str, ...] = ()


def scan(
    path: Path,
    *,
    name: str | None = None,
    role: Role | None = None,
    check: Callable[[], None] = lambda: None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_skipped: Callable[[str, str], None] = lambda name, reason: None,
) -> Dataset:
    """Scan a folder (recursive), a zip (in place) or a list file into a dataset.

    Every image is read, hashed and, unless an earlier scan decoded the same bytes, decoded to its
    end by up to MAX_THREADS threads, each of which holds one image at a time.

    name: shown everywhere; the name of `path` when None. role: guessed from the path when None.
    check: called about every 0.2 s, raises to cancel. on_progress: called in this thread with
    images (done, total) after each image; on_skipped before it, with name and reason of one left out.
    Raises UserError when `path` is missing, is no container of images, or holds no usable image
    (exit code 3); one unusable image is a SkippedImage.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow a link that the user chose by name
    listing = list_container(path, check)
    try:
        if not listing.entries and not listing.skipped:
            raise nothing_found(path, listing)
        verified = []
        with ScanIndex(cache_dir()) as index:
            on_progress(0, len(listing.entries))
            for done, result in enumerate(_verify_all(listing.entries, index, check), 1):
                verified.append(result)
                if result.record is None:
                    on_skipped(result.entry.name, result.problem)
                on_progress(done, len(listing.entries))
        dataset = _dataset(path, name, role, listing, verified)
        # Worked out here, in the process that scans: the window that asks for it has better things to do.
        _ = dataset.content_digest
        return dataset
    finally:
        close_zip()


def _verify_all(entries: list[Entry], index: ScanIndex, check: Callable[[], None]) -> Iterator[_Verified]:
    """Yield the outcome of every entry in order, with a few in flight."""
    threads = min(MAX_THREADS, os.cpu_count() or 1)
    waiting: deque[Future[_Verified]] = deque()
    with _pool(threads) as pool:
        for entry in entries:
            if len(waiting) >= 4 * threads:
                yield _result(waiting.popleft(), check)
            waiting.append(pool.submit(_verify, entry, index))
        while waiting:
            yield _result(waiting.popleft(), check)


@contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(threads, thread_name_prefix="scan")
    try:
        yield pool
    except BaseException:
        # A cancelled scan does not wait for the images in hand: one may take seconds.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _result(future: Future[_Verified], check: Callable[[], None]) -> _Verified:
    check()
    while wait((future,), timeout=_CANCEL_POLL_SECONDS).not_done:
        check()
    return future.result()


def _verify(entry: Entry, index: ScanIndex) -> _Verified:
    try:
        data = read_bytes(entry.path, entry.member)
        digest = hashlib.sha256(data).hexdigest()
        finding = index.get(digest)
        if finding is None:
            finding = _decode(data, entry.name)
            # What is no image at all is told from its first bytes; its reason names the file.
            if image_format(data[:32]) is not None:
                index.add(digest, finding)
    except ImageProblem as problem:
        return _Verified(entry, None, problem.reason)
    except MemoryError:
        return _Verified(entry, None, "needs more memory than is free")
    if finding.problem:
        return _Verified(entry, None, finding.problem)
    record = ImageRecord(
        name=entry.name, path=entry.path, member=entry.member, label=None, digest=digest, size_bytes=len(data),
        width=finding.width, height=finding.height, bands=finding.bands, dtype=finding.dtype,
    )  # fmt: skip
    return _Verified(entry, record, notes=(*finding.notes, *_naming_note(entry.name, data)))


def _decode(data: bytes, name: str) -> Finding:
    try:
        native = read_native(data, name)
    except ImageProblem as problem:
        return Finding(problem=problem.reason)
    height, width = native.samples.shape[:2]
    return Finding(width, height, native.bands, native.dtype, native.notes)


def _naming_note(name: str, data: bytes) -> tuple[str, ...]:
    kind = image_format(data[:32])
    suffix = Path(name).suffix.lower()
    if kind is None or suffix in SUFFIXES[kind]:
        return ()
    return (f"named {suffix} but holds {kind}: read as {kind}",)


def _dataset(path: Path, name: str | None, role: Role | None, listing: Listing, verified: list[_Verified]) -> Dataset:
    skipped = [*listing.skipped]
    skipped += [SkippedImage(result.entry.name, result.problem) for result in verified if result.record is None]
    skipped.sort(key=lambda image: (natural_key(image.name), image.name))
    records = [result.record for result in verified if result.record is not None]
    if not records:
        raise nothing_usable(path, skipped)
    labels, notes = image_classes(path, listing, [record.name for record in records])
    images = tuple(_labelled(record, label) for record, label in zip(records, labels, strict=True))
    repeats = len(images) - len({image.digest for image in images})
    notes += [f"{counted(repeats, 'exact duplicate')} inside the set"] if repeats else []
    return Dataset(
        name=name or shown(path.name if listing.kind is SourceKind.FOLDER else path.stem),
        role=role if role is not None else guess_role(path),
        source=path,
        kind=listing.kind,
        images=images,
        skipped=tuple(skipped),
        notes=(*_image_notes(verified), *misnamed_notes(listing), *notes),
    )


def _labelled(record: ImageRecord, label: str | None) -> ImageRecord:
    return record if label is None else replace(record, label=label)


def image_classes(path: Path, listing: Listing, names: list[str]) -> tuple[list[str | None], list[str]]:
    """Return the class of every image and what was noticed: table first, then labels file, then sub-folders."""
    notes: list[str] = []
    if listing.classes:
        return [listing.classes.get(name) for name in names], notes
    for prefix, place, member in labels_files(path, listing):
        try:
            table = parse_labels(read_bytes(place, member))
        except (ValueError, ImageProblem) as error:
            notes.append(f"{LABELS_FILE} was not used: {error}")
            continue
        found = [table.classes.get(path_key(prefix + name)) for name in names]
        missing = found.count(None)
        if missing == len(names):
            # The parent's table may well speak of its other folders only.
            notes += [] if prefix else [f"{LABELS_FILE} was not used: it names none of the images"]
            continue
        notes += table.notes
        notes += [f"{LABELS_FILE} gives no class to {missing} of {len(names)} images"] if missing else []
        return found, notes
    return folder_classes(names, path.stem if listing.kind is SourceKind.ZIP else None), notes


def counted(number: int, noun: str) -> str:
    """Return "1 image" or "1,234 images"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _image_notes(verified: list[_Verified]) -> list[str]:
    """Sum up what was noticed about single images: how many, and the first of them."""
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for result in verified:
        for note in result.notes:
            first.setdefault(note, result.entry.name)
            counts[note] += 1
    return [f"{counted(number, 'image')} (first: {first[note]}): {note}" for note, number in counts.items()]


def misnamed_notes(listing: Listing) -> list[str]:
    """Return what to say of the files that begin like images and are not named as such."""
    if not listing.misnamed:
        return []
    suffixes = ", ".join(suffix for suffix, _ in listing.misnamed.most_common(5))
    verb = "looks like an image but is" if listing.misnamed.total() == 1 else "look like images but are"
    return [f"{counted(listing.misnamed.total(), 'file')} {verb} not named as one ({suffixes}): left out"]


def nothing_found(path: Path, listing: Listing) -> UserError:
    """Return what to say of a source that holds no file named as an image."""
    formats = ", ".join(SUFFIXES)
    seen = listing.others + listing.companions + listing.misnamed
    found = f" Its other files: {', '.join(f'{n:,} {suffix}' for suffix, n in seen.most_common(5))}." if seen else ""
    return UserError(f"'{shown(str(path))}' holds no images.{found}", f"Images are {formats} files.", exit_code=3)


def nothing_usable(path: Path, skipped: list[SkippedImage]) -> UserError:
    """Return what to say of a source none of whose images can be used."""
    reasons = "; ".join(f"{image.name}: {image.reason}" for image in skipped[:_REASONS_SHOWN])
    more = f"; and {len(skipped) - _REASONS_SHOWN:,} more" if len(skipped) > _REASONS_SHOWN else ""
    message = f"None of the {counted(len(skipped), 'image')} in '{shown(str(path))}' can be used: {reasons}{more}."
    return UserError(message, "Copy or download the images again.", exit_code=3)
