"""Nothing in the package depends on what somebody has made PyTorch's defaults."""

import ast
from pathlib import Path

import d2lmini

WHOLE = ("arange", "randint", "randperm")
MAKE = ("empty", "eye", "full", "linspace", "ones", "rand", "randn", "tensor", "zeros")


def undecided(source: str) -> list[str]:
    """The calls that make a tensor without saying where, or of what type."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func).removeprefix("torch.")
        said = {option.arg for option in call.keywords}
        needs = {"device"} if name in WHOLE else {"device", "dtype"}
        made = ast.unparse(call.func) == f"torch.{name}" and name in (*WHOLE, *MAKE)
        if made and None not in said and not needs <= said:  # None is **options
            found.append(f"line {call.lineno}: {ast.unparse(call)}")
    return found


def test_every_new_tensor_says_its_type_and_its_device():
    files = Path(d2lmini.__file__).parent.rglob("*.py")
    found = {file.name: undecided(file.read_text("utf-8")) for file in files}
    assert not {name: calls for name, calls in found.items() if calls}


def test_one_that_does_not_is_found():
    assert undecided("torch.zeros(3, dtype=x)") and undecided("torch.arange(3)")
    assert not undecided("torch.zeros(3, **plain); torch.arange(3, device=x)")
