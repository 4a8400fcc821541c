"""Look inside a network: its maps, numbers and answers for any picture."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Dict, Enum, Int, List, TraitError, Unicode, validate

from d2lmini.arguments import found
from d2lmini.widgets import still
from d2lmini.widgets.base import FOLDER, Figure
from d2lmini.widgets.traits import Pair, Whole, Within

if TYPE_CHECKING:
    import torch
    from torch import nn

MOST_PICTURES = 20
MOST_WEIGHTS = 700_000  # that a page carries; of a larger network the kernel computes
MOST_WORK = 80e6  # multiply–adds, about a tenth of a second in a page
MOST_MAPS = 64  # of a layer that the kernel sends, and
MOST_NUMBERS = 2500  # in them, so that what is stored stays small
LARGEST = 1e9  # of a weight that somebody writes
FORMS = ("full", "short")
UNITS = ("relu", "sigmoid", "tanh")
NOTE = (
    "It knows ten kinds of clothes, small, grey, on black, and nothing else. A "
    "photograph of a cat gets an answer too: the ten probabilities add up to 1 "
    "whatever comes in, and there is no “none of them”."
)
ALWAYS = (
    "answers with one of its classes, whatever comes in: the probabilities add up to "
    "1, and there is no “none of them”."
)
#: What the book has trained for the same pictures: the name of its run, a title.
TRAINED = (
    ("lenet", "LeNet"),
    ("lenet-bn", "LeNet + BN"),
    ("slim-small", "the small slim network"),
    ("slim-fast", "the fast slim network"),
)


class NetworkLab(Figure):
    """A network at work on pictures: `NetworkLab(net, X)`, or the book's LeNet.

    Several, `NetworkLab({"wide": net, "deep": other}, X)`, can stand side by side.
    `X` is (N, C, H, W), of which the first twenty are used, `labels` are names for
    them and `classes` for the answers.  The net is one of the layers that
    `network.export` knows; it comes back as it was.  Up to 700,000 weights it travels
    into the page and computes there; a larger one stays in the kernel, which sends its
    maps.  `form` is "full", or "short" for a first glance.  Raises ValueError, which
    names the layer, for what the page could not compute.
    """

    module = "network_lab"
    nets: List[Any] = List().tag(sync=True)
    pictures: Dict[str, Any] = Dict().tag(sync=True)
    classes: List[Any] = List().tag(sync=True)
    note = Unicode(NOTE).tag(sync=True)
    form = Enum(FORMS, FORMS[0]).tag(sync=True)
    asked = Unicode().tag(sync=True)
    picture = Int(0).tag(sync=True)
    drawing = Unicode().tag(sync=True)
    noise = Within(0, 0, 1).tag(sync=True)
    shift = Pair(0, low=-14, high=14).tag(sync=True)
    rotate = Within(0, -180, 180).tag(sync=True)
    invert = Bool(False).tag(sync=True)
    silenced: List[Any] = List().tag(sync=True)
    edits: List[Any] = List().tag(sync=True)
    selected: List[Any] = List().tag(sync=True)
    source = Int(0).tag(sync=True)
    network = Unicode().tag(sync=True)
    other = Unicode().tag(sync=True)
    tour = Whole(0, 0, 8).tag(sync=True)
    every = Bool(False).tag(sync=True)

    def __init__(
        self,
        net: nn.Module | Mapping[str, nn.Module] | None = None,
        X: torch.Tensor | None = None,
        labels: Sequence[str] | None = None,
        *,
        classes: Sequence[str] | None = None,
        name: str = "",
        bits: int = 16,
        **state: Any,
    ) -> None:
        self._nets = _named(net, name)
        if self._nets:
            pictures = _pictures(_checked(X), labels)
            nets = [
                _own(*one, tuple(pictures["shape"][1:]), bits)
                for one in self._nets.items()
            ]
            state.setdefault("note", f"A network {ALWAYS}")
        else:
            state.setdefault("picture", 9)
            pictures, nets = _ten(), _books(bits, state.get("form") == "short")
        chosen, ids = state.pop("network", nets[0]["id"]), [one["id"] for one in nets]
        if chosen not in ids:
            raise ValueError(f"network is {chosen!r}; there are {', '.join(ids)}.")
        super().__init__(
            nets=nets,
            pictures=pictures,
            classes=_classes(self._nets, pictures, classes),
            network=chosen,
            **state,
        )
        self.observe(self._answer_page, "asked")
        for one in nets:
            if self._nets and "net" not in one:
                self._send_maps(one["id"], self.input)

    @validate("picture")
    def _there(self, proposal: dict[str, Any]) -> int:
        picture, count = int(proposal["value"]), self.pictures["shape"][0]
        if not -1 <= picture < count or (picture < 0 and not self.drawing):
            raise TraitError(
                f"picture is {picture}; give a number from 0 to {count - 1}, or −1 for "
                "the drawing."
            )
        return picture

    @validate("drawing")
    def _of_size(self, proposal: dict[str, Any]) -> str:
        text, shape = str(proposal["value"]), self.pictures["shape"][1:]
        try:
            count = len(base64.b64decode(text, validate=True))
        except ValueError:
            count = -1
        if text and count != math.prod(shape):
            raise TraitError(f"drawing must be base64 of {math.prod(shape)} greys.")
        return text

    @validate("edits")
    def _numbers_in(self, proposal: dict[str, Any]) -> list[Any]:
        edits: list[Any] = proposal["value"]
        for one in edits:
            if len(one) != 3 or not abs(one[2]) <= LARGEST:
                raise TraitError(
                    f"edits holds {one!r}; give [layer, place, weight], the weight at "
                    f"most {LARGEST:g}."
                )
        return edits

    def _answer_page(self, change: dict[str, Any]) -> None:
        """What the page asks a kernel for: "net:name", or "X:name:picture"."""
        kind, _, rest = change["new"].partition(":")
        name, _, text = rest.rpartition(":")
        if kind == "net" and rest in others():
            self._put(rest, {"net": trained(rest)})
        elif kind == "X" and name in self._nets:
            drawn = {**self.pictures, "base64": text, "bits": 8}
            X = _numbers(drawn, (1, *self.pictures["shape"][1:]))
            self._send_maps(name, X, text)

    def _send_maps(self, name: str, X: torch.Tensor, of: str = "") -> None:
        """Let the page see what a net makes of `X`, which the page calls `of`."""
        maps = {**_maps(self._nets[name], X), "of": of or _text(X, self.pictures)}
        self._put(name, {"maps": maps})

    def _put(self, name: str, more: dict[str, Any]) -> None:
        self.nets = [{**one, **more} if one["id"] == name else one for one in self.nets]

    @property
    def input(self) -> torch.Tensor:
        """What the network gets, (1, C, H, W): the chosen picture before any change."""
        pictures = self.pictures
        shape = pictures["shape"]
        if self.picture < 0:
            return _numbers(
                {**pictures, "base64": self.drawing, "bits": 8}, (1, *shape[1:])
            )
        X: torch.Tensor = _numbers(pictures, tuple(shape))[self.picture][None]
        return X

    @property
    def output(self) -> torch.Tensor:
        """The logits for :attr:`input`, from the network itself."""
        import torch

        from d2lmini.nets.borrowed import evaluating

        net = self._module()
        with evaluating(net), torch.no_grad():
            return net(self.input.to(_first(net))).cpu()  # type: ignore[no-any-return]

    def _module(self) -> nn.Module:
        from d2lmini.nets import load

        return self._nets[self.network] if self._nets else load(self.network)

    def describe(self) -> str:
        """One line: the network, its picture and its answer."""
        answer = self.answers
        says = f" says {answer[0][0]}, {answer[0][1]:.0%}" if answer else ""
        return f"NetworkLab: {self._shown()['title']}{says}"

    @property
    def answers(self) -> list[tuple[str, float]]:
        """The classes and their probabilities, the largest first; at most ten.

        Empty for a net that puts out anything but one finite number for each class.
        """
        logits = self.output
        if logits.dim() != 2 or logits.shape[1] < 2 or not logits.isfinite().all():
            return []
        shares = logits.softmax(1)[0]
        order = shares.argsort(descending=True)[:10].tolist()
        return [(self._class(c), float(shares[c])) for c in order]

    def _class(self, number: int) -> str:
        return self.classes[number] if number < len(self.classes) else f"class {number}"

    def still(self) -> str:
        """The picture, what the first convolutions find in it, and the answers."""
        rows = [(name, f"{share:.0%}") for name, share in self.answers]
        parts = [
            still.picture(self.input[0].mean(0).tolist(), "The picture"),
            still.words(rows, "The answer") if rows else "",
            *self._still_maps(),
        ]
        row = still.row(*parts, caption=self.note)
        return f'<div class="d2l-net-still d2l-net-{self.form}">{row}</div>'

    def _still_maps(self) -> list[str]:
        """The maps after the first two convolutions, each layer as one picture."""
        from d2lmini.widgets.network import outputs

        net = self._module()
        made = outputs(net, self.input.to(_first(net)))
        found = [
            Y[0, :16].cpu()
            for node, Y in zip(self._nodes(), made, strict=True)
            if node["op"] in UNITS and Y.dim() == 4
        ]
        sheets = [_sheet(Y) for Y in found[:2]]
        names = [f"What layer {i + 1} finds" for i in range(2)]
        return [still.picture(*one) for one in zip(sheets, names, strict=False)]

    def _nodes(self) -> list[dict[str, Any]]:
        shown = self._shown()
        nodes: list[dict[str, Any]] = (shown.get("net") or shown["maps"])["nodes"]
        return nodes

    def _shown(self) -> dict[str, Any]:
        found: dict[str, Any] = next(n for n in self.nets if n["id"] == self.network)
        return found


def _sheet(maps: torch.Tensor) -> Any:
    """Maps (C, H, W) side by side with a dark column between, as nested lists."""
    import torch

    rim = maps.min().expand(*maps.shape[:2], 1)
    return torch.cat((maps, rim), 2).transpose(0, 1).flatten(1).tolist()


def _named(net: Any, name: str) -> dict[str, nn.Module]:
    """The reader's networks by name; none for those of the book."""
    from torch import nn

    if net is None:
        return {}
    given = net if isinstance(net, Mapping) else {name or type(net).__name__: net}
    for one in given.values():
        if not isinstance(one, nn.Module):
            raise TypeError(f"net must be a network, not {found(one)}.")
    if not given:
        raise ValueError("There is no network: give one, or some by name.")
    return {str(key): one for key, one in given.items()}


