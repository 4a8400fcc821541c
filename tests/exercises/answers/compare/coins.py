"""Answers to compare-coins: what a check must refuse, and what it must accept."""

RIGHT = {
    "listed": """
from itertools import product

heads = [sum(one) for one in product((0, 1), repeat=gained + lost)]
few = min(gained, lost)
ways = sum(n <= few or n >= gained + lost - few for n in heads)
chance = ways / len(heads)
""",
    "package": """
from d2lmini.analysis.compare import mcnemar

chance = mcnemar(gained, lost)
ways = round(chance * 2 ** (gained + lost))
""",
}
WRONG = {
    "constant": ("ways, chance = 1, 1.0", "ways: found 1"),
    "one-direction": (
        """
from math import comb

ways = sum(comb(gained + lost, k) for k in range(min(gained, lost) + 1))
chance = ways / 2 ** (gained + lost)
""",
        "ways: found",
    ),
    "exactly-so": (
        """
from math import comb

ways = 2 * comb(gained + lost, lost) + (gained == 0)
chance = ways / 2 ** (gained + lost)
""",
        "ways: found",
    ),
    "a-share-of-a-share": (
        """
from math import comb

ways = 2 * sum(comb(gained + lost, k) for k in range(min(gained, lost) + 1))
chance = ways / (gained + lost) ** 2
""",
        "chance: found",
    ),
}
