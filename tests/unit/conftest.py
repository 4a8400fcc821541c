"""What several unit tests share: a plain session, and small files."""

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from samples import idx_file

from d2lmini import mode
from d2lmini.data import classes, files


@pytest.fixture(autouse=True)
def plain_session(monkeypatch):
    """No test depends on the environment it is started from, or on another."""
    for name in ("D2LMINI_QUICK", "D2LMINI_DATA", "D2LMINI_RUNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(classes, "_met", {})
    mode.withdraw()
    # torch.manual_seed keeps a traceback for each kind of device that is not in use.
    torch.default_generator.manual_seed(0)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(0)
    yield
    mode.withdraw()
    if dynamo := sys.modules.get("torch._dynamo"):
        dynamo.reset()  # PyTorch 2.6 refuses its ninth export otherwise


@pytest.fixture
def small_files(monkeypatch) -> dict[str, bytes]:
    """Four small files in the real format, and their checksums in force."""
    random = np.random.default_rng(0)
    contents = {}
    for part, count in (("train", 600), ("t10k", 50)):
        images = random.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        contents[f"{part}-images-idx3-ubyte"] = idx_file(images)
        contents[f"{part}-labels-idx1-ubyte"] = idx_file(labels)
    digests = {n: hashlib.sha256(c).hexdigest() for n, c in contents.items()}
    monkeypatch.setattr(files, "SHA256", {n: digests[n] for n in files.SHA256})
    return contents


@pytest.fixture
def data_folder(tmp_path: Path, small_files: dict[str, bytes]) -> Path:
    """A folder as a user would give it, with the small files packed."""
    raw = tmp_path / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in small_files.items():
        (raw / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    return tmp_path / "data"
