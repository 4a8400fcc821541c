"""Answers to vgg-vgg13: what a check must refuse, and what it must accept."""

LIST = "STAGES = [(2, 64), (2, 128), (2, 256), (2, 512), (2, 512)]\n"
DEPTH = """
def depth(stages):
    return 3 + sum(stage[0] for stage in stages)
"""
RIGHT = {
    "a-list": "STAGES = [(n, min(64 * 2**i, 512)) for i, n in enumerate(per_block)]\n"
    + DEPTH,
    "by-loops": """
STAGES = tuple((per_block[i], (64, 128, 256, 512, 512)[i]) for i in range(5))


def depth(stages):
    layers = 3
    for convs, _ in stages:
        layers += convs
    return layers
""",
}
WRONG = {
    "vgg-11": (
        "STAGES = [(1, 64), (1, 128), (2, 256), (2, 512), (2, 512)]\n" + DEPTH,
        "STAGES, outputs of each layer",
    ),
    "vgg-16": (
        "STAGES = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]\n" + DEPTH,
        "STAGES, outputs of each layer",
    ),
    "channels-keep-doubling": (
        LIST.replace("(2, 512)]", "(2, 1024)]") + DEPTH,
        "STAGES, outputs of each layer",
    ),
    "one-block-less": (
        LIST.replace(", (2, 512)]", "]") + DEPTH,
        "the number of blocks in STAGES",
    ),
    "blocks-counted": (
        LIST + "\n\ndef depth(stages):\n    return len(stages) + 3\n",
        "(1, 128), (2, 256), (2, 512), (2, 512)): found 8, expected 11.",
    ),
    "five-blocks-only": (
        LIST
        + """

def depth(stages):
    return sum(stages[i][0] for i in range(min(len(stages), 2))) + 9
""",
        "depth of",
    ),
    "constant": (
        LIST + "\n\ndef depth(stages):\n    return 11\n",
        "depth of ((2, 64)",
    ),
    "another-name": (
        LIST.replace("STAGES", "stages") + DEPTH,
        "6 of 7 cases are right",
    ),
}
CHANGED = {
    "two-depths-by-heart": (
        "return sum(convs for convs, channels in stages) + 3",
        "return 11 if stages[0][0] == 1 else 13",
        "depth of ((2, 8), (3, 8)): found 13, expected 8.",
    ),
    "depth-by-blocks": (
        "return sum(convs for convs, channels in stages) + 3",
        "return 2 * len(stages) + 3",
        "(1, 128), (2, 256), (2, 512), (2, 512)): found 13, expected 11.",
    ),
    "poolings-counted": (
        "+ 3",
        "+ 3 + len(stages)",
        "(1, 128), (2, 256), (2, 512), (2, 512)): found 16, expected 11.",
    ),
    "vgg16": (
        "zip(per_block,",
        "zip((2, 2, 3, 3, 3),",
        "128, 128, 256, 256, 512, 512, 512, 512, 4096, 4096, 10) with 13.",
    ),
    "narrow-end": (
        "512, 512), strict",
        "512, 256), strict",
        "512, 512, 256, 256, 4096, 4096, 10): found 256, expected 512.",
    ),
}
