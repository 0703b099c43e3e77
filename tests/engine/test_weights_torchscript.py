"""Tensors are taken out of TorchScript archives; nothing inside them runs."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from planetview.core.errors import UserError
from planetview.engine.weights.reading import UnreadableFile, kind_of, read_tensors
from planetview.engine.weights.torchscript import read_torchscript
from tests.engine.weight_files import tiny_tower, torchscript_file


@pytest.mark.parametrize("halved", [False, True])
def test_every_tensor_of_an_archive_is_found_under_its_name(tmp_path: Path, halved: bool) -> None:
    path = tmp_path / "ViT-B-32.pt"
    expected = torchscript_file(path, tiny_tower(), halved=halved)
    found = read_torchscript(path)
    assert set(found) == set(expected)
    assert {"visual.conv1.weight", "visual.transformer.resblocks.1.mlp.2.bias", "visual.proj"} <= set(found)
    for name, tensor in expected.items():
        assert found[name].dtype is tensor.dtype
        assert found[name].shape == tensor.shape
        assert torch.equal(found[name], tensor)
    assert kind_of(path) == "torchscript"
    assert set(read_tensors(path)) == set(expected)


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Change the parts of an archive, named without their folder."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        parts = {name.partition("/")[2]: archive.read(name) for name in names}
    change(parts)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(f"x/{name}", content)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "module.pt"
    torchscript_file(path, tiny_tower())
    return path


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("exploded",))


def nested(depth: int) -> bytes:
    """Modules within modules: c__torch__\\nM\\n ) NEWOBJ { 'm' <inner> s b."""
    start, end = b"c__torch__\nM\n)\x81}X\x01\x00\x00\x00m", b"sb"
    return b"\x80\x02" + start * depth + b"N" + end * depth + b"."


def self_containing() -> bytes:
    return b"\x80\x02c__torch__\nM\n)\x81q\x00}X\x01\x00\x00\x00mh\x00sb."


def doubled(depth: int) -> bytes:
    """Each module holds the one before twice: 2 ** depth ways through a few hundred bytes."""
    text = b"\x80\x02c__torch__\nM\n)\x81}bq\x000"
    for number in range(depth):
        before = b"h" + bytes([number])
        text += b"c__torch__\nM\n)\x81}(X\x01\x00\x00\x00a" + before + b"X\x01\x00\x00\x00b" + before + b"ub"
        text += b"q" + bytes([number + 1]) + b"0"
    return text + b"h" + bytes([depth]) + b"."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a call of the system", pickle.dumps(_Bomb(), protocol=2)),
        ("eval", b"\x80\x02cbuiltins\neval\nX\x05\x00\x00\x001/0/0\x85R."),
        ("a name beside torch's own", b"\x80\x02c__torch__x\nM\n)\x81}b."),
        ("an object of torch that runs code", b"\x80\x02ctorch.hub\nload\n)R."),
        ("nothing", b""),
        ("no end", b"\x80\x02}"),
        ("an endless text", b"\x80\x02X\xff\xff\xff\x7fabc."),
        ("a number of a gigabyte", b"\x80\x02\x8b\xff\xff\xff\x3f1."),
        ("memory for a far index", b"\x80\x02Nj\xff\xff\xff\x7f."),
        ("ten thousand marks", b"\x80\x02" + b"(" * 10_000 + b"."),
        ("modules without end", nested(500)),
        ("a module that contains itself", self_containing()),
        ("two to the hundredth modules", doubled(60)),
        ("a list of only a name", b"\x80\x02ctorch\nFloatStorage\n."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_list_of_tensors_is_refused_and_does_nothing(
    archive: Path, name: str, content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    rewritten(archive, lambda parts: parts.update({"data.pkl": content}))
    with pytest.raises(UnreadableFile):
        read_tensors(archive)
    assert not (tmp_path / "exploded").exists()


def _tensor_of(count: int, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0, key: str = "0") -> bytes:
    """A module with one tensor, spelled as torch writes it."""

    def number(value: int) -> bytes:
        return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    def text(value: str) -> bytes:
        return b"X" + len(value).to_bytes(4, "little") + value.encode()

    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + number(count) + b"tQ"
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + numbers(shape) + numbers(strides)
    return b"\x80\x02c__torch__\nM\n)\x81}" + text("weight") + rebuilt + b"\x89}tRsb."


def test_a_tensor_is_cut_out_of_its_numbers_as_torch_does(archive: Path) -> None:
    data = torch.arange(12, dtype=torch.float32)
    parts = {"data.pkl": _tensor_of(12, (2, 3), (1, 4), offset=1), "data/0": data.numpy().tobytes()}
    rewritten(archive, lambda old: old.update(parts))
    assert torch.equal(read_torchscript(archive)["weight"], data.as_strided((2, 3), (1, 4), 1))


@pytest.mark.parametrize(
    ("count", "shape", "strides", "offset", "key"),
    [
        (12, (13,), (1,), 0, "0"),
        (12, (12,), (1,), 1, "0"),
        (12, (2, 7), (6, 1), 0, "0"),
        (12, (1 << 40,), (0,), 0, "0"),
        (12, (-1,), (1,), 0, "0"),
        (12, (2,), (-1,), 5, "0"),
        (1 << 60, (1 << 60,), (1,), 0, "0"),
        (11, (2,), (1,), 0, "0"),
        (12, (2, 2), (1,), 0, "0"),
        (12, (2,), (1,), 0, "../data.pkl"),
        (12, (2,), (1,), 0, "99"),
    ],
)
def test_a_tensor_that_reaches_beyond_its_numbers_is_refused(
    archive: Path, count: int, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, key: str
) -> None:
    parts = {"data.pkl": _tensor_of(count, shape, strides, offset, key), "data/0": bytes(48)}
    rewritten(archive, lambda old: old.update(parts))
    with pytest.raises(UserError):
        read_torchscript(archive)


def test_a_damaged_archive_is_refused_in_words(archive: Path) -> None:
    content = archive.read_bytes()
    for cut in (10, len(content) // 2, len(content) - 10):
        archive.write_bytes(content[:cut])
        with pytest.raises(UnreadableFile):
            read_tensors(archive)


def test_numbers_in_another_byte_order_are_refused(archive: Path) -> None:
    rewritten(archive, lambda parts: parts.update({"byteorder": b"big"}))
    with pytest.raises(UserError, match="byte order"):
        read_torchscript(archive)