def _classes(
    nets: Mapping[str, nn.Module],
    pictures: dict[str, Any],
    classes: Sequence[str] | None,
) -> list[str]:
    """Names for the answers: those given, or those of data with as many classes."""
    from d2lmini.data import CLASSES
    from d2lmini.data.classes import names
    from d2lmini.widgets.network import outputs

    if not nets or classes is not None:
        return list(CLASSES if classes is None else classes)
    X, net = _numbers(pictures, tuple(pictures["shape"]))[:1], next(iter(nets.values()))
    return names(count=outputs(net, X.to(_first(net)))[-1].shape[1])


def _first(net: nn.Module) -> torch.Tensor:
    """A number of the net's, for its type and its device."""
    import torch

    return next(net.parameters(), torch.zeros(1, dtype=torch.float32, device="cpu"))


# ---- pictures ---------------------------------------------------------------------


@cache
def _stored() -> dict[str, Any]:
    text = (FOLDER / "ten.json").read_text(encoding="utf-8")
    pictures: dict[str, Any] = json.loads(text)
    return pictures


def _ten() -> dict[str, Any]:
    """Ten test pictures of Fashion-MNIST, one of each class."""
    return dict(_stored())


def _checked(X: Any) -> torch.Tensor:
    """The first pictures (N, C, H, W) of X, floats on the CPU; else one error."""
    import torch

    if not isinstance(X, torch.Tensor) or X.dim() != 4 or not X.numel():
        raise ValueError(f"X must be pictures (N, C, H, W), not {found(X)}.")
    if X.shape[1] not in (1, 3):
        raise ValueError(f"X has {X.shape[1]} channels: give 1 (grey) or 3 (colour).")
    pictures = X[:MOST_PICTURES].detach().cpu().float()
    if not pictures.isfinite().all():
        raise ValueError("X holds NaN or infinity: give finite numbers.")
    return pictures


