"""The feature store under use, faults and violence: a row comes back exact or not at all."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from planetview.core.errors import UserError
from planetview.engine.store import FeatureSpace, FeatureStore
from tests.engine._store_child import DIM, SPACE, digest_of, rows_of

ROOT = Path(__file__).resolve().parents[2]
DIGESTS = [digest_of(i) for i in range(120)]


def child(mode: str, path: Path, first: int, rows: int, step: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.engine._store_child", mode, str(path), str(first), str(rows), str(step)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def outcome(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Rows found and warnings of a child that ended well."""
    lines = process.communicate(timeout=200)[0].splitlines()
    assert process.returncode == 0
    return int(lines[0]), lines[1:]


def assert_exact_or_absent(store: FeatureStore, space: str, digests: list[str], dim: int) -> int:
    rows, found = store.get_many(space, digests, dim)
    np.testing.assert_array_equal(rows[found], rows_of(digests, dim)[found])
    return int(found.sum())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeatureStore]:
    with FeatureStore(tmp_path / "new" / "folder" / "features.sqlite") as store:
        yield store
        assert store.warnings == ()


def test_rows_come_back_bit_for_bit_and_absent_ones_are_named(store: FeatureStore) -> None:
    rows = rows_of(DIGESTS[:5])
    rows[0, :3] = [np.nan, np.inf, -0.0]
    store.put_many("a", DIGESTS[:5], rows)
    out = np.full((4, DIM), 7, dtype=np.float32)

    found = store.read_into("a", [DIGESTS[4], DIGESTS[9], DIGESTS[0], DIGESTS[4]], out)

    assert found.tolist() == [True, False, True, True]
    assert out.tobytes() == np.stack([rows[4], np.full(DIM, 7, np.float32), rows[0], rows[4]]).tobytes()


