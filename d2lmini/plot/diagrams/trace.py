"""What a block does to an image, step by step, as a graph."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from d2lmini.nets.misfit import is_network, walk
from d2lmini.nets.twin import tensors
from d2lmini.plot.diagrams.words import Kind, Words, of_function, of_layer

MOST = 60  # boxes in a figure that can still be read


@dataclass(frozen=True)
class Step:
    """One box: layers that follow each other, and the shape they end at."""

    words: tuple[Words, ...]
    before: tuple[int, ...]  # the boxes it takes, the input being 0
    shape: tuple[int, ...]  # without the batch

    @property
    def kind(self) -> Kind:
        """That of the layer which gives the box its colour."""
        kinds = [words.kind for words in self.words]
        return next((kind for kind in kinds if kind is not Kind.SMALL), Kind.SMALL)


def steps(block: nn.Module, shape: tuple[int, int, int]) -> list[Step]:
    """The boxes of ``block`` for an image (C, H, W): the input, then the rest.

    Activations and normalisations share the box of their convolution.  A copy of
    the block runs once, so that whatever its ``forward`` does is what is drawn.
    Raises ValueError if the image does not fit.
    """
    is_network("block", block)
    root = nn.Sequential(block) if _is_layer(block) else block
    made, end = walk(root, shape, _recorded)
    if end == 0:
        raise ValueError(
            f"{type(block).__name__} returns nothing that a layer made of its input: "
            "a diagram needs a block that maps an image to one tensor."
        )
    found = _merged(made[: end + 1])
    if len(found) > MOST:
        raise ValueError(
            f"{type(block).__name__} has {len(found)} boxes, and {MOST} is the most "
            "that can be read: draw one of its blocks."
        )
    return found


def _recorded(twin: nn.Module, X: Tensor) -> tuple[list[Step], int]:
    """Every step of a pass, and the number of the one that made the output."""
    recorder = _Recorder(X)
    hooks = [hook for m in twin.modules() for hook in recorder.watch(m, twin)]
    try:
        with recorder:
            out = next(tensors([twin(X)]), None)
        return recorder.steps, recorder.source(out)
    finally:
        for hook in hooks:
            hook.remove()


def _is_layer(module: nn.Module) -> bool:
    """Whether a module is one box: a layer of torch.nn, or one without parts."""
    if isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
        return False
    return type(module).__module__.startswith("torch.nn") or not any(module.children())


class _Recorder(TorchFunctionMode):
    """Notes which tensor every layer and every function makes of which others."""

    def __init__(self, X: Tensor) -> None:
        super().__init__()
        self.steps = [Step((Words("input", Kind.INPUT),), (), tuple(X.shape[1:]))]
        # Keyed by identity; the tensors are kept, so that no id is reused.
        self._made: dict[int, tuple[Tensor, int]] = {id(X): (X, 0)}
        self._inside = 0  # layers whose own functions are running

    def source(self, out: object) -> int:
        """The step that made ``out``; 0 for the input and for what is unknown."""
        return self._made[id(out)][1] if id(out) in self._made else 0

    def watch(self, layer: nn.Module, root: nn.Module) -> list[Any]:
        """Hooks that note ``layer`` as one step, whatever it calls inside."""
        if layer is root or not _is_layer(layer):
            return []

        def before(layer: nn.Module, args: Any) -> None:
            self._inside += 1

        def after(layer: nn.Module, args: Any, kwargs: Any, out: Any) -> Any:
            given = (*args, *kwargs.values())
            changed = bool(getattr(layer, "inplace", False))
            out = self._fresh(given, out, changed)
            self._inside -= 1
            if not self._inside and not isinstance(layer, nn.Identity):
                self._note(of_layer(layer), given, out)
            elif not self._inside:
                self._pass_on(given, out)
            return out

        return [
            layer.register_forward_pre_hook(before),
            layer.register_forward_hook(after, with_kwargs=True),
        ]

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if self._inside:
            return out
        words = of_function(func, args, kwargs)
        out = self._fresh(args, out, words.changes)
        given = (*args, *kwargs.values())
        if words.kind is Kind.NONE:
            self._pass_on(given, out)
        else:
            self._note(words, given, out)
        return out

    def _fresh(self, args: Any, out: Any, changed: bool) -> Any:
        """``out`` as a tensor of its own where a layer only hands its input on."""
        same = not changed and any(out is t for t in tensors(args))
        return out.view_as(out) if same else out

    def _sources(self, given: Any) -> tuple[int, ...]:
        known = [self._made[id(t)][1] for t in tensors(given) if id(t) in self._made]
        return tuple(dict.fromkeys(known))

    def _pass_on(self, given: Any, out: Any) -> None:
        before = self._sources(given)
        if before and isinstance(out, Tensor):
            self._made[id(out)] = (out, before[0])

    def _note(self, words: Words, given: Any, out: Any) -> None:
        before, made = self._sources(given), list(tensors([out]))
        if not before or not made:
            return  # numbers, sizes, and what does not come from the image
        if words.kind is Kind.JOIN and len(before) < 2:
            if not words.sign:  # a concatenation of one
                return self._pass_on(given, out)
            words = Words(words.name, Kind.OTHER)
        self.steps.append(Step((words,), before, tuple(made[0].shape[1:])))
        for tensor in made:
            self._made[id(tensor)] = (tensor, len(self.steps) - 1)


def _merged(found: Sequence[Step]) -> list[Step]:
    """The steps that reach the last one, layers and activations in one box."""
    needed = _needed(found)
    uses = Counter(b for i in needed for b in found[i].before)
    groups: list[list[int]] = []
    for chain in _chains(found, needed, uses):
        groups += _groups(found, chain)
    groups.sort()
    box = {i: number for number, group in enumerate(groups) for i in group}
    return [
        Step(
            tuple(words for i in group for words in found[i].words),
            tuple(box[b] for b in found[group[0]].before),
            found[group[-1]].shape,
        )
        for group in groups
    ]


def _needed(found: Sequence[Step]) -> list[int]:
    """The input, and the steps that the last one depends on."""
    reached, waiting = {0}, [len(found) - 1]
    while waiting:
        i = waiting.pop()
        reached.add(i)
        waiting += [b for b in found[i].before if b not in reached]
    return sorted(reached)


def _chains(
    found: Sequence[Step], needed: Sequence[int], uses: Counter[int]
) -> list[list[int]]:
    """Runs of steps that feed one another and nothing else."""
    chains: dict[int, list[int]] = {}  # by their last step
    for i in needed:
        before, kind = found[i].before, found[i].kind
        single = len(before) == 1 and uses[before[0]] == 1
        own = (Kind.INPUT, Kind.JOIN)
        if single and kind not in own and found[before[0]].kind not in own:
            chain = chains.pop(before[0])
        else:
            chain = []
        chains[i] = [*chain, i]
    return list(chains.values())


def _groups(found: Sequence[Step], chain: Sequence[int]) -> list[list[int]]:
    """Splits a chain so that each box has one layer and its small companions.

    They follow their layer, unless the chain begins with one: then they
    lead it, as in a pre-activation block.
    """
    leading = found[chain[0]].kind is Kind.SMALL
    groups: list[list[int]] = [[]]
    for i in chain:
        main = found[i].kind is not Kind.SMALL
        if main and not leading and groups[-1]:
            groups.append([])
        groups[-1].append(i)
        if main and leading:
            groups.append([])
    return [group for group in groups if group]
