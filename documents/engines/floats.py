"""How this thread's processor treats numbers too small for a normal float (IEEE 754 subnormals)."""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SUBNORMALS_ARE_ZERO, FLUSH_TO_ZERO = 0x0040, 0x8000  # DAZ and FTZ (Intel SDM volume 1, section 10.2.3)
MXCSR = 7  # of the eight 32-bit words of the x86-64 ABI's fenv_t


@contextmanager
def small_as_zero() -> Iterator[None]:
    """Subnormals count as zero within, on this thread. On Intel's processors arithmetic with them takes a hundred times as long. Elsewhere, or where
    the C library does not say how, nothing is done. It must not outlast the work: other code may rely on them."""
    library = ctypes.CDLL(None) if sys.platform == "linux" and platform.machine() == "x86_64" else None
    if library is None or not hasattr(library, "fesetenv"):
        yield
        return
    before, within = (ctypes.c_uint32 * 8)(), (ctypes.c_uint32 * 8)()
    library.fegetenv(before)
    library.fegetenv(within)
    within[MXCSR] |= SUBNORMALS_ARE_ZERO | FLUSH_TO_ZERO
    library.fesetenv(within)
    try:
        yield
    finally:
        library.fesetenv(before)
