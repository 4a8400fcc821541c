"""Answers to batch-normalisation-outlier: what a check must refuse and accept."""

RIGHT = {
    "closed-form": """
bright_out = (pictures * height * width - 1) ** 0.5
dark_out = -1 / bright_out
""",
    "all-numbers": """
import statistics

numbers = [0.0] * (pictures * height * width - 1) + [float(bright)]
mean, std = statistics.fmean(numbers), statistics.pstdev(numbers)
dark_out, *_, bright_out = [(x - mean) / std for x in numbers]
""",
    "torch-by-hand": """
import torch

X = torch.zeros(pictures * height * width, dtype=torch.float64)
X[0] = bright
bright_out, dark_out = ((X - X.mean()) / X.std(correction=0))[:2]
""",
    "three-digits": """
bright_out = (pictures * height * width - 1) ** 0.5
dark_out = float(f"{-1 / bright_out:.3g}")
bright_out = float(f"{bright_out:.3g}")
""",
}
WRONG = {
    "constant": ("bright_out, dark_out = 1, -1", "bright_out: found 1"),
    "each-picture-by-itself": (
        """
bright_out = (height * width - 1) ** 0.5
dark_out = -1 / bright_out
""",
        "bright_out: found",
    ),
    "over-the-batch-alone": (
        """
bright_out = (pictures - 1) ** 0.5
dark_out = 0
""",
        "bright_out: found",
    ),
    "unbiased-variance": (
        """
n = pictures * height * width
mean = bright / n
std = ((bright**2 - n * mean**2) / (n - 1)) ** 0.5
bright_out, dark_out = (bright - mean) / std, -mean / std
""",
        "bright_out: found",
    ),
    "off-by-one": (
        """
bright_out = (pictures * height * width) ** 0.5
dark_out = -1 / bright_out
""",
        "bright_out: found",
    ),
    "mean-not-taken-off": (
        """
n = pictures * height * width
bright_out, dark_out = (n - 1) ** 0.5, 0
""",
        "dark_out: found 0",
    ),
}
