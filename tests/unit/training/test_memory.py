"""What a training frees is kept for its next step, and given back at its end."""

import sys
from pathlib import Path

import pytest
import torch

from d2lmini.training import memory

BLOCK = 40 << 20  # above every threshold of glibc's own
PAGES = BLOCK >> 12
SETTLED = 12  # blocks, before which the heap may still grow

glibc = pytest.mark.skipif(memory._glibc() is None, reason="another C library")


def used() -> int:
    """Bytes that the process has in memory."""
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) << 12


def faults() -> int:
    """How many pages a new block of memory has to be given."""
    import resource  # not on Windows

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(BLOCK, dtype=torch.uint8).fill_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@glibc
def test_a_block_costs_new_pages_without_and_none_within():
    before = used()
    with memory.kept():
        within = [faults() for _ in range(SETTLED)]
        grown = used() - before
    assert within[-1] < PAGES / 100
    assert grown < SETTLED * BLOCK * 0.8
    assert faults() > PAGES / 2 or _huge_pages()


@glibc
def test_the_system_has_its_memory_back_afterwards_whatever_happened():
    memory._glibc().malloc_trim(0)  # a block would fit into what lies free already
    before = used()
    with pytest.raises(ZeroDivisionError), memory.kept():
        faults()
        within = used()
        raise ZeroDivisionError
    assert within > before + BLOCK * 0.9
    assert used() < before + BLOCK / 2


@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"])
def test_what_the_environment_tunes_is_left(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    assert memory._glibc() is None
    with memory.kept():
        pass


@pytest.mark.parametrize("error", [AttributeError, ValueError])
def test_without_glibc_nothing_is_done(error, monkeypatch):
    def confstr(name):
        raise error(name)

    monkeypatch.setattr("os.confstr", confstr, raising=False)
    with memory.kept():
        assert memory._glibc() is None


def _huge_pages() -> bool:
    switch = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return sys.platform == "linux" and "[always]" in switch.read_text("utf-8")
