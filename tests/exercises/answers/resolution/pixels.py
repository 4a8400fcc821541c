"""Answers to resolution-pixels: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-formula": """
import math

seen = (2 * layers + 1) / (size / 28)
needed = max(1, math.ceil((wanted * size / 28 - 1) / 2))
""",
    "by-steps": """
field, needed = 1, 0
for _ in range(layers):
    field += 2
seen = field * 28 / size
reach = 28 / size
while reach < wanted or needed == 0:
    needed += 1
    reach = (1 + 2 * needed) * 28 / size
""",
}
WRONG = {
    "three-for-each-layer": (
        "seen = 3 * layers * 28 / size\nneeded = 8",
        "seen, in original pixels: found 2.625, which is too high.",
    ),
    "enlarged-pixels": (
        "seen = 1 + 2 * layers\nneeded = (wanted - 1) // 2",
        "seen, in original pixels: found 7",
    ),
    "rounded-down": (
        """
seen = (1 + 2 * layers) * 28 / size
needed = int((wanted * size / 28 - 1) / 2)
""",
        "needed, the number of convolutions: found 8, which is too low.",
    ),
    "upside-down": (
        "seen = (1 + 2 * layers) * size / 28\nneeded = 9",
        "seen, in original pixels: found 24",
    ),
}
