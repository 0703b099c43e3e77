"""Files that are no network pickles: what they are, in words that help."""

from __future__ import annotations

from typing import Any, Final

from planetview.core.errors import UserError
from planetview.engine.generators.network_tree import is_module, is_tensor
from planetview.engine.generators.plain_values import mapping_of
from planetview.engine.generators.storages import is_torch_mark
from planetview.engine.pickle_machine import Call

_EXPORT: Final = "Export the generator to ONNX (Help > Export a generator) and open that file."
_ENTRY: Final = "G_ema"
_TENSORFLOW: Final = "dnnlib.tflib"
_FIRST_BYTES: Final = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"<", "a web page or XML file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
# Protocols from 2 on begin with 0x80; before, a file begins with the first value it makes.
_PICKLE_STARTS: Final = b"\x80(}])c"
# Directories of zip archives name their members; the first member's name is at the beginning.
_ZIP_HEAD = 1_000_000


def only_weights() -> UserError:
    """Return the refusal of a file with tensors and no network around them."""
    return UserError("This holds weights but no description of the network.", _EXPORT)


def tensorflow_era() -> UserError:
    """Return the refusal of the StyleGAN files of 2019 and 2020."""
    return UserError(
        "This is a TensorFlow-era StyleGAN file; convert it first with NVIDIA's own tool in its own environment."
    )


def unknown_class(kind: str) -> UserError:
    """Return the refusal of a network whose class is not one that PlanetView can build."""
    return UserError(
        f"The network is class '{kind}' from source PlanetView does not know; "
        "export it to ONNX (Help > Export a generator)."
    )


def is_tensorflow_name(pair: tuple[str, str] | None) -> bool:
    """Return whether a refused name is that of the TensorFlow-era network class."""
    return pair is not None and pair[0].startswith(_TENSORFLOW)


def refuse_other_bytes(head: bytes) -> None:
    """Raise UserError when the first bytes of a file are those of something else than a pickle."""
    if not head:
        raise UserError("The file is empty.", "Get it again from its source.")
    for start, what in _FIRST_BYTES:
        if head.startswith(start):
            raise UserError(f"This is {what}, not a network file.", "Choose the network's .pkl file.")
    if head.startswith(b"PK\x03\x04"):
        raise _zip(head)
    if head.startswith(b"\x89HDF\r\n\x1a\n") or _is_safetensors(head):
        raise only_weights()
    if head[0] not in _PICKLE_STARTS:
        raise UserError("This is not a network file.", "Choose the network's .pkl file.")


def _is_safetensors(head: bytes) -> bool:
    """A header of JSON behind its length; the format allows 100 MB of it."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= 100_000_000


def _zip(head: bytes) -> UserError:
    program = b"constants.pkl" in head[:_ZIP_HEAD] or b"archive_format" in head[:_ZIP_HEAD]
    if program:
        return UserError("This is a PyTorch program (TorchScript or torch.export), not a network pickle.", _EXPORT)
    if b"data.pkl" in head[:_ZIP_HEAD]:
        return only_weights()
    return UserError("This is a zip archive, not a network file.", "Unpack it and choose the network's .pkl file.")


def averaged_generator(value: Any) -> Any:
    """Return the entry `G_ema` of a training snapshot read inertly; raises UserError when it is something else."""
    items = mapping_of(value)
    if is_torch_mark(value):
        raise only_weights()
    if items is not None and _ENTRY in items:
        return items[_ENTRY]
    if items is not None and any(is_tensor(entry) or _is_array(entry) for entry in items.values()):
        raise only_weights()
    if is_module(value) or (items is not None and any(is_module(entry) for entry in items.values())):
        raise UserError(
            f"This file holds no averaged generator ('{_ENTRY}').", "Choose a network file that training wrote."
        )
    raise UserError("This is a Python file of data, not a network.", "Choose the network's .pkl file.")


def _is_array(value: Any) -> bool:
    return type(value) is Call and value.name.module.startswith("numpy")
