"""The drawn sample has ten classes that can be told apart, but not trivially."""

import torch

from d2lmini import evaluate, load_fashion_mnist, nets, train
from d2lmini.data import offline
from d2lmini.training.report import Silent


def test_shape_format_and_determinism():
    X, y = offline.draw(200, seed=4)
    assert X.shape == (200, 1, 28, 28) and X.dtype == torch.uint8
    assert torch.bincount(y).tolist() == [20] * 10
    offline.draw.cache_clear()
    again, labels = offline.draw(200, seed=4)
    assert torch.equal(X, again) and torch.equal(y, labels)
    assert not torch.equal(offline.draw(200, seed=5)[0], X)


def test_no_two_images_are_alike():
    X, _ = offline.draw(300)
    assert len(torch.unique(X.flatten(1), dim=0)) == 300


def test_a_mean_picture_is_not_enough_but_lenet_learns():
    """A classifier by nearest class mean is poor; LeNet beats it clearly."""
    data = load_fashion_mnist(64, root="offline", device=torch.device("cpu"))
    images, labels = data.train.images.images.float(), data.train.images.labels
    means = torch.stack([images[labels == c].mean(0).flatten() for c in range(10)])
    test = data.test.images.images.float().flatten(1)
    guess = torch.cdist(test, means).argmin(1)
    nearest = (guess == data.test.images.labels).float().mean().item()
    net = nets.lenet(pool=torch.nn.MaxPool2d)
    train(net, data, epochs=4, lr=0.01, report=Silent())
    _, accuracy = evaluate(net, data.test)
    assert nearest < 0.8
    assert nearest + 0.05 < accuracy < 0.995
    assert accuracy > 0.8
