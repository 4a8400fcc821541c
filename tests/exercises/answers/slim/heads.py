"""Answers to slim-heads: what a check must refuse, and what it must accept."""

RIGHT = {
    "weights-and-biases": """
inputs = channels * side * side
dense_head = inputs * units + units + units * 10 + 10
average_head = channels * 10 + 10
""",
    "counted": """
from d2lmini.nets.slim import Plan, slim


def head(hidden):
    net = slim(in_channels=1, plan=Plan(((channels, 1, 1, 0),), hidden, side))
    return sum(p.numel() for p in net.parameters()) - 2 * channels


dense_head, average_head = head((units,)), head(())
""",
}
WRONG = {
    "constant": ("dense_head, average_head = 1, 1", "dense_head: found 1"),
    "no-biases": (
        """
dense_head = channels * side**2 * units + units * 10
average_head = channels * 10
""",
        "dense_head: found",
    ),
    "side-not-squared": (
        """
dense_head = (channels * side + 1) * units + (units + 1) * 10
average_head = (channels + 1) * 10
""",
        "dense_head: found",
    ),
    "hidden-in-both": (
        """
dense_head = (channels * side**2 + 1) * units + (units + 1) * 10
average_head = (channels + 1) * units + (units + 1) * 10
""",
        "average_head: found",
    ),
    "averages-over-flattened": (
        """
dense_head = (channels * side**2 + 1) * units + (units + 1) * 10
average_head = (channels * side**2 + 1) * 10
""",
        "average_head: found",
    ),
}
