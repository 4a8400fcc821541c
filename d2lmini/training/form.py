"""Whether what a file holds is what this run could have stored in it."""

import cmath
import copy
import random
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from d2lmini.training.history import History
from d2lmini.training.run import Run, of_python, optimized, plain

Content = dict[str, Any]


def fitted(state: Content, history: History, run: Run) -> Content:
    """``state`` as ``run`` can load it; an error if no training of it writes such.

    ValueError, or whatever comes of a part that is missing or no such part; ``run``
    stays as it is, but for the random state.  Shapes and types are compared before a
    number is looked at: a kernel that updates all weights at once trusts them.
    """
    own = run.state_dict()
    _of_history(history)
    for part in ("net", "unsaved", "others", "scaler", "average"):
        _alike(part, state[part], own[part])
    _of_random(state["random"], own["random"], run.device)
    usual = _stepped(run)
    optimizer = _of_optimizer(state, history, run, usual)
    if any(not value >= 0 for value in state["scaler"].values()):
        raise ValueError("a scale is negative")
    unbounded = [str(name) for name in state["infinite"]]
    for name, value in _leaves(state):
        if not _whole(value) or (name not in unbounded and not _finite(value)):
            raise ValueError(f"{name} is not finite")
    if usual is not None:
        bounded = not any(name.startswith("/optimizer") for name in unbounded)
        _step(run, optimizer, finite=bounded and not infinite(usual))
    return {**state, "optimizer": optimizer}


def infinite(state: Content) -> list[str]:
    """What in ``state`` is not finite, as the masks of some nets are, by its names."""
    return [name for name, value in _leaves(state) if not _finite(value)]


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The tensors and fractions within dicts, lists and tuples, and their names."""
    if isinstance(value, (Tensor, float, complex)):
        yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, f"{name}/{key}")
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from _leaves(part, f"{name}/{i}")


def _finite(value: Any) -> bool:
    if not isinstance(value, Tensor):
        return cmath.isfinite(value)
    if not (value.is_floating_point() or value.is_complex()):
        return True
    # Of numbers of eight bits PyTorch does not say it.
    return bool(torch.isfinite(value if value.itemsize > 1 else value.float()).all())


def _whole(value: Any) -> bool:
    """Whether a tensor holds as many numbers as it says."""
    if not isinstance(value, Tensor):
        return True
    return value.layout == torch.strided and (
        value.nbytes <= value.untyped_storage().nbytes() and not value.is_meta
    )


def _alike(name: str, value: Any, own: Any) -> None:
    """ValueError unless ``value`` has the form of ``own``, whatever the numbers are."""
    parts: Any = ()
    if isinstance(own, Tensor):
        fits = isinstance(value, Tensor) and _whole(value)
        fits = fits and (value.shape, value.dtype) == (own.shape, own.dtype)
    elif isinstance(own, dict):
        fits = isinstance(value, dict) and value.keys() == own.keys()
        parts = [key for key in own if not str(key).endswith("_extra_state")]
    elif isinstance(own, (list, tuple)):
        fits = type(value) is type(own) and len(value) == len(own)
        parts = range(len(own))
    elif _is_number(own):
        fits = _is_number(value)
    else:
        fits = type(value) is type(own)
    if not fits:
        raise ValueError(f"{name} has another form")
    for part in parts:
        _alike(f"{name}/{part}", value[part], own[part])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _of_history(history: History) -> None:
    epochs, asked = len(history.epochs), history.recipe["epochs"]
    if epochs > asked or (history.finished and epochs < asked):
        raise ValueError(f"it has {epochs} epochs of {asked}")
    if not all(_finite(epoch.loss) for epoch in history.epochs):
        raise ValueError("a loss is not finite")
    if not isinstance(history.versions["torch"], str):
        raise TypeError("a version is no text")


def _of_random(stored: Content, own: Content, device: torch.device) -> None:
    """Whatever the generators say of a state that is none."""
    if own.keys() - stored.keys() - {"cuda"}:  # a run may change to a GPU
        raise ValueError("the state of a generator is missing")
    torch.Generator().set_state(stored["cpu"].cpu())
    random.Random().setstate(of_python(stored["python"]))
    if not isinstance(stored["python"][2], (float, type(None))):
        raise TypeError("a number that has been drawn is none")
    if "cuda" in stored and device.type == "cuda":
        torch.Generator(device).set_state(stored["cuda"].cpu())
    if "numpy" in stored:
        _of_numpy(**stored["numpy"])


def _of_numpy(key: Tensor, pos: int, has_gauss: int, gauss: float) -> None:
    """ValueError for a state that NumPy would take, and read beyond its memory."""
    words = torch.zeros(624, dtype=torch.int64, device="cpu")
    _alike("numpy", [key, gauss], [words, 0.0])
    if not (all(0 <= k < 2**32 for k in key.tolist()) and type(pos) is int):
        raise ValueError("numpy has another form")
    if not (0 <= pos <= 624 and has_gauss in (0, 1)):
        raise ValueError("numpy has another form")


# The optimizer

#: What PyTorch's own keep that is a count, or a mean or sum of squares.
_POSITIVE = {
    *("step", "exp_avg_sq", "max_exp_avg_sq", "square_avg", "acc_delta", "exp_inf"),
    *("sum", "row_var", "col_var", "variance", "step_size"),
}


def _of_optimizer(
    state: Content, history: History, run: Run, usual: Content | None
) -> Content:
    """Its part of ``state``, laid out in memory as the weights are.

    ``usual`` is what it would keep after a step.  PyTorch's own optimizers keep the
    same forever, and options that stay; those of others may do otherwise.
    """
    stored, own = state["optimizer"], plain(run.optimizer.state_dict())
    exact = type(run.optimizer).__module__.startswith("torch.optim")
    exact = exact or any(group.get("fused") for group in own["param_groups"])
    same = history.versions["torch"] == torch.__version__
    if not isinstance(stored, dict) or not isinstance(stored["state"], dict):
        raise TypeError("the optimizer is no dictionary")
    pairs = zip(own["param_groups"], stored["param_groups"], strict=True)
    groups = [_options(mine, theirs, exact, same) for mine, theirs in pairs]
    kept = stored["state"]
    if usual is not None and history.epochs:  # before, an interrupted net has moved
        _refuse_fewer(kept, usual["state"], state, run)
    if exact and usual is not None:
        kept = {i: _laid_out(i, kept[i], usual["state"][i]) for i in kept}
    _refuse_negative(kept, _POSITIVE if exact else {"step"})
    return {"state": kept, "param_groups": groups}


def _options(mine: Content, theirs: Content, exact: bool, same: bool) -> Content:
    """Those of a group; ValueError for one that the run has not and cannot get.

    ``same``: PyTorch has the version that wrote them; others know other options.
    """
    if not isinstance(theirs, dict):
        raise TypeError("a group of weights is no dictionary")
    if theirs["params"] != mine["params"] or not theirs["lr"] >= 0:
        raise ValueError("the order of the weights or the learning rate is none of it")
    if same and mine.keys() - theirs.keys():
        raise ValueError("an option is missing")
    for name in (mine.keys() & theirs.keys()) - {"params"}:
        value, own = theirs[name], mine[name]
        if isinstance(own, list) and not exact:
            continue  # which may grow
        _alike(name, value, own)
        moves = name == "lr" or (not exact and not isinstance(own, (bool, str)))
        if not moves and not _equal(value, own):
            raise ValueError(f"{name} is another one")
    return {**mine, **theirs}


def _equal(value: Any, own: Any) -> bool:
    return torch.equal(value, own) if isinstance(own, Tensor) else bool(value == own)


def _refuse_fewer(
    kept: dict[int, Any], usual: dict[int, Any], state: Content, run: Run
) -> None:
    """ValueError for a weight that has moved, and of which nothing is kept."""
    names = {id(weight): name for name, weight in run.net.named_parameters()}
    for i, weight in enumerate(optimized(run.optimizer)):
        name = names.get(id(weight))
        if not name or not usual.get(i) or kept.get(i) or not weight.requires_grad:
            continue
        if not torch.equal(state["net"][name], weight):
            raise ValueError(f"nothing is kept of {name}")


def _refuse_negative(kept: dict[int, Any], names: set[str]) -> None:
    for number, values in kept.items():
        for name in names & values.keys():
            if not bool((torch.as_tensor(values[name]) >= 0).all()):
                raise ValueError(f"state/{number}/{name} is negative")


def _laid_out(number: int, kept: Content, usual: Content) -> Content:
    _alike(f"state/{number}", kept, usual)
    return {
        name: torch.empty_like(usual[name]).copy_(value)
        if isinstance(value, Tensor)
        else value
        for name, value in kept.items()
    }


def _step(run: Run, optimizer: Content, finite: bool) -> None:
    """An error unless the run's optimizer can go on from ``optimizer``."""
    after = _stepped(run, optimizer)
    assert after is not None
    if finite and infinite(after):
        raise ValueError("a step from there is not finite")


