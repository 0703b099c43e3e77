"""A scan turns folders, zips and lists into ordered, verified, labelled images."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from planetview.core import scanning
from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.datasets import Dataset, Role, SourceKind
from planetview.core.errors import UserError
from planetview.core.labels import parse_labels
from planetview.core.scan_index import FILE_NAME, Finding, ScanIndex
from planetview.core.scanning import scan

Tiles = Callable[..., Path]
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders and guards links by a privilege")


def png(path: Path, level: int = 0, size: tuple[int, int] = (6, 4), mode: str = "L") -> Path:
    """Write one flat PNG; equal levels give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, level if mode == "L" else (level,) * len(mode)).save(path, "PNG")
    return path


def names(dataset: Dataset) -> list[str]:
    return [image.name for image in dataset.images]


def zipped(path: Path, members: dict[str, Path]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, source in members.items():
            archive.write(source, name)
    return path


def test_a_folder_is_scanned_recursively_in_natural_order(tmp_path: Path) -> None:
    for i, name in enumerate(
        ["tile_10.png", "tile_2.png", "Tile_1.png", "b/9.png", "b/10.png", "a9/x.png", "a10/x.png"]
    ):
        png(tmp_path / "set" / name, i)
    assert names(scan(tmp_path / "set")) == [
        "a9/x.png", "a10/x.png", "b/9.png", "b/10.png", "Tile_1.png", "tile_2.png", "tile_10.png",
    ]  # fmt: skip


def test_a_record_says_what_is_stored(tmp_path: Path) -> None:
    path = png(tmp_path / "set" / "one.png", 40, (6, 4), "RGBA")
    dataset = scan(tmp_path / "set", name="Mars", role=Role.HELD_OUT)
    (record,) = dataset.images
    data = path.read_bytes()
    assert (record.width, record.height, record.bands, record.dtype) == (6, 4, 4, "uint8")
    assert record.digest == hashlib.sha256(data).hexdigest()
    assert record.size_bytes == len(data)
    assert record.path == path
    assert (dataset.name, dataset.role, dataset.kind) == ("Mars", Role.HELD_OUT, SourceKind.FOLDER)


def test_name_and_role_come_from_the_path_when_not_given(tmp_path: Path) -> None:
    png(tmp_path / "train" / "a.png")
    dataset = scan(tmp_path / "train")
    assert (dataset.name, dataset.role, dataset.source) == ("train", Role.REFERENCE, tmp_path / "train")


def test_the_digest_of_the_content_is_worked_out_where_the_scan_runs(tmp_path: Path) -> None:
    png(tmp_path / "train" / "a.png")

    assert "content_digest" in vars(scan(tmp_path / "train"))


def test_a_relative_path_stays_valid_when_the_working_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    png(tmp_path / "set" / "a.png")
    monkeypatch.chdir(tmp_path / "set")
    dataset = scan(Path())
    monkeypatch.chdir(tmp_path)
    assert dataset.name == "set"
    assert dataset.images[0].path.is_file()


def test_hidden_files_and_folders_are_not_seen(tmp_path: Path) -> None:
    for name in ("a.png", "._a.png", ".cache/b.png", "__MACOSX/c.png"):
        png(tmp_path / "set" / name)
    assert names(scan(tmp_path / "set")) == ["a.png"]
    archive = zipped(
        tmp_path / "set.zip", dict.fromkeys(("a.png", "__MACOSX/._a.png", "d/.b.png"), tmp_path / "set/a.png")
    )
    assert names(scan(archive)) == ["a.png"]


@POSIX
def test_links_that_form_a_loop_end_and_linked_folders_count_once(tmp_path: Path) -> None:
    png(tmp_path / "set" / "in" / "a.png")
    (tmp_path / "set" / "in" / "up").symlink_to(tmp_path / "set")
    png(tmp_path / "other" / "b.png", 9)
    (tmp_path / "set" / "out").symlink_to(tmp_path / "other")
    (tmp_path / "set" / "out2").symlink_to(tmp_path / "other")
    assert [Path(name).name for name in names(scan(tmp_path / "set"))] == ["a.png", "b.png"]


def test_a_zip_is_read_in_place(tmp_path: Path) -> None:
    a, b = png(tmp_path / "src/a.png", 1), png(tmp_path / "src/b.png", 2)
    archive = zipped(tmp_path / "synth.zip", {"x/10.png": b, "x/9.png": a})
    before = sorted(path.name for path in tmp_path.iterdir())
    dataset = scan(archive)
    assert names(dataset) == ["x/9.png", "x/10.png"]
    assert [image.member for image in dataset.images] == ["x/9.png", "x/10.png"]
    assert {image.path for image in dataset.images} == {archive}
    assert (dataset.name, dataset.kind) == ("synth", SourceKind.ZIP)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "planetview-home") == before


