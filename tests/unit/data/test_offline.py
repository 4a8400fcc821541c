"""The drawn sample has ten classes that can be told apart, but not trivially."""

import torch

from d2lmini import evaluate, nets, train
from d2lmini.data import Batches, ImageSet, Splits, offline
from d2lmini.training.report import Silent


def test_shape_format_and_determinism():
    X, y = offline.draw(200, seed=4)
    assert X.shape == (200, 1, 28, 28) and X.dtype == torch.uint8
    assert torch.bincount(y).tolist() == [20] * 10
    again, labels = offline.draw.__wrapped__(200, seed=4)  # not what is kept
    assert torch.equal(X, again) and torch.equal(y, labels)
    assert not torch.equal(offline.draw(200, seed=5)[0], X)


def test_no_two_images_are_alike():
    X, _ = offline.draw(300)
    assert len(torch.unique(X.flatten(1), dim=0)) == 300


def test_a_mean_picture_is_not_enough_but_lenet_learns():
    """A classifier by nearest class mean is poor; LeNet beats it clearly.

    Already on as few pictures as quick mode draws, a third of the sample.
    """
    drawn = [offline.draw(size, seed=i) for i, size in enumerate((2000, 500, 1000))]
    (images, labels), _, (others, wanted) = drawn
    means = [images[labels == c].float().mean(0).flatten() for c in range(10)]
    guess = torch.cdist(others.float().flatten(1), torch.stack(means)).argmin(1)
    nearest = (guess == wanted).float().mean().item()
    data = Splits(*(Batches(ImageSet(*part), 32) for part in drawn))
    data.train.shuffle = True
    torch.manual_seed(0)
    net = nets.lenet(pool=torch.nn.MaxPool2d)
    train(net, data, epochs=5, lr=0.02, report=Silent())
    _, accuracy = evaluate(net, data.test)
    assert nearest < 0.8
    assert nearest + 0.05 < accuracy < 0.995
    assert accuracy > 0.8
