"""Answers to side-by-side-scaling: what must be refused, and what accepted."""

RIGHT = {
    "counted": """
def counts(channels, side):
    kernel = 9 * channels * channels
    return kernel, kernel * side**2, channels * side**2


before, after = counts(64, 32), counts(64 // narrower, 32 // smaller)
parameters, work, activations = (a / b for a, b in zip(before, after))
""",
    "step-by-step": """
parameters = narrower * narrower
places = smaller * smaller
work = parameters * places
activations = narrower * places
""",
}
WRONG = {
    "channels-once": (
        "parameters, work = narrower, narrower * smaller**2\n"
        "activations = narrower * smaller**2",
        "parameters: found 2, which is too low.",
    ),
    "one-side": (
        "parameters, work, activations = narrower**2, narrower**2 * smaller, narrower",
        "work: found 8, which is too low.",
    ),
    "kernels-shrink-too": (
        "parameters = work = narrower**2 * smaller**2\n"
        "activations = narrower * smaller**2",
        "parameters: found 16, which is too high.",
    ),
    "maps-of-kernels": (
        "parameters, work = narrower**2, narrower**2 * smaller**2\n"
        "activations = narrower**2 * smaller**2",
        "activations: found 16, which is too high.",
    ),
    "inverse": (
        "parameters = 1 / narrower**2\nwork = parameters\nactivations = parameters",
        "parameters: found 0.25",
    ),
}
