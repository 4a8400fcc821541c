"""Answers to best-smooth: what a check must refuse, and what it must accept."""

RIGHT = {
    "targets": """
import torch
import torch.nn.functional as F


def smooth_loss(logits, y, smoothing):
    classes = logits.shape[1]
    own = F.one_hot(y, classes)
    target = own * (1 - smoothing) + smoothing / classes
    if among != "all":
        target = own * (1 - smoothing) + (1 - own) * smoothing / (classes - 1)
    return -(target * torch.log_softmax(logits, 1)).sum(1).mean()
""",
    "picture-by-picture": """
import torch


def smooth_loss(logits, y, smoothing):
    losses = []
    for row, label in zip(logits, y):
        found = torch.log_softmax(row, 0)
        target = torch.ones_like(row)
        if among == "others":
            target[label] = 0
        target *= smoothing / target.sum()
        target[label] += 1 - smoothing
        losses.append(-(target @ found))
    return torch.stack(losses).mean()
""",
}
_HEAD = "import torch\n\n\ndef smooth_loss(logits, y, smoothing):\n"
_LOGS = "    logs = torch.log_softmax(logits, 1)\n"
_RIGHT = "    right = logs[torch.arange(len(y)), y]\n"
WRONG = {
    "one-branch-mistaken": (
        f"{_HEAD}    if smoothing == 0.3:\n"
        f"        return torch.log_softmax(y, 0).mean()\n{_LOGS}{_RIGHT}"
        "    return -((1 - smoothing) * right + smoothing * logs.mean(1)).mean()",
        "4 of 5 cases are right",
    ),
    "not-smooth": (f"{_HEAD}{_LOGS}{_RIGHT}    return -right.mean()", "smoothing 0.1"),
    "the-others-only": (
        f"{_HEAD}{_LOGS}{_RIGHT}"
        "    rest = (logs.sum(1) - right) / (logits.shape[1] - 1)\n"
        "    return -((1 - smoothing) * right + smoothing * rest).mean()",
        "smoothing 0.1",
    ),
    "sum-for-mean": (
        f"{_HEAD}{_LOGS}{_RIGHT}"
        "    return -((1 - smoothing) * right + smoothing * logs.mean(1)).sum()",
        "4 pictures",
    ),
    "wrong-axis": (
        f"{_HEAD}    logs = torch.log_softmax(logits, 0)\n{_RIGHT}"
        "    return -((1 - smoothing) * right + smoothing * logs.mean(1)).mean()",
        "4 pictures",
    ),
    "overflows": (
        f"{_HEAD}    logs = (logits.exp() / logits.exp().sum(1, keepdim=True)).log()\n"
        f"{_RIGHT}"
        "    return -((1 - smoothing) * right + smoothing * logs.mean(1)).mean()",
        "smoothing 0.3",
    ),
    "no-minus": (
        f"{_HEAD}{_LOGS}{_RIGHT}"
        "    return ((1 - smoothing) * right + smoothing * logs.mean(1)).mean()",
        "smoothing 0.1",
    ),
}
CHANGED = {
    "torchs-own": (
        "log_probabilities = torch.log_softmax(logits, dim=1)",
        (
            "F = torch.nn.functional\n"
            "    return F.cross_entropy(logits, y, label_smoothing=smoothing)\n"
            "    log_probabilities = torch.log_softmax(logits, dim=1)"
        ),
        "0.1: uses cross_entropy, which this exercise does without.",
    ),
    "torchs-layer": (
        "log_probabilities = torch.log_softmax(logits, dim=1)",
        (
            "return torch.nn.CrossEntropyLoss(label_smoothing=smoothing)(logits, y)\n"
            "    log_probabilities = torch.log_softmax(logits, dim=1)"
        ),
        "0.1: uses cross_entropy, which this exercise does without.",
    ),
    "smoothing-added": (
        "(1 - smoothing) * right",
        "right",
        "10 classes, smoothing 0.1: found 3.605885, expected 3.27243.",
    ),
    "a-sum-over-classes": (
        "every = log_probabilities.mean(dim=1)",
        "every = log_probabilities.sum(dim=1)",
        "10 classes, smoothing 0.1: found 5.714424, expected 3.27243.",
    ),
    "largest-class": (
        "right = log_probabilities[torch.arange(len(y)), y]",
        "right = log_probabilities.amax(dim=1)",
        "10 classes, smoothing 0.1: found 1.288411, expected 3.27243.",
    ),
}
