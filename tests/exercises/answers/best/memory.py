"""Answers to best-memory: what a check must refuse, and what it must accept."""

RIGHT = {
    "step-by-step": """
left = 1.0
for _ in range(steps):
    left *= decay
share = 1 - left
""",
    "sum": "share = (1 - decay) * sum(decay**i for i in range(steps))",
}
WRONG = {
    "what-is-left": ("share = decay**steps", "share: found"),
    "straight": ("share = (1 - decay) * steps", "share: found"),
    "one-step": ("share = 1 - decay", "share: found"),
    "text": ("share = 'most of it'", "which is no number"),
}
