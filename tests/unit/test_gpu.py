"""What only a GPU can show; skipped where there is none."""

import copy

import pytest
import torch
import torch.nn.functional as F
from samples import quietly, small_net, splits, weights
from torch import nn

from d2lmini import augment, evaluate, load_fashion_mnist, nets
from d2lmini.data import Batches, ImageSet, Splits
from d2lmini.nets.trained import TRAINED
from d2lmini.training.forward import Forward
from d2lmini.training.report import Silent

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device"
)


def on_gpu(data: Splits) -> Splits:
    def moved(b: Batches) -> Batches:
        images = ImageSet(b.images.images.cuda(), b.images.labels.cuda())
        return Batches(images, b.batch_size, shuffle=b.shuffle, resize=b.resize)

    return Splits(*(moved(part) for part in data))


SMALL = ("googlenet", "resnet", "densenet")  # at 96 px


class TestGpu:
    def test_order_is_the_cpus(self):
        data = splits(100)
        for (X, y), (X_gpu, y_gpu) in zip(data.train, on_gpu(data).train, strict=True):
            assert torch.equal(y, y_gpu.cpu())
            torch.testing.assert_close(X, X_gpu.cpu())

    @pytest.mark.parametrize("precision", [torch.float32, torch.float16])
    def test_trains_as_the_cpu_does(self, precision):
        data, cpu, gpu = splits(400, batch_size=32), small_net(), small_net()
        quietly(cpu, data, epochs=3)
        history = quietly(gpu, on_gpu(data), epochs=3, precision=precision)
        assert "CPU" not in history.device
        assert history.test_accuracy > 0.9
        assert abs(evaluate(gpu, on_gpu(data).test)[0] - history.test_loss) < 0.05

    def test_resume(self, tmp_path):
        data, net, again = on_gpu(splits()), small_net(), small_net()
        quietly(net, data, resume=tmp_path / "run.pt")
        quietly(again, data, resume=tmp_path / "run.pt")
        assert torch.equal(weights(net), weights(again))

    def test_memory_holds_a_few_batches(self):
        data = load_fashion_mnist(64, root="offline", resize=224)
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        for _ in data.train:
            pass
        peak = torch.cuda.max_memory_allocated() - before
        assert peak < 8 * 64 * 224 * 224 * 4

    def test_out_of_memory_is_survived(self):
        torch.cuda.set_per_process_memory_fraction(0.02)
        try:
            data = load_fashion_mnist(2000, root="offline", resize=224)
            net = nets.lenet(pool=torch.nn.MaxPool2d)
            net[7] = torch.nn.Linear(16 * 54 * 54, 120)
            history = quietly(net, data, epochs=1)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        assert len(history.epochs) == 1

    @pytest.mark.parametrize("name", TRAINED)
    def test_every_network_gets_its_images_channels_last(self, name):
        net = TRAINED[name]()
        size = 28 if name.startswith("lenet") else 96 if name in SMALL else 224
        data = load_fashion_mnist(8, root="offline", resize=size)
        forward = Forward(net, data.train, training=True)
        assert forward.layout == torch.channels_last


class Shares:
    """A loss that is another one in every step, as one that mixes pictures is."""

    def __init__(self):
        self.calls = 0

    def __call__(self, logits, y):
        self.calls += 1
        return F.cross_entropy(logits, y) * (1 + self.calls % 3)


class Branches(nn.Sequential):
    def forward(self, X):
        return super().forward(X if X.sum().item() > 0 else -X)


def descent(parameters, lr):
    return torch.optim.SGD(parameters, lr=lr, momentum=0.9, fused=True)


class TestGraph:
    def test_trains_as_without(self):
        data = on_gpu(splits(400, batch_size=32))  # a last batch that is smaller
        net = small_net()
        plain, losses, shares = copy.deepcopy(net), [], []
        for one, graph in ((net, True), (plain, False)):
            torch.manual_seed(3)  # what is dropped
            how = quietly(one, data, graph=graph, average=0.9, epochs=3, lr=1e-3)
            losses += [epoch.loss for epoch in how.epochs]
            shares += [epoch.train_accuracy for epoch in how.epochs]
        assert losses[:3] == pytest.approx(losses[3:], rel=1e-2)
        assert shares[:3] == pytest.approx(shares[3:], abs=0.01)
        torch.testing.assert_close(weights(net), weights(plain), rtol=1e-2, atol=1e-3)

    @pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
    @pytest.mark.parametrize("optimizer", [torch.optim.Adam, descent])
    def test_lower_precision(self, precision, optimizer):
        data = on_gpu(splits(400, batch_size=32, augment=augment.flip))
        options = {"precision": precision, "optimizer": optimizer, "epochs": 4}
        lr = 0.05 if optimizer is descent else 0.01
        history = quietly(small_net(), data, graph=True, lr=lr, **options)
        assert history.test_accuracy > 0.9
        assert "steps recorded" in history.notes

    def test_resumes(self, tmp_path):
        class Stops(Silent):
            def epoch(self, history):
                if len(history.epochs) == 2:
                    raise KeyboardInterrupt

        data, nets = on_gpu(splits(200)), []
        for path in ("whole.pt", "broken.pt"):
            torch.manual_seed(3)
            nets.append(small_net())
            how = {"graph": True, "epochs": 4, "lr": 1e-3, "resume": tmp_path / path}
            if path == "broken.pt":
                assert not quietly(nets[-1], data, report=Stops(), **how).finished
                nets[-1] = small_net()
            assert quietly(nets[-1], data, **how).finished
        # The resumed run computes some batches as ever that the other has played.
        torch.testing.assert_close(*map(weights, nets), rtol=1e-2, atol=1e-3)

    def test_a_loss_that_changes_is_refused(self):
        with pytest.raises(ValueError, match="the loss gives something else"):
            quietly(small_net(), on_gpu(splits(200)), graph=True, loss=Shares())

    def test_a_net_that_reads_is_refused_and_nothing_is_left(self):
        net, data = Branches(*small_net()), on_gpu(splits(200))
        stream = torch.cuda.current_stream()
        with pytest.raises(ValueError, match="reads a number from the GPU"):
            quietly(net, data, graph=True)
        assert torch.cuda.current_stream() == stream
        assert torch.cuda.get_sync_debug_mode() == 0
        torch.cuda.empty_cache()
        quietly(net, data)  # trains without
        quietly(small_net(), data, graph=True)

    def test_its_memory_is_given_back(self):
        data = on_gpu(splits(200))
        quietly(small_net(), data)
        before = torch.cuda.memory_allocated()
        quietly(small_net(), data, graph=True)
        assert torch.cuda.memory_allocated() <= before + 100_000
