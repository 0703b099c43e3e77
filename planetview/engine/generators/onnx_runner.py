"""Runs ONNX graphs with onnxruntime, which is an optional part of the installation."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planetview.core.errors import UserError
from planetview.engine.devices import usable_cores
from planetview.engine.generators.exported import Array, Part, PartName

_FLOATS: Final = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
# onnxruntime's levels: 3 shows errors, which it also raises.
_SILENT = 4


class OnnxRunner:
    """Implements `Runner`; one session a part, made from bytes, so that no other file of the disk is read.

    check: called before every run. Raises UserError when onnxruntime is missing or refuses a graph.
    """

    def __init__(self, graphs: Mapping[PartName, bytes], check: Callable[[], None], device: str = "cpu") -> None:
        self._check = check
        self._sessions: dict[PartName, Any] = {}
        parts: dict[PartName, Part] = {}
        for name, data in graphs.items():
            check()
            session = _session(data, device)
            self._sessions[name] = session
            parts[name] = _part(session)
        self.parts: Mapping[PartName, Part] = parts

    def run(self, part: PartName, inputs: list[NDArray[np.float32]]) -> Array:
        """Return the one output of a graph."""
        self._check()
        if part not in self._sessions:
            raise UserError("This generator was closed.", "Open it again.")
        session = self._sessions[part]
        feeds = {
            slot.name: array.astype(_FLOATS[slot.type], copy=False)
            for slot, array in zip(session.get_inputs(), inputs, strict=True)
        }
        try:
            (result,) = session.run(None, feeds)
        except Exception as error:  # onnxruntime's errors share no base class
            raise UserError(f"The ONNX graph failed: {_first_line(error)}.") from error
        return np.asarray(result)

    def close(self) -> None:
        """Give the memory of the graphs back."""
        self._sessions.clear()


def _session(data: bytes, device: str) -> Any:
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise UserError("ONNX files need onnxruntime.", "Install it: pip install 'planetview[onnx]'") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.intra_op_num_threads = max(1, usable_cores() - 1)
    wanted = "CUDAExecutionProvider"
    faster = [wanted] if device.startswith("cuda") and wanted in onnxruntime.get_available_providers() else []
    # TF32 would round what path lengths are made of.
    providers = [(name, {"use_tf32": "0"}) for name in faster]
    try:
        return onnxruntime.InferenceSession(data, options, providers=[*providers, "CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class
        raise UserError(
            f"onnxruntime cannot open the graph: {_first_line(error)}.",
            "Export it into one file, without external data, with standard operators.",
        ) from error


def _part(session: Any) -> Part:
    slots = session.get_inputs()
    if not slots or any(slot.type not in _FLOATS for slot in slots):
        kinds = ", ".join(f"{slot.name}: {slot.type}" for slot in slots) or "none"
        raise UserError(f"The graph's inputs are not latents and labels: {kinds}.", "Export it with float inputs.")
    if len(session.get_outputs()) != 1:
        raise UserError(f"The graph has {len(session.get_outputs())} outputs; one image is needed.")
    return Part(
        tuple(tuple(side if isinstance(side, int) and side > 0 else None for side in slot.shape) for slot in slots)
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")
