"""Trained weights on disk: read back, refused, never executed."""

import math
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import weights
from torch import nn

from d2lmini import nets
from d2lmini.nets import trained

SHIPPED = trained.SHIPPED / "lenet.npz"


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
        (["lenet"], "there is no trained network .'lenet'.; there are lenet,"),
        ("alexnet", "not shipped: train the network with name='alexnet' and"),
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


PIECE = st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8))


@given(
    pieces=st.lists(PIECE, max_size=3),
    cut=st.floats(0, 1) | st.none(),
    front=st.just(b"") | st.binary(max_size=40),
)
@settings(max_examples=120, deadline=None)
def test_a_damaged_file_is_refused_or_as_good(pieces, cut, front):
    """Bytes overwritten, the end cut off, others in front: ValueError or the same."""
    content = bytearray(SHIPPED.read_bytes())
    for place, piece in pieces:
        start = int(place * len(content))
        content[start : start + len(piece)] = piece
    content = front + content[: None if cut is None else int(cut * len(content))]
    net = nets.lenet()
    before = weights(net)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lenet.npz"
        path.write_bytes(content)
        try:
            trained.read(net, path)
        except ValueError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            assert torch.equal(weights(net), before)
        else:
            assert torch.equal(weights(net), weights(nets.load("lenet")))


def change(key: str, value: np.ndarray | None):
    def harm(arrays: dict[str, np.ndarray]) -> None:
        arrays[key] = value
        if value is None:
            del arrays[key]

    return harm


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (change("9.bias", None), "9.bias is only in one"),
        (change("other", np.zeros(3)), "other is only in one"),
        (change("9.bias", np.zeros(83)), "9.bias is a tensor float64"),
        (change("9.bias", np.zeros(84)), "9.bias is a tensor float64"),
        (change("9.bias", np.zeros(84, np.uint16)), "9.bias is a tensor uint16"),
        (change("9.bias", np.zeros(84, bool)), "9.bias is a tensor bool"),
        (change("9.bias", np.full(84, np.nan, np.float16)), "9.bias holds NaN"),
        (change("9.bias", np.full(84, -np.inf, np.float32)), "9.bias holds NaN"),
        (change("9.bias", np.full(84, "text")), "can't convert"),
    ],
)
def test_odd_numbers_are_refused_before_anything_changes(tmp_path, harm, reason):
    with np.load(SHIPPED) as file:
        arrays = dict(file)
    harm(arrays)
    np.savez(tmp_path / "lenet.npz", **arrays)
    net = nets.lenet()
    before = weights(net)
    with pytest.raises(ValueError, match=reason):
        trained.read(net, tmp_path / "lenet.npz")
    assert torch.equal(weights(net), before)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"\x93NUMPY"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "lenet.npz").write_bytes(content)
    with pytest.raises(ValueError, match="does not hold the weights"):
        nets.load("lenet", tmp_path)


@pytest.mark.parametrize("folder", [5, ["book"], "", 0, False, []])
def test_what_is_no_folder_is_refused(folder):
    kind = TypeError if folder != "" else ValueError
    with pytest.raises(kind, match=r"folder is .*: give its path, or None"):
        nets.load("lenet", folder)


def test_a_folder_at_home_is_found_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    trained.save(nets.lenet(), "~/weights/lenet.npz")
    assert (tmp_path / "weights" / "lenet.npz").exists()
    assert not nets.load("lenet", "~/weights").training


class More(nn.Linear):
    """Keeps more than tensors."""

    def get_extra_state(self):
        return {"seen": 1}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: More(2, 2), "_extra_state of the net is a dict, and a file of"),
        (lambda: nn.LazyLinear(2), "weight of the net is a tensor that has no size"),
        (lambda: nn.Linear(2, 2, device="meta"), "weight of the net is a meta tensor"),
        (lambda: None, "net is None: give a network"),
    ],
)
def test_what_is_no_numbers_is_not_saved(tmp_path, make, words):
    with pytest.raises((TypeError, ValueError), match=f"^{words}"):
        trained.save(make(), tmp_path / "net.npz")
    assert not list(tmp_path.iterdir())


