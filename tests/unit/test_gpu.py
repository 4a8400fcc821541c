"""What only a GPU can show; skipped where there is none."""

import pytest
import torch
from samples import quietly, small_net, splits, weights

from d2lmini import evaluate, load_fashion_mnist, nets
from d2lmini.data import Batches, ImageSet, Splits

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device"
)


def on_gpu(data: Splits) -> Splits:
    def moved(b: Batches) -> Batches:
        images = ImageSet(b.images.images.cuda(), b.images.labels.cuda())
        return Batches(images, b.batch_size, shuffle=b.shuffle, resize=b.resize)

    return Splits(*(moved(part) for part in data))


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
