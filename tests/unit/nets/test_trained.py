"""Trained weights on disk: read back, refused, never executed."""

import pickle

import numpy as np
import pytest
import torch

from d2lmini import nets
from d2lmini.nets import trained


def test_saved_weights_come_back_in_half_precision(tmp_path):
    net = nets.densenet(blocks=(1, 1), growth=4)
    file = tmp_path / "net.npz"
    trained.save(net, file)
    twin = nets.densenet(blocks=(1, 1), growth=4)
    trained.read(twin, file)
    for key, value in net.state_dict().items():
        assert torch.allclose(twin.state_dict()[key], value, atol=1e-3)
        assert twin.state_dict()[key].dtype == value.dtype


def test_the_same_weights_make_the_same_file(tmp_path):
    net = nets.lenet()
    trained.save(net, tmp_path / "a")
    trained.save(net, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_load_builds_every_network(tmp_path):
    for name, build in trained.TRAINED.items():
        if name in ("alexnet", "vgg"):  # 170 MB each
            continue
        net = build()
        trained.save(net, tmp_path / f"{name}.npz")
        loaded = nets.load(name, tmp_path)
        assert str(loaded) == str(net) and not loaded.training


def test_what_is_shipped_is_small_and_can_be_loaded():
    files = list(trained.SHIPPED.glob("*.npz"))
    assert {file.stem for file in files} >= {"lenet"}
    for file in files:
        assert file.stat().st_size <= 1_000_000
        assert nets.load(file.stem)(torch.zeros(1, 1, 224, 224)[..., :28, :28]).shape


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("lenet5", "there is no trained network 'lenet5'; there are lenet,"),
        ("alexnet", "weights above 1 MB are not shipped: run `make outputs"),
    ],
)
def test_what_cannot_be_loaded_is_said(name, sentence):
    with pytest.raises(ValueError, match=sentence):
        nets.load(name)


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("the file was unpickled",))


def test_nothing_is_unpickled(tmp_path):
    file = tmp_path / "lenet.npz"
    file.write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(ValueError, match="does not hold the weights"):
        nets.load("lenet", tmp_path)
    with file.open("wb") as out:
        np.savez(out, weight=np.array([Harmful()], dtype=object))
    with pytest.raises(ValueError, match="does not hold the weights"):
        nets.load("lenet", tmp_path)


def test_weights_of_another_network_are_refused(tmp_path):
    trained.save(nets.lenet(padding=0), tmp_path / "lenet.npz")
    with pytest.raises(ValueError, match="give the file that its own training wrote"):
        nets.load("lenet", tmp_path)