def _pictures(X: torch.Tensor, labels: Sequence[str] | None) -> dict[str, Any]:
    """Pictures as the page takes them, in 256 steps where that loses nothing."""
    import torch

    from d2lmini.widgets.network import packed

    low, high = min(0.0, float(X.min())), max(1.0, float(X.max()))
    steps = (X - low) / (high - low) * 255
    exact = torch.equal(steps.round() / 255 * (high - low) + low, X)
    data = steps.round().to(torch.uint8) if exact else X
    given: Any = () if labels is None else labels
    given = given.tolist() if hasattr(given, "tolist") else given  # a tensor of classes
    names = [str(name) for name in given][: len(X)]
    names += [f"picture {i + 1}" for i in range(len(names), len(X))]
    return {
        **packed(data),
        "shape": list(X.shape),
        "low": low,
        "high": high,
        "names": names,
    }


def _numbers(stored: dict[str, Any], shape: tuple[int, ...]) -> torch.Tensor:
    """What `_pictures` has packed."""
    import torch

    raw = bytearray(base64.b64decode(stored["base64"]))
    if stored["bits"] == 32:
        return torch.frombuffer(raw, dtype=torch.float32).reshape(shape)
    low, high = float(stored["low"]), float(stored["high"])
    steps = torch.frombuffer(raw, dtype=torch.uint8).reshape(shape)
    return steps.float() / 255 * (high - low) + low


