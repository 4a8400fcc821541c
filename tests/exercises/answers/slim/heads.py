"""Answers to slim-heads: what a check must refuse, and what it must accept."""

RIGHT = {
    "weights-and-biases": """
inputs = channels * side * side
dense = inputs * units + units + units * 10 + 10
average = channels * 10 + 10
""",
    "counted": """
from d2lmini.nets.slim import Plan, slim


def head(hidden):
    net = slim(in_channels=1, plan=Plan(((channels, 1, 1, 0),), hidden, side))
    return sum(p.numel() for p in net.parameters()) - 2 * channels


dense, average = head((units,)), head(())
""",
}
WRONG = {
    "constant": ("dense, average = 1, 1", "dense: found 1"),
    "no-biases": (
        "dense = channels * side**2 * units + units * 10\naverage = channels * 10",
        "dense: found",
    ),
    "side-not-squared": (
        """
dense = (channels * side + 1) * units + (units + 1) * 10
average = (channels + 1) * 10
""",
        "dense: found",
    ),
    "hidden-in-both": (
        """
dense = (channels * side**2 + 1) * units + (units + 1) * 10
average = (channels + 1) * units + (units + 1) * 10
""",
        "average: found",
    ),
    "averages-over-flattened": (
        """
dense = (channels * side**2 + 1) * units + (units + 1) * 10
average = (channels * side**2 + 1) * 10
""",
        "average: found",
    ),
}
