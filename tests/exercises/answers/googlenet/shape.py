"""Answers to googlenet-shape: what a check must refuse, and what it must accept."""

RIGHT = {
    "unpacked": """
_, wide3 = three
_, wide5 = five
after_block = (batch, sum([one, wide3, wide5, pooled]), height, width)
after_pooling = (*after_block[:2], (height + 1) // 2, (width + 1) // 2)
""",
    "loop": """
total = 0
for path in (one, three, five, pooled):
    total += path if isinstance(path, int) else path[-1]
after_block = [batch, total, height, width]
after_pooling = [batch, total, -(-height // 2), -(-width // 2)]
""",
}
WRONG = {
    "nothing": ("after_block = after_pooling = None", "after_block: got None"),
    "narrow-ones-too": (
        """
channels = one + sum(three) + sum(five) + pooled
after_block = (batch, channels, height, width)
after_pooling = (batch, channels, (height + 1) // 2, (width + 1) // 2)
""",
        "after_block, entry 1",
    ),
    "input-added": (
        """
channels = in_channels + one + three[1] + five[1] + pooled
after_block = (batch, channels, height, width)
after_pooling = (batch, channels, (height + 1) // 2, (width + 1) // 2)
""",
        "after_block, entry 1",
    ),
    "unpadded-pooling": (
        """
channels = one + three[1] + five[1] + pooled
after_block = (batch, channels, height, width)
after_pooling = (batch, channels, (height - 3) // 2 + 1, (width - 3) // 2 + 1)
""",
        "after_pooling, entry 2",
    ),
    "turned": (
        """
channels = one + three[1] + five[1] + pooled
after_block = (batch, channels, width, height)
after_pooling = (batch, channels, (width + 1) // 2, (height + 1) // 2)
""",
        "after_block, entry 2",
    ),
}