def test_a_list_names_images_relative_to_itself(tmp_path: Path) -> None:
    for i, name in enumerate(("deep/b.png", "a.png")):
        png(tmp_path / name, i)
    far = png(tmp_path / "far" / "c.png", 7)
    lines = f"# chosen by hand\n./deep/b.png\n\na.png\n{far}\nmissing.png\ndeep\n"
    (tmp_path / "pick.txt").write_bytes(b"\xef\xbb\xbf" + lines.encode())
    dataset = scan(tmp_path / "pick.txt")
    assert [image.path.name for image in dataset.images] == ["a.png", "b.png", "c.png"]
    assert {image.name: image.reason for image in dataset.skipped} == {
        "deep": "a folder: list its images one by one",
        "missing.png": "not there, or a broken link",
    }


def test_a_csv_list_with_a_header_gives_files_and_classes(tmp_path: Path) -> None:
    for i, name in enumerate(("a.png", "b.png")):
        png(tmp_path / name, i)
    (tmp_path / "pick.csv").write_text("id,landform,path\n1,crater,b.png\n2,dune,a.png\n")
    dataset = scan(tmp_path / "pick.csv")
    assert [(image.name, image.label) for image in dataset.images] == [("a.png", "dune"), ("b.png", "crater")]


def test_a_csv_list_without_a_header_is_a_plain_list(tmp_path: Path) -> None:
    png(tmp_path / "a.png")
    (tmp_path / "pick.csv").write_text("a.png\n")
    assert names(scan(tmp_path / "pick.csv")) == ["a.png"]


def test_classes_come_from_sub_folders_when_every_image_has_one(tmp_path: Path) -> None:
    for i, name in enumerate(("crater/a.png", "crater/deep/b.png", "dune/a.png")):
        png(tmp_path / "set" / name, i)
    assert scan(tmp_path / "set").labels == {"crater": 2, "dune": 1}
    png(tmp_path / "set" / "loose.png", 9)
    assert scan(tmp_path / "set").labels == {}


def test_the_folder_that_wraps_a_zip_is_no_class(tmp_path: Path) -> None:
    a = png(tmp_path / "a.png")
    assert scan(zipped(tmp_path / "real.zip", {"real/a.png": a})).labels == {}
    assert scan(zipped(tmp_path / "real.zip", {"real/crater/a.png": a})).labels == {"crater": 1}


def test_a_labels_file_outranks_sub_folders_and_may_lie_one_folder_up(tmp_path: Path) -> None:
    png(tmp_path / "set" / "x" / "a.png", 1)
    png(tmp_path / "set" / "x" / "b.png", 2)
    (tmp_path / "labels.csv").write_text("file,split,landform\nset/x/a.png,train,crater\nset\\x\\b.png,train,dune\n")
    assert [image.label for image in scan(tmp_path / "set").images] == ["crater", "dune"]
    (tmp_path / "set" / "labels.csv").write_text("file,label\nx/a.png,own\n")
    dataset = scan(tmp_path / "set")
    assert [image.label for image in dataset.images] == ["own", None]
    assert dataset.notes == ("labels.csv gives no class to 1 of 2 images",)


def test_a_zip_may_bring_its_own_labels(tmp_path: Path) -> None:
    a = png(tmp_path / "a.png")
    (tmp_path / "t.csv").write_text("file,label\nd/a.png,crater\n")
    assert scan(zipped(tmp_path / "z.zip", {"d/a.png": a, "labels.csv": tmp_path / "t.csv"})).labels == {"crater": 1}