# ---- networks ---------------------------------------------------------------------


def others() -> list[str]:
    """Names of the networks beside LeNet whose weights the package carries."""
    from d2lmini.nets.trained import SHIPPED

    return [name for name, _ in TRAINED[1:] if (SHIPPED / f"{name}.npz").exists()]


def _books(bits: int, alone: bool) -> list[dict[str, Any]]:
    """The book's networks for these pictures; the first travels, others on demand."""
    names = ["lenet"] if alone else ["lenet", *others()]
    made: list[dict[str, Any]] = [
        {"id": name, "title": dict(TRAINED)[name], "about": _about(name)}
        for name in names
    ]
    made[0]["net"] = trained("lenet", bits)
    return made


def _about(name: str) -> str:
    from d2lmini.nets import load
    from d2lmini.training import runs

    weights = sum(parameter.numel() for parameter in load(name).parameters())
    right = runs.load(name).test_accuracy or 0
    found = f"{right:.1%} of the test pictures"
    return f"{weights:,} weights; in its chapter right for {found}."


@cache
def trained(name: str, bits: int = 16) -> dict[str, Any]:
    """One of the book's networks for the page."""
    from d2lmini.nets import load
    from d2lmini.widgets.network import export

    return export(load(name), (1, 28, 28), bits=bits)


def _own(name: str, net: nn.Module, shape: Any, bits: int) -> dict[str, Any]:
    """A reader's network for the page; without its weights if they are too many."""
    from d2lmini.analysis.cost import cost
    from d2lmini.widgets.network import export

    whole = export(net, shape, bits=bits)
    price = cost(net, shape)
    made = {"id": name, "title": name, "about": f"{price.parameters:,} weights."}
    if price.parameters <= MOST_WEIGHTS and price.multiply_adds <= MOST_WORK:
        return {**made, "net": whole}
    made["about"] += " It is computed by the kernel, since it is too large for a page."
    return made


def _maps(net: nn.Module, X: torch.Tensor) -> dict[str, Any]:
    """The nodes of a network and what they put out, the first maps of each layer."""
    from d2lmini.widgets.network import export, outputs

    channels, rows, columns = X.shape[1:]
    nodes = export(net, (channels, rows, columns), bits=8)["nodes"]
    heavy = ("weight", "bias", "mean", "variance")
    plain = [{k: v for k, v in node.items() if k not in heavy} for node in nodes]
    made = outputs(net, X.to(_first(net)))
    return {"nodes": plain, "values": [_map(Y.cpu().float()) for Y in made]}


def _map(Y: torch.Tensor) -> dict[str, Any]:
    import torch

    from d2lmini.widgets.network import packed

    kept = Y
    if Y.dim() == 4:
        most = max(1, MOST_NUMBERS // (Y.shape[2] * Y.shape[3]))
        kept = Y[:, : min(most, MOST_MAPS)]
    kind = torch.float16 if Y.dim() == 4 else torch.float32
    return {**packed(kept.to(kind)), "shape": list(Y.shape), "kept": kept.shape[1]}


def _text(X: torch.Tensor, pictures: dict[str, Any]) -> str:
    """A picture in 256 steps, as the page would send it."""
    import torch

    from d2lmini.widgets.network import packed

    low, high = pictures["low"], pictures["high"]
    steps = ((X - low) / (high - low) * 255).round().to(torch.uint8)
    return str(packed(steps)["base64"])
