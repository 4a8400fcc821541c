"""Answers to resolution-effects: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-means": """
def effects(tested):
    tested = tested.movedim(seeds_axis, 2)
    size = tested[1].mean() - tested[0].mean()
    rate = tested[:, 1].mean() - tested[:, 0].mean()
    both = tested.mean(-1).diff(dim=1).flatten()
    return size.item(), rate.item(), (both[1] - both[0]).item()
""",
    "by-loops": """
def effects(tested):
    mean = {}
    for size in range(2):
        for rate in range(2):
            values = tested.movedim(seeds_axis, 2)[size, rate].tolist()
            mean[size, rate] = sum(values) / len(values)
    by_size = [mean[1, r] - mean[0, r] for r in range(2)]
    by_rate = [mean[s, 1] - mean[s, 0] for s in range(2)]
    return sum(by_size) / 2, sum(by_rate) / 2, by_rate[1] - by_rate[0]
""",
}
WRONG = {
    "exchanged": (
        """
def effects(tested):
    mean = tested.mean(2)
    size = (mean[1] - mean[0]).mean()
    rate = (mean[:, 1] - mean[:, 0]).mean()
    both = mean[1, 1] - mean[1, 0] - mean[0, 1] + mean[0, 0]
    return float(rate), float(size), float(both)
""",
        "the effect of the size: found 0.17",
    ),
    "one-cell-only": (
        """
def effects(tested):
    mean = tested.mean(2)
    size, rate = mean[1, 0] - mean[0, 0], mean[0, 1] - mean[0, 0]
    both = mean[1, 1] - mean[1, 0] - mean[0, 1] + mean[0, 0]
    return float(size), float(rate), float(both)
""",
        "the effect of the size: found 0.1",
    ),
    "first-seed-only": (
        """
def effects(tested):
    mean = tested[:, :, 0]
    size = (mean[1] - mean[0]).mean()
    rate = (mean[:, 1] - mean[:, 0]).mean()
    both = mean[1, 1] - mean[1, 0] - mean[0, 1] + mean[0, 0]
    return float(size), float(rate), float(both)
""",
        "random accuracies of 2 seeds, the effect of the size",
    ),
    "the-wrong-sign": (
        """
def effects(tested):
    mean = tested.mean(2)
    size = (mean[1] - mean[0]).mean()
    rate = (mean[:, 1] - mean[:, 0]).mean()
    both = mean[0, 1] - mean[0, 0] - mean[1, 1] + mean[1, 0]
    return float(size), float(rate), float(both)
""",
        "the interaction: found 0.06",
    ),
    "two-numbers": (
        """
def effects(tested):
    mean = tested.mean(2)
    return float((mean[1] - mean[0]).mean()), float((mean[:, 1] - mean[:, 0]).mean())
""",
        "how many numbers: found 2, expected 3",
    ),
}
CHANGED = {
    "interaction-the-other-way": (
        "(mean[1, 1] - mean[1, 0]) - (mean[0, 1] - mean[0, 0])",
        "(mean[0, 1] - mean[0, 0]) - (mean[1, 1] - mean[1, 0])",
        "0.80 and 0.70, 0.84, the interaction: found 0.06, expected -0.06.",
    ),
    "sums-for-means": (
        "by_size = (mean[1] - mean[0]).mean()",
        "by_size = (mean[1] - mean[0]).sum()",
        "0.70, 0.84, the effect of the size: found 0.14, expected 0.07.",
    ),
    "medians": (
        "tested.mean(seeds_axis)",
        "tested.median(seeds_axis).values",
        "seeds, the effect of the size: found 0.07, expected 0.07926667.",
    ),
    "half-the-interaction": (
        "return float(by_size), float(by_rate), float(interaction)",
        "return float(by_size), float(by_rate), float(interaction) / 2",
        "and 0.70, 0.84, the interaction: found -0.03, expected -0.06.",
    ),
    "absolute-effects": (
        "return float(by_size),",
        "return -float(by_size),",
        "0.70, 0.84, the effect of the size: found -0.07, expected 0.07.",
    ),
}
