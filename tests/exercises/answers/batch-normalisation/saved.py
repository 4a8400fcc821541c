"""Answers to batch-normalisation-saved: what a check must refuse and accept."""

RIGHT = {
    "added-up": """
kernels = c_out * c_in * kernel * kernel
gamma = beta = mean = var = c_out
learned = kernels + gamma + beta
saved = kernels + gamma + beta + mean + var + 1
""",
    "by-shapes": """
import math

shapes = {"conv.weight": (c_out, c_in, kernel, kernel)}
shapes |= {"weight": (c_out,), "bias": (c_out,)}
buffers = {"running_mean": (c_out,), "running_var": (c_out,), "batches": ()}
learned = sum(math.prod(s) for s in shapes.values())
saved = learned + sum(math.prod(s) for s in buffers.values())
""",
}
WRONG = {
    "constant": ("learned = saved = 1000", "learned: found 1000"),
    "a-bias-too": (
        """
learned = c_in * c_out * kernel**2 + 3 * c_out
saved = learned + 2 * c_out + 1
""",
        "learned: found",
    ),
    "count-forgotten": (
        """
learned = c_in * c_out * kernel**2 + 2 * c_out
saved = learned + 2 * c_out
""",
        "saved: found",
    ),
    "one-gamma-for-all": (
        """
learned = c_in * c_out * kernel**2 + 2
saved = learned + 3
""",
        "learned: found",
    ),
    "averages-learned": (
        """
learned = c_in * c_out * kernel**2 + 4 * c_out
saved = learned + 1
""",
        "learned: found",
    ),
}