def test_spaces_types_and_dimensions_never_mix(store: FeatureStore) -> None:
    store.put_many("a", DIGESTS[:3], rows_of(DIGESTS[:3]))
    store.put_many("scalars", DIGESTS[:3], np.array([[1 / 3], [2.0], [3.0]]))

    assert not store.get_many("b", DIGESTS[:3], DIM)[1].any()
    assert not store.get_many("a", DIGESTS[:3], DIM // 2, np.float64)[1].any()
    assert not store.get_many("a", DIGESTS[:3], DIM + 1)[1].any()
    assert store.get_many("scalars", DIGESTS[:3], 1, np.float64)[0].ravel().tolist() == [1 / 3, 2.0, 3.0]
    assert (store.count("a"), store.count("scalars"), store.count("b")) == (3, 3, 0)


def test_storing_the_same_rows_again_changes_nothing(store: FeatureStore) -> None:
    for _ in range(2):
        store.put_many("a", DIGESTS, rows_of(DIGESTS))
    assert store.count("a") == len(DIGESTS)
    assert assert_exact_or_absent(store, "a", DIGESTS, DIM) == len(DIGESTS)


def test_more_keys_than_one_query_takes_are_all_found(store: FeatureStore) -> None:
    digests = [digest_of(i) for i in range(1203)]
    store.put_many("a", digests, rows_of(digests, 2))
    assert assert_exact_or_absent(store, "a", digests, 2) == 1203


def test_pair_scores_are_ordered_float64(store: FeatureStore) -> None:
    a, b, c = DIGESTS[:3]
    store.put_pairs("lpips", {(a, b): 0.1, (b, a): 0.2})
    assert store.get_pairs("lpips", [(a, b), (b, a), (a, c)]) == {(a, b): 0.1, (b, a): 0.2}
    assert store.get_pairs("ssim", [(a, b)]) == {}


@pytest.mark.parametrize("rows", [np.zeros((2, 3), np.float32), np.zeros(1, np.float32), np.zeros((1, 3), np.int32)])
def test_rows_of_another_shape_or_type_are_refused(store: FeatureStore, rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"rows (have|are)"):
        store.put_many("a", DIGESTS[:1], rows)


def test_the_key_of_a_space_tells_every_field_apart() -> None:
    fields = ("clean-299", "none", "inception", "ab12", "float32")
    keys = {FeatureSpace(*fields).key}
    for i in range(5):
        keys.add(FeatureSpace(*(f"{f}x" if j == i else f for j, f in enumerate(fields))).key)
    assert len(keys) == 6
    assert FeatureSpace('a","b', "c", "", "", "").key != FeatureSpace("a", 'b","c', "", "", "").key


def test_clearing_gives_the_space_back(store: FeatureStore) -> None:
    store.put_many("a", DIGESTS, rows_of(DIGESTS))
    full = store.size_bytes()
    store.clear()
    assert store.count("a") == 0
    assert store.size_bytes() < full / 2
    store.put_many("a", DIGESTS[:1], rows_of(DIGESTS[:1]))
    assert store.count("a") == 1


def test_threads_of_one_process_share_a_store(store: FeatureStore) -> None:
    parts = [DIGESTS[i::4] for i in range(4)]
    threads = [threading.Thread(target=store.put_many, args=("a", part, rows_of(part))) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert assert_exact_or_absent(store, "a", DIGESTS, DIM) == len(DIGESTS)


def test_a_process_killed_while_writing_loses_no_finished_batch_and_leaves_no_torn_one(tmp_path: Path) -> None:
    path, chance, first = tmp_path / "features.sqlite", random.Random(5), 0
    for _ in range(6):
        with child("acknowledge", path, first, 40_000, 20) as process:
            assert process.stdout is not None
            acknowledged = [int(process.stdout.readline()) for _ in range(chance.randint(1, 12))]
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=chance.uniform(0.0, 0.03))
            process.kill()
        with FeatureStore(path) as store:
            after = acknowledged[-1] + 20
            assert assert_exact_or_absent(store, SPACE, [digest_of(i) for i in range(after)], DIM) == after
            assert store.count(SPACE) % 20 == 0
            assert store.warnings == ()
            first = store.count(SPACE)


def test_two_processes_write_the_same_rows_at_once(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    writers = [child("share", path, 0, 800, 10) for _ in range(2)]
    assert [outcome(writer) for writer in writers] == [(800, []), (800, [])]
    with FeatureStore(path) as store:
        assert store.count(SPACE) == 800


@pytest.fixture(scope="module")
def sound_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a closed store, and one copied while its write-ahead log was still in use."""
    folder = tmp_path_factory.mktemp("sound")
    with FeatureStore(folder / "closed.sqlite") as store:
        store.put_many("b", DIGESTS, rows_of(DIGESTS, 5))
        store.put_many("a", DIGESTS, rows_of(DIGESTS))
        store.put_pairs("p", {(d, d): float(i) for i, d in enumerate(DIGESTS)})
        for suffix in ("", "-wal"):
            shutil.copy(f"{store.path}{suffix}", folder / f"crashed.sqlite{suffix}")
    return folder


def damage(path: Path, chance: random.Random) -> None:
    """Flip, blank or cut off bytes; half of the time close to the start, where the schema lies."""
    content = bytearray(path.read_bytes())
    reach = chance.choice([128, 4096, len(content), len(content)])
    for _ in range(chance.choice([1, 3, 40, 400])):
        content[chance.randrange(min(reach, len(content)))] ^= 1 << chance.randrange(8)
    if chance.random() < 0.2:
        start = chance.randrange(len(content))
        content[start : start + 4096] = bytes(len(content[start : start + 4096]))
    if chance.random() < 0.2:
        del content[chance.randrange(len(content)) :]
    path.write_bytes(content)


@pytest.mark.parametrize("seed", range(60))
def test_damage_anywhere_never_gives_a_wrong_row_nor_an_error(sound_files: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    kind = chance.choice(["closed", "crashed"])
    for source in sound_files.glob(f"{kind}.sqlite*"):
        shutil.copy(source, tmp_path)
    path = tmp_path / f"{kind}.sqlite"
    damage(chance.choice(sorted(tmp_path.iterdir())), chance)

    with FeatureStore(path) as store:
        for _ in range(2):
            assert_exact_or_absent(store, "b", DIGESTS, 5)
            assert_exact_or_absent(store, "a", DIGESTS, DIM)
            assert store.get_pairs("p", [(d, d) for d in DIGESTS]).items() <= {
                ((d, d), float(i)) for i, d in enumerate(DIGESTS)
            }
            store.put_many("a", DIGESTS, rows_of(DIGESTS))
        store.count("a")
    assert len(store.warnings) == len(list(tmp_path.glob("*-[0-9]")))


def test_a_file_that_is_no_database_is_kept_under_another_name(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    for n in (1, 2):
        path.write_text(f"a letter, number {n}, long enough to be mistaken for nothing else" * 20)
        with FeatureStore(path) as store:
            store.put_many("a", DIGESTS, rows_of(DIGESTS))
            assert store.count("a") == len(DIGESTS)
            assert store.warnings == (
                f"The feature store features.sqlite was damaged and is kept as features.sqlite.corrupt-{n};"
                " a new one was started.",
            )
        assert path.with_name(f"features.sqlite.corrupt-{n}").read_text().startswith(f"a letter, number {n}")


def test_a_schema_that_is_no_longer_text_counts_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    FeatureStore(path).close()
    # Python then fails to decode SQLite's own message about it.
    path.write_bytes(path.read_bytes().replace(b"NOT NULL", b"NOT NUL\xcc"))
    with FeatureStore(path) as store:
        store.put_many("a", DIGESTS, rows_of(DIGESTS))
        assert store.count("a") == len(DIGESTS)
        assert len(store.warnings) == 1


def test_a_header_that_declares_the_file_read_only_counts_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    FeatureStore(path).close()
    content = bytearray(path.read_bytes())
    content[18] = 66  # the write version of the file format, 1 or 2 in a file that may be written
    path.write_bytes(content)
    with FeatureStore(path) as store:
        store.put_many("a", DIGESTS, rows_of(DIGESTS))
        assert store.count("a") == len(DIGESTS)
        assert len(store.warnings) == 1


def test_damage_found_while_writing_moves_the_batch_to_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    with FeatureStore(path) as store:
        store.put_many("a", DIGESTS[:60], rows_of(DIGESTS[:60]))
    content = path.read_bytes()
    # Page 1 holds the schema: everything after it is blanked.
    path.write_bytes(content[:32768] + bytes(len(content) - 32768))
    with FeatureStore(path) as store:
        store.put_many("a", DIGESTS[60:], rows_of(DIGESTS[60:]))
        assert assert_exact_or_absent(store, "a", DIGESTS, DIM) == 60
        assert len(store.warnings) == 1
    assert path.with_name("features.sqlite.corrupt-1").stat().st_size == len(content)


def test_a_store_of_a_newer_version_is_kept_and_a_new_one_started(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    with FeatureStore(path) as store:
        store.put_many("a", DIGESTS, rows_of(DIGESTS))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with FeatureStore(path) as store:
        assert store.count("a") == 0
        assert store.is_storing
        assert "another version" in store.warnings[0]
    connection = sqlite3.connect(tmp_path / "features.sqlite.version-1")
    assert connection.execute("SELECT count(*) FROM rows").fetchone() == (len(DIGESTS),)
    connection.close()


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE diary (entry TEXT)")
    connection.close()
    with FeatureStore(path) as store:
        store.put_many("a", DIGESTS[:1], rows_of(DIGESTS[:1]))
        assert not store.is_storing
        assert len(store.warnings) == 1
        with pytest.raises(UserError):
            store.clear()
    assert [p.name for p in tmp_path.iterdir()] == ["features.sqlite"]
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("diary",)]
    connection.close()


def test_a_store_at_its_limit_stops_storing_with_one_warning_and_keeps_reading(tmp_path: Path) -> None:
    with FeatureStore(tmp_path / "features.sqlite", max_bytes=12 * 32768) as store:
        for i in range(0, 600, 20):
            digests = [digest_of(k) for k in range(i, i + 20)]
            store.put_many("a", digests, rows_of(digests))
        assert 0 < assert_exact_or_absent(store, "a", [digest_of(k) for k in range(600)], DIM) < 600
        assert len(store.warnings) == 1
        assert "database or disk is full" in store.warnings[0]
        assert not store.is_storing
        store.clear()
        store.put_many("a", DIGESTS[:5], rows_of(DIGESTS[:5]))
        assert store.count("a") == 5


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files, which Windows lacks")
def test_a_disk_that_takes_no_more_bytes_costs_one_warning(tmp_path: Path) -> None:
    found, warnings = outcome(child("no-space", tmp_path / "features.sqlite", 0, 2000, 20))
    assert found < 2000
    assert len(warnings) == 1
    with FeatureStore(tmp_path / "features.sqlite") as store:
        assert assert_exact_or_absent(store, SPACE, [digest_of(i) for i in range(2000)], DIM) >= found


@pytest.mark.skipif(sys.platform == "win32", reason="folder permissions work otherwise on Windows")
@pytest.mark.parametrize("filled", [True, False])
def test_a_folder_that_cannot_be_written_is_read_and_costs_one_warning(filled: bool) -> None:
    # Not tmp_path: its parents are closed to the unprivileged user that the child becomes.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.sqlite"
        if filled:
            with FeatureStore(path) as store:
                store.put_many(SPACE, DIGESTS[:40], rows_of(DIGESTS[:40]))
        Path(folder).chmod(0o555)
        before = sorted(Path(folder).iterdir())
        try:
            found, warnings = outcome(child("unprivileged", path, 0, 80, 20))
        finally:
            Path(folder).chmod(0o755)
        assert found == (40 if filled else 0)
        assert len(warnings) == 1
        assert "cannot be written" in warnings[0]
        assert sorted(Path(folder).iterdir()) == before


def test_a_path_that_cannot_exist_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with FeatureStore(tmp_path / "file" / "features.sqlite") as store:
        store.put_many("a", DIGESTS, rows_of(DIGESTS))
        assert not store.get_many("a", DIGESTS, DIM)[1].any()
        assert store.count("a") == 0
        assert len(store.warnings) == 1


def test_a_store_set_aside_by_another_process_while_in_use_harms_nothing(tmp_path: Path) -> None:
    path, halves = tmp_path / "features.sqlite", (DIGESTS[:60], DIGESTS[60:])
    with FeatureStore(path) as old:
        old.put_many("a", halves[0], rows_of(halves[0]))
        for name in list(tmp_path.glob("features.sqlite*")):
            name.rename(tmp_path / f"aside-{name.name}")
        with FeatureStore(path) as new:
            new.put_many("a", halves[0], rows_of(halves[0]))
            old.put_many("a", halves[1], rows_of(halves[1]))
            assert assert_exact_or_absent(old, "a", DIGESTS, DIM) >= 60
            old.close()
            new.put_many("a", halves[1], rows_of(halves[1]))
            assert assert_exact_or_absent(new, "a", DIGESTS, DIM) == len(DIGESTS)
            assert new.warnings == ()
    with FeatureStore(path) as store:
        assert assert_exact_or_absent(store, "a", DIGESTS, DIM) == len(DIGESTS)