def test_what_a_folder_lacks_is_not_said_to_be_left_out(tmp_path):
    words = r"lenet\.npz does not exist: give the folder .*, or None for what is shi"
    with pytest.raises(ValueError, match=words):
        nets.load("lenet", tmp_path)
    words = r"alexnet\.npz does not exist: give the folder .* has written it\.$"
    with pytest.raises(ValueError, match=words):
        trained.read(nn.Linear(1, 1), tmp_path / "alexnet.npz")


@pytest.mark.parametrize("number", [math.nan, math.inf, 1e300])
def test_what_cannot_be_read_again_is_not_saved(tmp_path, number):
    net = nn.Linear(2, 1).double()
    nn.init.constant_(net.weight, number)
    with pytest.raises(ValueError, match="weight of the net holds NaN or infinity, or"):
        trained.save(net, tmp_path / "net")
    assert not list(tmp_path.iterdir())


def masked(*numbers):
    net = nn.Linear(2, 1)
    net.register_buffer("mask", torch.tensor(numbers))
    return net


def test_a_mask_may_hold_infinity_and_a_statistic_may_not(tmp_path):
    net, twin = masked(-math.inf, 1e5), masked(0.0, 0.0)
    trained.save(net, tmp_path / "net")
    trained.read(twin, tmp_path / "net")
    assert torch.equal(twin.mask, net.mask)
    with pytest.raises(ValueError, match="mask of the net holds NaN"):
        trained.save(masked(math.inf, math.nan), tmp_path / "net")
    net = nets.lenet_bn()
    net[1].running_mean[0] = math.inf
    with pytest.raises(ValueError, match=r"1\.running_mean of the net holds NaN"):
        trained.save(net, tmp_path / "net")


def test_loading_draws_nothing():
    before = torch.get_rng_state()
    nets.load("lenet")
    assert torch.equal(torch.get_rng_state(), before)


def test_large_numbers_are_kept(tmp_path):
    net = nn.Linear(2, 1)
    nn.init.constant_(net.weight, 1e6)
    trained.save(net, tmp_path / "net")
    twin = nn.Linear(2, 1)
    trained.read(twin, tmp_path / "net")
    assert twin.weight.tolist() == [[1e6, 1e6]]


def test_a_failed_save_leaves_the_good_file(tmp_path, monkeypatch):
    trained.save(nets.lenet(), tmp_path / "net")
    before = (tmp_path / "net").read_bytes()

    def full(file, **_arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match=r"net cannot be written .No space left"):
        trained.save(nets.lenet(), tmp_path / "net")
    assert [(f.name, f.read_bytes()) for f in tmp_path.iterdir()] == [("net", before)]


def test_weights_of_another_network_are_refused(tmp_path):
    trained.save(nets.lenet(padding=0), tmp_path / "lenet.npz")
    with pytest.raises(ValueError, match="give the file that its own training wrote"):
        nets.load("lenet", tmp_path)


def test_a_variance_below_zero_is_refused(tmp_path):
    net = nets.lenet_bn()
    net[1].running_var[0] = -1.0
    trained.save(net, tmp_path / "lenet-bn.npz")
    with pytest.raises(ValueError, match=r"1\.running_var holds a variance below 0"):
        nets.load("lenet-bn", tmp_path)


def test_what_unpacks_to_more_than_the_net_holds_is_left_packed(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "lenet.npz", other=np.zeros(2_000_000, np.int8))
    monkeypatch.setattr(np.lib.npyio.NpzFile, "__getitem__", None)
    with pytest.raises(ValueError, match="it unpacks to 2,000,"):
        nets.load("lenet", tmp_path)


def test_a_net_without_memory_is_not_called_loaded():
    with torch.device("meta"), pytest.raises(ValueError, match="the device is meta"):
        nets.load("lenet")
