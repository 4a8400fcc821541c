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
    def test_lower_precision_and_momentum(self, precision):
        data = on_gpu(splits(400, batch_size=32, augment=augment.flip))

        def descent(parameters, lr):
            return torch.optim.SGD(parameters, lr=lr, momentum=0.9, fused=True)

        history = quietly(
            small_net(), data, graph=True, precision=precision, epochs=4, lr=0.05
        )
        assert history.test_accuracy > 0.9
        history = quietly(
            small_net(), data, graph=True, optimizer=descent, epochs=4, lr=0.05
        )
        assert history.test_accuracy > 0.9

    def test_resumes(self, tmp_path):
        data, net = on_gpu(splits(200)), small_net()
        quietly(net, data, graph=True, resume=tmp_path / "run.pt")
        again = small_net()
        quietly(again, data, graph=True, resume=tmp_path / "run.pt")
        assert torch.equal(weights(net), weights(again))

    def test_a_loss_that_changes_is_refused(self):
        with pytest.raises(ValueError, match="records the loss once"):
            quietly(small_net(), on_gpu(splits(200)), graph=True, loss=Shares())

    def test_a_net_that_branches_is_refused(self):
        net = Branches(*small_net())
        with pytest.raises(ValueError, match="cannot be recorded"):
            quietly(net, on_gpu(splits(200)), graph=True)
        quietly(net, on_gpu(splits(200)))  # and trains without
