"""Answers to slim-front: what a check must refuse, and what it must accept."""

RIGHT = {
    "sweep": """
def front(points):
    kept, best = [], float("-inf")
    for seconds in sorted({p[0] for p in points.values()}):
        top = max(p[1] for p in points.values() if p[0] == seconds)
        if top > best:
            best = top
            kept += [name for name, p in points.items() if p == (seconds, top)]
    return sorted(kept)
""",
    "for-all": """
def front(points):
    def stays(name):
        s, a = points[name]
        return all(p > s or q < a or (p, q) == (s, a) for p, q in points.values())

    return sorted(filter(stays, points))
""",
}
WRONG = {
    "everything": (
        "def front(points):\n    return sorted(points)\n",
        "one that is beaten",
    ),
    "only-the-fastest": (
        "def front(points):\n    return [min(points, key=points.get)]\n",
        "front of a faster and a better one",
    ),
    "forgets-return": (
        "def front(points):\n    sorted(points)\n",
        "did you forget `return`",
    ),
    "both-must-be-better": (
        """
def front(points):
    def stays(s, a):
        return not any(p < s and q > a for p, q in points.values())

    return sorted(name for name, point in points.items() if stays(*point))
""",
        "front of ties in one number",
    ),
    "equals-beat-each-other": (
        """
def front(points):
    def stays(name):
        s, a = points[name]
        rest = [p for other, p in points.items() if other != name]
        return not any(p <= s and q >= a for p, q in rest)

    return sorted(filter(stays, points))
""",
        "front of two equal points",
    ),
    "slower-is-better": (
        """
def front(points):
    def stays(s, a):
        rest = [p for p in points.values() if p != (s, a)]
        return not any(p >= s and q >= a for p, q in rest)

    return sorted(name for name, point in points.items() if stays(*point))
""",
        "front of a faster and a better one",
    ),
    "fastest-first": (
        """
def front(points):
    def stays(s, a):
        rest = [p for p in points.values() if p != (s, a)]
        return not any(p <= s and q >= a for p, q in rest)

    kept = [name for name, point in points.items() if stays(*point)]
    return sorted(kept, key=points.get, reverse=True)
""",
        "front of a faster and a better one",
    ),
    "mutates-input": (
        """
def front(points):
    for name, (s, a) in list(points.items()):
        rest = [p for p in points.values() if p != (s, a)]
        if any(p <= s and q >= a for p, q in rest):
            del points[name]
    return sorted(points)
""",
        "points, which must stay",
    ),
}
CHANGED = {
    "faster-only": (
        "no_worse = seconds <= slower and accuracy >= worse",
        "no_worse = seconds < slower and accuracy >= worse",
        "number: found ('a', 'b') with 2 entries, expected ('a',) with 1.",
    ),
    "slower-is-better": (
        "seconds <= slower",
        "seconds >= slower",
        "one: found ('b',) with 1 entries, expected ('a', 'b') with 2.",
    ),
    "either-is-enough": (
        "seconds <= slower and accuracy >= worse",
        "seconds <= slower or accuracy >= worse",
        "better one: found () with 0 entries, expected ('a', 'b') with 2.",
    ),
    "unsorted": (
        "return sorted(b for",
        "return list(b for",
        "and a better one, entry 0 in ('b', 'a'): found 'b', expected 'a'.",
    ),
    "the-beaten": (
        "if not any(beats",
        "if any(beats",
        "better one: found () with 0 entries, expected ('a', 'b') with 2.",
    ),
}
