"""Answers to cross-correlation-ramp: what a check must refuse and must accept."""

RIGHT = {
    "window-by-window": """
rows = [slope * j for j in range(side)]
shape = [height + 1 - side, width + 1 - side]
value_dark = side * (rows[0] - rows[-1])
value_lit = side * ((rows[0] + lamp) - (rows[-1] + lamp))
""",
    "torch-does-it": """
import torch

light = [0.0, float(lamp)]
ramp = torch.stack([slope * torch.arange(width) + a for a in light])
ramp = ramp[:, None].expand(2, height, width)
windows = ramp.unfold(1, side, 1).unfold(2, side, 1)
answers = windows[..., 0].sum(-1) - windows[..., -1].sum(-1)
shape = answers.shape[1:]
value_dark, value_lit = answers[:, 0, 0].int().tolist()
""",
}

WRONG = {
    "constant": (
        "shape, value_dark, value_lit = (18, 28), 0, 0",
        "value_dark: found 0",
    ),
    "off-by-one": (
        """
shape = (height - side, width - side)
value_dark = value_lit = -side * slope * (side - 1)
""",
        "shape, entry 0",
    ),
    "columns-first": (
        """
shape = (width - side + 1, height - side + 1)
value_dark = value_lit = -side * slope * (side - 1)
""",
        "shape, entry 0 in (28, 18)",
    ),
    "the-other-sign": (
        """
shape = (height - side + 1, width - side + 1)
value_dark = value_lit = side * slope * (side - 1)
""",
        "value_dark: found 12, which is too high.",
    ),
    "as-many-steps-as-columns": (
        """
shape = (height - side + 1, width - side + 1)
value_dark = value_lit = -side * slope * side
""",
        "value_dark: found -18",
    ),
    "the-lamp-is-seen": (
        """
shape = (height - side + 1, width - side + 1)
value_dark = -side * slope * (side - 1)
value_lit = value_dark + side * lamp
""",
        "value_lit, with the lamp on: found 138, which is too high.",
    ),
    "true-is-no-number": (
        """
shape = (height - side + 1, width - side + 1)
value_dark, value_lit = True, True
""",
        "no number",
    ),
}
