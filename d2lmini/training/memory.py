"""Memory that a training has freed stays with it until its end."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

# Parameters of mallopt(3).  Afterwards they are what glibc comes to by itself as soon
# as a program has freed one block of 32 MB.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_WITHIN = {_MMAP_MAX: 0, _TRIM_THRESHOLD: -1}  # no mappings, nothing given back
_AFTERWARDS = {_MMAP_MAX: 65_536, _MMAP_THRESHOLD: 32 << 20, _TRIM_THRESHOLD: 64 << 20}
_TUNED = ("MALLOC_MMAP", "MALLOC_TRIM", "GLIBC_TUNABLES")


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Within, the process keeps what is freed; at the end the system gets it back.

    By itself, glibc returns each block above 32 MB at once and gets the next one
    empty, a page at a time: up to a third of a step of a large network on a CPU.
    Under other C libraries, and where the environment tunes this already
    (``MALLOC_MMAP_…``, ``MALLOC_TRIM_…``, ``GLIBC_TUNABLES``), nothing is done.
    """
    library = _glibc()
    if library is None:
        yield
        return
    _set(library, _WITHIN)
    try:
        yield
    finally:
        _set(library, _AFTERWARDS)
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library, if it is glibc and the environment leaves it alone."""
    try:
        if any(n.startswith(_TUNED) for n in os.environ):
            return None
        return ctypes.CDLL(None) if os.confstr("CS_GNU_LIBC_VERSION") else None
    except (AttributeError, ValueError, OSError):  # Windows, macOS, musl
        return None


def _set(library: ctypes.CDLL, parameters: dict[int, int]) -> None:
    for parameter, value in parameters.items():
        library.mallopt(parameter, value)
