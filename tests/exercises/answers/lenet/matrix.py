"""Answers to lenet-matrix: what a check must refuse, and what it must accept."""

RIGHT = {
    "tensors": """
import torch

from d2lmini import CLASSES

i = CLASSES.index(label)
M = torch.tensor(table, dtype=torch.float64)
recognised, right_when_said = M[i, i] / M[i].sum(), M[i, i] / M[:, i].sum()
both = M[i] + M[:, i]
both[i] = 0
twin = CLASSES[int(both.argmax())]
""",
    "one-by-one": """
from d2lmini import CLASSES

k = CLASSES.index(label)
said, worst, twin = 0, -1, None
for i in range(10):
    said += table[i][k]
    if i != k and table[i][k] + table[k][i] > worst:
        worst, twin = table[i][k] + table[k][i], CLASSES[i]
recognised, right_when_said = table[k][k] / 1000, round(table[k][k] / said, 4)
""",
}
_START = """
from d2lmini import CLASSES

i = CLASSES.index(label)
column = [row[i] for row in table]
"""
WRONG = {
    "changed-over": (
        _START
        + """
right_when_said = table[i][i] / sum(table[i])
recognised = table[i][i] / sum(column)
twin = "T-shirt/top"
""",
        "recognised",
    ),
    "of-all-pictures": (
        _START
        + """
recognised = table[i][i] / 10_000
right_when_said = table[i][i] / sum(column)
twin = "T-shirt/top"
""",
        "recognised",
    ),
    "without-the-right-ones": (
        _START
        + """
recognised = table[i][i] / 1000
right_when_said = table[i][i] / (sum(column) - table[i][i])
twin = "T-shirt/top"
""",
        "right_when_said",
    ),
    "itself": (
        _START
        + """
recognised = table[i][i] / 1000
right_when_said = table[i][i] / sum(column)
twin = CLASSES[max(range(10), key=lambda j: table[i][j])]
""",
        "twin",
    ),
    "a-number": (
        _START
        + """
recognised = table[i][i] / 1000
right_when_said = table[i][i] / sum(column)
twin = 0
""",
        "twin",
    ),
}
