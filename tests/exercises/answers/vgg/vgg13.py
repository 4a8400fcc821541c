"""Answers to vgg-vgg13: what a check must refuse, and what it must accept."""

LIST = "VGG13 = [(2, 64), (2, 128), (2, 256), (2, 512), (2, 512)]\n"
DEPTH = """
def depth(stages):
    return 3 + sum(stage[0] for stage in stages)
"""
RIGHT = {
    "a-list": LIST + DEPTH,
    "by-loops": """
VGG13 = tuple((2, min(64 * 2**i, 512)) for i in range(5))


def depth(stages):
    layers = 3
    for convs, _ in stages:
        layers += convs
    return layers
""",
}
WRONG = {
    "vgg-11": (
        "VGG13 = [(1, 64), (1, 128), (2, 256), (2, 512), (2, 512)]\n" + DEPTH,
        "VGG13, outputs of each layer",
    ),
    "vgg-16": (
        "VGG13 = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]\n" + DEPTH,
        "VGG13, outputs of each layer",
    ),
    "channels-keep-doubling": (
        LIST.replace("(2, 512)]", "(2, 1024)]") + DEPTH,
        "VGG13, outputs of each layer",
    ),
    "one-block-less": (
        LIST.replace(", (2, 512)]", "]") + DEPTH,
        "the number of blocks in VGG13",
    ),
    "blocks-counted": (
        LIST + "\n\ndef depth(stages):\n    return len(stages) + 3\n",
        "depth of VGG-11: found 8, expected 11",
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
        "depth of [(2, 64)",
    ),
}
