"""Answers to cross-correlation-learn: what a check must refuse and must accept."""

RIGHT = {
    "the-normal-equations": """
import torch


def learn(X, Y, kernel_size):
    A = torch.nn.functional.unfold(X[None, None], kernel_size)[0]  # (k_h k_w, h w)
    return torch.linalg.solve(A @ A.T, A @ Y.flatten()).reshape(kernel_size)
""",
    "loops-and-the-pseudo-inverse": """
import torch


def learn(X, Y, kernel_size):
    k_h, k_w = kernel_size
    rows = []
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            rows.append(X[i : i + k_h, j : j + k_w].reshape(-1))
    return (torch.linalg.pinv(torch.stack(rows)) @ Y.flatten()).view(k_h, k_w)
""",
    "descent-that-is-patient-enough": """
import torch


def learn(X, Y, kernel_size):
    K = torch.zeros(kernel_size, dtype=X.dtype, requires_grad=True)
    for _ in range(400):
        loss = ((correlate(X, K) - Y) ** 2).mean()
        (gradient,) = torch.autograd.grad(loss, K)
        K = (K - 0.2 * gradient).detach().requires_grad_()
    return K.detach()
""",
}

WRONG = {
    "constant": (
        """
import torch


def learn(X, Y, kernel_size):
    return torch.tensor([[1.0, -1.0]], dtype=X.dtype)
""",
        "the kernel 0, 1, ..., 5 (2×3): found shape (1, 2), expected (2, 3)",
    ),
    "turned-over": (
        """
import torch


def learn(X, Y, kernel_size):
    A = torch.nn.functional.unfold(X[None, None], kernel_size)[0]
    K = torch.linalg.solve(A @ A.T, A @ Y.flatten()).reshape(kernel_size)
    return K.flip(0, 1)
""",
        "the kernel [1, -1]: found -1 at [0, 0], expected 1",
    ),
    "transposed": (
        """
import torch


def learn(X, Y, kernel_size):
    A = torch.nn.functional.unfold(X[None, None], kernel_size)[0]
    return torch.linalg.solve(A @ A.T, A @ Y.flatten()).reshape(kernel_size).T
""",
        "found shape (2, 1), expected (1, 2)",
    ),
    "filled-column-by-column": (
        """
import torch


def learn(X, Y, kernel_size):
    k_h, k_w = kernel_size
    A = torch.nn.functional.unfold(X[None, None], kernel_size)[0]
    return torch.linalg.solve(A @ A.T, A @ Y.flatten()).reshape(k_w, k_h).T
""",
        "the kernel 0, 1, ..., 5 (2×3): found 2 at [0, 1], expected 1",
    ),
    "one-matrix-column": (
        """
import torch


def learn(X, Y, kernel_size):
    A = torch.nn.functional.unfold(X[None, None], kernel_size)[0]
    return torch.linalg.solve(A @ A.T, A @ Y.flatten())
""",
        "found shape (2,), expected (1, 2)",
    ),
    "with-a-bias": (
        """
import torch


def learn(X, Y, kernel_size):
    A = torch.nn.functional.unfold(X[None, None], kernel_size)[0]
    A = torch.cat([A, torch.ones_like(A[:1])])
    solved = torch.linalg.solve(A @ A.T, A @ Y.flatten())
    return solved[:-1].reshape(kernel_size)
""",
        "the output 0.5 too bright",
    ),
    "descent-that-stops-early": (
        """
import torch


def learn(X, Y, kernel_size):
    K = torch.zeros(kernel_size, dtype=X.dtype, requires_grad=True)
    for _ in range(10):
        loss = ((correlate(X, K) - Y) ** 2).mean()
        (gradient,) = torch.autograd.grad(loss, K)
        K = (K - 0.1 * gradient).detach().requires_grad_()
    return K.detach()
""",
        "the kernel [1, -1]: found 0.",
    ),
    "only-as-many-equations-as-unknowns": (
        """
import torch


def learn(X, Y, kernel_size):
    A = torch.nn.functional.unfold(X[None, None], kernel_size)[0].T
    n = A.shape[1]
    return torch.linalg.solve(A[:n], Y.flatten()[:n]).reshape(kernel_size)
""",
        "the output 0.5 too bright",
    ),
    "mutates-its-input": (
        """
import torch


def learn(X, Y, kernel_size):
    A = torch.nn.functional.unfold(X[None, None], kernel_size)[0]
    K = torch.linalg.solve(A @ A.T, A @ Y.flatten()).reshape(kernel_size)
    Y -= correlate(X, K)
    return K
""",
        "changed its input number 2",
    ),
}
CHANGED = {
    "first-row-only": (
        "windows = X.unfold(0, k_h, 1).unfold(1, k_w, 1)",
        ("Y = Y[:2]\n    windows = X[: k_h + 1].unfold(0, k_h, 1).unfold(1, k_w, 1)"),
        "1.036074 at [0, 0], expected 0.9800477 (2 of 2 numbers differ).",
    ),
    "mean-taken-off": (
        "Y.reshape(-1, 1)",
        "(Y - Y.mean()).reshape(-1, 1)",
        "found 1.001238 at [0, 0], expected 1 (2 of 2 numbers differ).",
    ),
    "a-little-decay": (
        "return torch.linalg.lstsq(A, Y.reshape(-1, 1)).solution.reshape(k_h, k_w)",
        (
            "B = A.T @ A + 0.1 * torch.eye(A.shape[1], dtype=A.dtype)\n"
            "    return torch.linalg.solve(B, A.T @ Y.flatten()).reshape(k_h, k_w)"
        ),
        "found 0.9989099 at [0, 0], expected 1 (2 of 2 numbers differ).",
    ),
    "correlation-only": (
        "return torch.linalg.lstsq(A, Y.reshape(-1, 1)).solution.reshape(k_h, k_w)",
        "return (A.T @ Y.flatten() / A.square().sum(0)).reshape(k_h, k_w)",
        "found 0.8559176 at [0, 0], expected 1 (2 of 2 numbers differ).",
    ),
    "rounded": (
        "solution.reshape(k_h, k_w)",
        "solution.reshape(k_h, k_w).round()",
        "found 1 at [0, 0], expected 0.9800477 (2 of 2 numbers differ).",
    ),
}
