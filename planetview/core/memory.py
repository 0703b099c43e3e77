"""What this process holds in memory, as the operating system counts it."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """Bytes in physical memory: now, and the most since the process began or `forget_peak`."""

    now: int
    peak: int


def process_memory() -> ProcessMemory | None:
    """Return the memory of this process; None where the system does not say."""
    try:
        system: str = sys.platform
        if system == "win32":
            return _of_windows()
        if system.startswith("linux"):
            return _of_linux()
        return _of_unix()
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def forget_peak() -> None:
    """Let the peak begin anew with what is held now; only Linux can."""
    if sys.platform.startswith("linux"):
        # proc(5): 5 resets the peak resident set size.
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _of_linux() -> ProcessMemory:
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    kib = {key: int(rest.split()[0]) for key, _, rest in (line.partition(":") for line in lines) if key in _FIELDS}
    return ProcessMemory(kib["VmRSS"] * 1024, kib["VmHWM"] * 1024)


_FIELDS = {"VmRSS", "VmHWM"}


def _of_unix() -> ProcessMemory:
    import resource

    # getrusage(2): bytes on macOS; there is no portable count of now, so the peak stands for both.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return ProcessMemory(peak, peak)


class _Counters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of the Windows API."""

    _fields_ = (
        ("cb", ctypes.c_uint32),
        ("PageFaultCount", ctypes.c_uint32),
        ("PeakWorkingSetSize", ctypes.c_size_t),
        ("WorkingSetSize", ctypes.c_size_t),
        ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
        ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
        ("PagefileUsage", ctypes.c_size_t),
        ("PeakPagefileUsage", ctypes.c_size_t),
    )


def _of_windows() -> ProcessMemory:
    kernel = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009 - exists only on Windows
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    read = kernel.K32GetProcessMemoryInfo
    read.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
    counters = _Counters()
    counters.cb = ctypes.sizeof(counters)
    if not read(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb):
        raise OSError("the system did not say")
    return ProcessMemory(int(counters.WorkingSetSize), int(counters.PeakWorkingSetSize))
