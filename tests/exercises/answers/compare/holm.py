"""Answers to compare-holm: what a check must refuse, and what it must accept."""

RIGHT = {
    "sorted-values": """
def holm(p_values):
    limit, m = -1.0, len(p_values)
    for done, p in enumerate(sorted(p_values)):
        if p > share / (m - done):
            break
        limit = p
    return [p <= limit for p in p_values]
""",
    "adjusted": """
def holm(p_values):
    m, worst, answer = len(p_values), 0.0, {}
    for done, (p, place) in enumerate(sorted((p, i) for i, p in enumerate(p_values))):
        worst = max(worst, p * (m - done))
        answer[place] = worst <= share
    return [answer[place] for place in range(m)]
""",
}
WRONG = {
    "constant": ("def holm(p_values):\n    return [True]\n", "holm of"),
    "each-alone": (
        "def holm(p_values):\n    return [p <= share for p in p_values]\n",
        "holm of",
    ),
    "bonferroni": (
        """
def holm(p_values):
    return [p <= share / len(p_values) for p in p_values]
""",
        "holm of",
    ),
    "first-of-equals": (
        """
def holm(p_values):
    found = [False] * len(p_values)
    for done, p in enumerate(sorted(p_values)):
        if p > share / (len(p_values) - done):
            break
        found[p_values.index(p)] = True
    return found
""",
        "holm of",
    ),
    "sorted-answers": (
        """
def holm(p_values):
    found, m, open_ = [], len(p_values), True
    for done, p in enumerate(sorted(p_values)):
        open_ = open_ and p <= share / (m - done)
        found.append(open_)
    return found
""",
        "holm of",
    ),
}
CHANGED = {
    "less-than": ("> share", ">= share", "holm of"),
    "goes-on": ("            break\n", "            continue\n", "holm of"),
}