def test_accented_names_match_labels_however_they_are_composed(tmp_path: Path) -> None:
    png(tmp_path / "set" / unicodedata.normalize("NFD", "höhle.png"))
    (tmp_path / "set" / "labels.csv").write_text(unicodedata.normalize("NFC", "file,label\nhöhle.png,cave\n"), "utf-8")
    assert scan(tmp_path / "set").labels == {"cave": 1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no column 'file' and no 'label'"),
        (b"file,colour\na.png,red\n", "no column 'label'"),
        (b"file,label\n\xff\xfe.png,x\n", "not UTF-8"),
        (b'file,label\n"a.png,x\n', "not a table"),
        (b"file,label\nother.png,x\n", "names none of the images"),
    ],
)
def test_a_bad_labels_file_is_a_note_and_no_failure(tmp_path: Path, content: bytes, reason: str) -> None:
    png(tmp_path / "set" / "a.png")
    (tmp_path / "set" / "labels.csv").write_bytes(content)
    dataset = scan(tmp_path / "set")
    assert len(dataset) == 1
    assert reason in dataset.notes[0]


def test_rows_that_are_short_or_contradict_are_counted() -> None:
    table = parse_labels(b"label,file\r\ncrater,a.png\r\ndune,a.png\r\nlonely\r\n,b.png\r\n")
    assert table.classes == {"a.png": "crater"}
    assert any("1 short" in note for note in table.notes)
    assert any("1 files listed with two classes" in note for note in table.notes)


def test_companion_files_are_silent_and_hidden_images_are_noted(tmp_path: Path) -> None:
    png(tmp_path / "set" / "a.png")
    png(tmp_path / "set" / "b.dat", 3)
    png(tmp_path / "set" / "c", 4)
    (tmp_path / "set" / "readme.txt").write_text("x")
    (tmp_path / "set" / "noise.bin").write_bytes(b"\x00" * 64)
    dataset = scan(tmp_path / "set")
    assert dataset.notes == ("2 files look like images but are not named as one (.dat, no suffix): left out",)


def test_exact_duplicates_are_counted_in_a_note(tmp_path: Path) -> None:
    for name, level in (("a.png", 1), ("b.png", 1), ("c.png", 1), ("d.png", 2)):
        png(tmp_path / "set" / name, level)
    dataset = scan(tmp_path / "set")
    assert dataset.notes == ("2 exact duplicates inside the set",)
    assert dataset.duplicates_inside() == 2


def test_progress_counts_every_image_once_in_the_calling_thread(tiles: Tiles) -> None:
    seen: list[tuple[int, int]] = []
    scan(tiles(7, 8), on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 7) for i in range(8)]


def test_a_cancelled_scan_stops_at_once(tiles: Tiles) -> None:
    token, seen = CancelToken(), []

    def on_progress(done: int, total: int) -> None:
        seen.append(done)
        if done == 3:
            token.cancel()

    with pytest.raises(Cancelled):
        scan(tiles(60, 8), check=token.check, on_progress=on_progress)
    assert seen == [0, 1, 2, 3]


def test_the_second_scan_decodes_nothing_and_finds_the_same(
    tmp_path: Path, tiles: Tiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiles(5, 8)
    (folder / "cut.png").write_bytes((folder / "tile_0000.png").read_bytes()[:60])
    first = scan(folder)

    def refuse(data: bytes, name: str) -> None:
        raise AssertionError(f"{name} was decoded again")

    monkeypatch.setattr(scanning, "read_native", refuse)
    assert scan(folder) == first
    assert len(first.skipped) == 1


def test_the_index_follows_content_and_not_names(tmp_path: Path, tiles: Tiles) -> None:
    folder = tiles(1, 8)
    old = scan(folder).images[0]
    png(folder / "tile_0000.png", 3, (20, 10))
    new = scan(folder).images[0]
    assert (new.width, new.height) == (20, 10)
    assert new.digest != old.digest


@pytest.mark.parametrize("damage", ["garbage", "torn page", "other layout"])
def test_a_corrupt_index_is_set_aside_and_rebuilt(planetview_home: Path, tiles: Tiles, damage: str) -> None:
    folder, place = tiles(3, 8), planetview_home / "cache" / FILE_NAME
    expected = scan(folder)
    if damage == "garbage":
        place.write_bytes(b"not a database at all" * 300)
    elif damage == "torn page":
        data = place.read_bytes()
        place.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))
    else:
        with sqlite3.connect(place) as connection:
            connection.execute("ALTER TABLE findings RENAME COLUMN width TO breadth")
        connection.close()
    assert scan(folder) == expected
    asides = list(place.parent.glob(f"{FILE_NAME}.corrupt-*"))
    assert len(asides) == 1
    assert scan(folder) == expected
    with ScanIndex(place.parent) as index:
        assert index.get(expected.images[0].digest) == Finding(8, 8, 1, "uint8")


