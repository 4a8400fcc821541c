"""Answers to nin-memory: what a check must refuse, and what it must accept."""

RIGHT = {
    "one-by-one": """
numbers = 0
for channels, side in ((96, 54), (256, 26), (384, 12), (10, 5)):
    for _ in range(3):
        numbers += channels * side * side
megabytes = numbers * batch * bytes_each * 1e-6
first_block = 3 * 96 * 54 * 54 / numbers
""",
    "three-digits": """
megabytes = float(f"{1.525674 * batch * bytes_each:.3g}")
first_block = 0.55
""",
}
WRONG = {
    "text": (
        "megabytes, first_block = '391 MB', 0.5504",
        "megabytes: found '391 MB', which is no number.",
    ),
    "nothing": ("megabytes = first_block = 0", "megabytes: found"),
    "one-a-block": (
        "megabytes = batch * bytes_each * 508558 / 1e6\nfirst_block = 0.5504",
        "megabytes: found",
    ),
    "one-picture": (
        "megabytes = bytes_each * 1525674 / 1e6\nfirst_block = 0.5504",
        "megabytes: found",
    ),
    "numbers-not-bytes": (
        "megabytes = batch * 1525674 / 1e6\nfirst_block = 0.5504",
        "megabytes: found",
    ),
    "after-the-pooling": (
        "megabytes = batch * bytes_each * 3 * 96 * 26**2 / 1e6\nfirst_block = 0.5504",
        "megabytes: found",
    ),
    "percent": (
        "megabytes = batch * bytes_each * 1.525674\nfirst_block = 55.04",
        "first_block: found",
    ),
    "share-of-the-work": (
        "megabytes = batch * bytes_each * 1.525674\nfirst_block = 87.6 / 762.3",
        "first_block: found",
    ),
}