def _stepped(run: Run, loaded: Content | None = None) -> Content | None:
    """The state and the weights after a step without gradients, taken on copies.

    From the state that is ``loaded``; without one, from that of the run, and None if
    the optimizer needs more than gradients for its step.
    """
    try:
        twin = _copied(run.optimizer)
        if loaded:
            twin.load_state_dict(copy.deepcopy(loaded))
        sparse = _sparse_places(run)
        for i, weight in enumerate(optimized(twin)):
            if weight.is_floating_point() or weight.is_complex():
                zeros = torch.zeros_like(weight)
                weight.grad = zeros.to_sparse(1) if i in sparse else zeros
        type(twin).step(twin)
    except Exception:
        if loaded:
            raise
        return None
    return {**twin.state_dict(), "weights": [w.detach() for w in optimized(twin)]}


def _copied(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """``optimizer`` with weights of its own, and without hooks."""
    twin = object.__new__(type(optimizer))
    vars(twin).update(copy.deepcopy(vars(optimizer)))
    for name in ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks"):
        vars(twin).get(name, {}).clear()
    return twin


def _sparse_places(run: Run) -> set[int]:
    """Which weights get gradients that hold a few rows alone."""
    layers = [m for m in run.net.modules() if getattr(m, "sparse", False) is True]
    rows = {id(weight) for layer in layers for weight in layer.parameters()}
    return {i for i, w in enumerate(optimized(run.optimizer)) if id(w) in rows}
