"""What a network gets wrong, counted by hand, whatever the number of classes."""

import pytest
import torch
from samples import image_set
from torch import nn

from d2lmini import augment, confusion_matrix, worst_mistakes
from d2lmini.data import Batches, ImageSet


class Says(nn.Module):
    """The same logits for every image: class ``answer`` of ``classes``."""

    def __init__(self, classes, answer):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(classes))
        self.logits.data[answer] = 1

    def forward(self, X):
        return self.logits.expand(len(X), -1) + 0 * X.flatten(1).sum(1, keepdim=True)


def test_every_image_is_counted_in_its_row():
    counts = confusion_matrix(Says(10, 4), Batches(image_set(40), 16))
    assert counts.shape == (10, 10) and counts.dtype == torch.int64
    assert counts[:, 4].tolist() == [4] * 10 and counts.sum() == 40


def test_own_classes_have_a_matrix_of_their_own():
    images = torch.randint(0, 255, (12, 1, 8, 8), dtype=torch.uint8)
    own = ImageSet(
        images, torch.arange(12) % 3, source="drawn", classes=("a", "b", "c")
    )
    assert confusion_matrix(Says(3, 1), Batches(own, 5)).tolist() == [[0, 4, 0]] * 3


@pytest.mark.parametrize("ask", [confusion_matrix, worst_mistakes])
@pytest.mark.parametrize("net", [Says(12, 10), Says(9, 0), nn.Conv2d(1, 10, 28)])
def test_logits_of_other_classes_are_refused(ask, net):
    with pytest.raises(ValueError, match=r"\d"):
        ask(net, Batches(image_set(20), 10))


class Surer(Says):
    """The same answer, surer of the brighter images."""

    def forward(self, X):
        return super().forward(X) * X.amax((1, 2, 3))[:, None]


def test_the_most_confident_mistakes_come_first():
    grey, labels = torch.arange(0, 200, 10), torch.arange(20) % 10
    images = ImageSet(grey.byte().view(-1, 1, 1, 1), labels)
    found = worst_mistakes(Surer(10, 9), Batches(images, 8), 5)
    assert found.labels.tolist() == [8, 7, 6, 5, 4] and (found.predicted == 9).all()
    assert found.images.shape == (5, 1, 1, 1)
    odds = (found.images.flatten()).exp() / 9  # of class 9 against all others
    torch.testing.assert_close(found.confidence, odds / (1 + odds), rtol=1e-2, atol=0)


@pytest.mark.parametrize("option", [{"shuffle": True}, {"augment": augment.crop}])
def test_images_that_come_otherwise_the_next_time_are_refused(option):
    with pytest.raises(ValueError, match=r"augmented|shuffled: give data\.val"):
        worst_mistakes(Says(10, 4), Batches(image_set(20), 10, **option))


@pytest.mark.parametrize("count", [0, 2.5, "3"])
def test_a_count_is_a_whole_number(count):
    with pytest.raises((TypeError, ValueError), match="count must be"):
        worst_mistakes(Says(10, 4), Batches(image_set(20), 10), count)


def test_what_is_said_is_the_largest_logit_where_probabilities_are_equal():
    net = Says(10, 4)
    net.logits.data[4] = 1e-9
    found = worst_mistakes(net, Batches(image_set(20), 10), 20)
    assert len(found.labels) == 18 and (found.labels != 4).all()
    assert (found.predicted == 4).all()
    assert found.confidence.tolist() == pytest.approx([0.1] * 18)


@pytest.mark.parametrize("ask", [confusion_matrix, worst_mistakes])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_nan_is_no_answer(ask, value):
    net = Says(10, 4)
    net.logits.data[4] = value
    with pytest.raises(ValueError, match="Says answers with NaN"):
        ask(net, Batches(image_set(20), 10))