def test_findings_of_another_reader_version_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScanIndex(tmp_path) as index:
        index.add("d", Finding(1, 2, 3, "uint8", ("a", "b")))
    with ScanIndex(tmp_path) as index:
        assert index.get("d") == Finding(1, 2, 3, "uint8", ("a", "b"))
    monkeypatch.setattr("planetview.core.scan_index.READER_VERSION", 99)
    with ScanIndex(tmp_path) as index:
        assert index.get("d") is None


def test_of_findings_of_the_first_reader_only_the_damaged_are_read_again_which_it_told_in_other_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("planetview.core.scan_index.READER_VERSION", 1)
        with ScanIndex(tmp_path) as index:
            index.add("whole", Finding(1, 2, 3, "uint8"))
            index.add("cut", Finding(problem="damaged or truncated: unexpected end"))
    with ScanIndex(tmp_path) as index:
        assert index.get("whole") == Finding(1, 2, 3, "uint8")
        assert index.get("cut") is None


def test_a_scan_needs_no_cache_folder(planetview_home: Path, tiles: Tiles) -> None:
    planetview_home.write_text("a file where the folder should be")
    assert len(scan(tiles(2, 8))) == 2


def test_a_full_disk_costs_the_index_but_not_the_scan(
    tiles: Tiles, planetview_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite3.connect

    def tiny(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*args, **kwargs)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count = 2")  # SQLite answers SQLITE_FULL, as on a full disk
        return connection

    scan(tiles(1, 8))
    monkeypatch.setattr(sqlite3, "connect", tiny)
    assert len(scan(tiles(300, 4, seed=1))) == 300
    assert not list((planetview_home / "cache").glob("*.corrupt-*"))


def test_an_index_in_use_elsewhere_is_done_without(
    tiles: Tiles, planetview_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planetview.core.scan_index._LOCK_SECONDS", 0.01)
    scan(tiles(1, 8))
    holder = sqlite3.connect(planetview_home / "cache" / FILE_NAME)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert len(scan(tiles(3, 8))) == 3
    finally:
        holder.close()
    assert not list((planetview_home / "cache").glob("*.corrupt-*"))


def test_paths_that_are_no_container_are_explained(tmp_path: Path, tiles: Tiles) -> None:
    with pytest.raises(UserError, match="does not exist") as caught:
        scan(tmp_path / "nowhere")
    assert caught.value.hint
    with pytest.raises(UserError, match="is one image") as caught:
        scan(tiles(1, 8) / "tile_0000.png")
    assert "folder" in caught.value.hint
    (tmp_path / "weights.pt").write_bytes(b"\x80\x02")
    with pytest.raises(UserError, match="neither a folder, a zip nor a list"):
        scan(tmp_path / "weights.pt")
    (tmp_path / "list.txt").write_bytes(b"\x00\x01\x02")
    with pytest.raises(UserError, match="not a list of images"):
        scan(tmp_path / "list.txt")


@POSIX
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(UserError, match="not a regular file"):
        scan(tmp_path / "pipe.zip")


def test_the_shared_tiles_are_all_good_and_labelled(shared_data: Path) -> None:
    dataset = scan(shared_data / "hirise" / "test")
    assert len(dataset) == 450
    assert dataset.skipped == ()
    assert dataset.role is Role.HELD_OUT
    assert dataset.sizes == {(227, 227): 450}
    assert sum(dataset.labels.values()) == 450
    assert "crater" in dataset.labels
