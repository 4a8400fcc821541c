"""A hash of what a thing is made of, by which a run is recognised again.

Two functions of one name have different fingerprints if anything that they compute with
differs: code, constants, defaults, closures, the globals they use, the state of an
object, the numbers in a tensor.  It is the same in every process.
"""

import copyreg
import dis
import enum
import functools
import hashlib
import inspect
import random
import sys
import sysconfig
import types
import weakref
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

#: What a thing is made of: the name of each part, for errors, and the part.
Parts = Iterable[tuple[str, Any]]


class Unfollowable(ValueError):
    """Something has no content that could be compared; says where it was met."""


def fingerprint(value: Any, known: Mapping[int, str] | None = None) -> str:
    """32 hexadecimal digits for the content of ``value``, which is left unchanged.

    ``known`` names objects, by ``id``, that stand for themselves: what a closure
    holds but has a fingerprint of its own, such as the net that is trained.
    Raises :class:`Unfollowable` for what holds an open file, a running generator or
    another thing that has no content to compare.
    """
    return fingerprints({"it": value}, known)["it"]


def fingerprints(
    values: Mapping[str, Any], known: Mapping[int, str] | None = None
) -> dict[str, str]:
    """The :func:`fingerprint` of each of ``values``, whose keys name it in errors."""
    follower = _Follower(known or {})
    try:
        return {name: follower.digest(v, name).hex() for name, v in values.items()}
    except RecursionError as error:
        raise Unfollowable(f"{' or '.join(values)} is nested too deeply") from error


def names_of(net: nn.Module) -> dict[int, str]:
    """``net``, its layers and its numbers by ``id``, as ``known`` takes them."""
    parts = (*net.named_modules(), *net.named_parameters(), *net.named_buffers())
    return {id(part): f"net.{name}" for name, part in parts}


class _Bag(tuple[Any, ...]):
    """Parts whose order is chance: Python's hash seed changes that of a set."""


class _Follower:
    """Walks from an object to its parts; each gets a digest of its content."""

    def __init__(self, known: Mapping[int, str]) -> None:
        self.known = known
        self.done: dict[int, bytes] = {}
        self.open: dict[int, int] = {}  # entered and not left: met again, a circle
        self.kept: list[Any] = []  # so that no id is used twice

    def digest(self, value: Any, where: str) -> bytes:
        """16 bytes for ``value``, which was found at ``where``."""
        if id(value) in self.known:
            return _hash(b"known", self.known[id(value)])
        if isinstance(value, enum.Enum):
            content = self.digest(value.value, where)
            return _hash(b"enum", type(value).__qualname__, value.name, content)
        if isinstance(value, _PLAIN) and type(value).__module__ in _PLAIN_MODULES:
            return _hash(type(value).__name__.encode(), _plain(value))
        if id(value) in self.open:  # how far up the circle leads
            return _hash(b"circle", str(len(self.open) - self.open[id(value)]))
        if id(value) not in self.done:
            self.kept.append(value)
            self.open[id(value)] = len(self.open)
            try:
                self.done[id(value)] = self._whole(value, where)
            finally:
                del self.open[id(value)]
        return self.done[id(value)]

    def _whole(self, value: Any, where: str) -> bytes:
        if isinstance(value, _Bag):
            return _hash(b"bag", *sorted(self.digest(part, where) for part in value))
        of = next(
            (rule for kind, rule in _RULES if isinstance(value, kind)), _of_object
        )
        digests: list[bytes | str] = []
        try:
            for name, part in of(value):
                digests += [name, self.digest(part, f"{name} of {where}")]
        except _NoContent as error:
            what = f"{where} is a {type(value).__name__}"
            raise Unfollowable(f"{what}, whose content cannot be compared") from error
        return _hash(of.__name__.encode(), *digests)


class _NoContent(Exception):
    """Raised by a rule for a thing that it cannot take apart."""


_PLAIN = (
    *(type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis)),
    *(torch.dtype, torch.device, torch.memory_format, torch.layout, np.dtype),
)
_PLAIN_MODULES = ("builtins", "torch", "numpy", "numpy.dtypes")


def _plain(value: Any) -> str | bytes:
    if isinstance(value, torch.device):  # which of several GPUs changes nothing
        value = torch.device(value.type)
    return value if isinstance(value, bytes) else repr(value)


def _hash(*parts: str | bytes) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        whole.update(len(content).to_bytes(8, "big") + content)
    return whole.digest()[:16]


def _of_tensor(X: Tensor) -> Parts:
    lazy = nn.parameter.is_lazy(X)
    if lazy or X.layout != torch.strided or X.is_quantized or X.device.type == "meta":
        raise _NoContent
    content = X.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
    head = (str(X.dtype), tuple(X.shape), X.requires_grad)
    hooks = {**(X._backward_hooks or {}), **(X._post_accumulate_grad_hooks or {})}
    own = [("its hooks", list(hooks.values()))] if hooks else []
    return [("head", head), ("numbers", content.tobytes()), *own]


def _of_array(X: Any) -> Parts:
    numbers = X.ravel().tolist() if X.dtype.hasobject else X.tobytes()
    return [("head", (str(X.dtype), X.shape)), ("numbers", numbers)]


def _of_sequence(values: Any) -> Parts:
    return [*_more(values), *((f"[{i}]", value) for i, value in enumerate(values))]


def _of_mapping(values: Mapping[Any, Any]) -> Parts:
    pairs = values.items()
    keys = [("a key", key) for key, _ in pairs]
    return [*_more(values), *keys, *((f"[{key!r}]", value) for key, value in pairs)]


def _of_set(values: Iterable[Any]) -> Parts:
    return [*_more(values), ("content", _Bag(values))]


def _more(value: Any) -> Parts:
    """What an object of a class derived from a container has besides."""
    name = type(value).__name__
    if type(value).__module__ == "builtins":
        return [("kind", name)]
    factory = getattr(value, "default_factory", None)
    return [("its class", type(value)), *_attributes(value), ("default", factory)]


def _of_code(code: types.CodeType) -> Parts:
    # Where it stands in which file and what it is called changes nothing.
    for name in (
        *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags"),
        *("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars"),
        *("co_consts", "co_exceptiontable"),
    ):
        yield name, getattr(code, name, None)


def _of_function(function: types.FunctionType) -> Parts:
    code = function.__code__
    yield "the code", code
    yield "the defaults", (function.__defaults__, function.__kwdefaults__)
    yield from _attributes(function)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            yield name, "nothing"
    if _is_library(function):  # whose versions are a matter of their own
        yield "name", f"{function.__module__}.{function.__qualname__}"
        return
    for name in _globals_of(code):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _globals_of(code: types.CodeType) -> list[str]:
    """The global names that ``code`` reads, functions inside it included."""
    names = {
        str(step.argval)
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    inner = filter(inspect.iscode, code.co_consts)
    return sorted(names.union(*map(_globals_of, inner)))


def _of_partial(value: Any) -> Parts:
    keywords = _Bag(value.keywords.items())
    return [("func", value.func), ("args", value.args), ("keywords", keywords)]


def _of_wrapped(value: Any) -> Parts:
    return [("the function", value.__wrapped__)]


def _of_method(value: types.MethodType) -> Parts:
    return [("the function", value.__func__), ("the object", value.__self__)]


def _of_builtin(value: Any) -> Parts:
    yield "name", f"{getattr(value, '__module__', '')}.{value.__qualname__}"
    owner = getattr(value, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        yield "the object", owner


def _of_descriptor(value: Any) -> Parts:
    for name in ("__func__", "fget", "fset", "fdel", "func"):
        yield name, getattr(value, name, None)


def _of_class(value: type) -> Parts:
    yield "name", f"{value.__module__}.{value.__qualname__}"
    if not _is_library(value):
        yield "the bases", value.__bases__
        for name, item in sorted(vars(value).items()):
            dunder = name.startswith("__") and not callable(item)
            if not dunder and name != "_abc_impl" and not _only_wrapped(value, name):
                yield name, _as_written(item)


def _as_written(item: Any) -> Any:
    """``item`` without what PyTorch puts around ``step`` in an optimizer's class."""
    return item.__wrapped__ if getattr(item, "hooked", False) is True else item


def _only_wrapped(kind: type, name: str) -> bool:
    """Whether a class has ``name`` since PyTorch has wrapped what it inherits."""
    item = vars(kind)[name]
    written, bases = _as_written(item), kind.__mro__[1:]
    return written is not item and any(
        _as_written(vars(base).get(name)) is written for base in bases
    )


def _of_module(value: types.ModuleType) -> Parts:
    yield "name", value.__name__
    file = getattr(value, "__file__", None)
    if _is_library(value) or not file or not Path(file).is_file():
        return
    yield "text", Path(file).read_bytes()
    for name, item in sorted(vars(value).items()):  # what it imports in its turn
        home = item if inspect.ismodule(item) else inspect.getmodule(item)
        if name.startswith("__") or home is value:
            continue
        if home is not None or isinstance(item, (bool, int, float, str, tuple)):
            yield name, item if home is None else home


def _of_net(net: nn.Module) -> Parts:
    yield "the class", type(net)
    for name, item in sorted(vars(net).items()):
        if "_hooks" in name and isinstance(item, Mapping):
            item = list(item.values())  # their keys count all hooks of the process
        yield name, item


def _of_random(value: Any) -> Parts:
    if isinstance(value, torch.Generator):
        return [("state", value.get_state())]
    if isinstance(value, random.Random):
        return [("state", value.getstate())]
    return [("state", value.bit_generator.state)]


def _of_handle(value: Any) -> Parts:
    return []  # of a hook, which is followed where it hangs


def _refused(value: Any) -> Parts:
    raise _NoContent


def _of_object(value: Any) -> Parts:
    kind = type(value)
    yield "the class", kind
    if not _is_library(kind):
        yield from _attributes(value)
        if all(base.__flags__ & _HEAP for base in kind.__mro__[:-1]):
            return
    try:
        reducer = copyreg.dispatch_table.get(kind)
        reduced = reducer(value) if reducer else value.__reduce_ex__(4)
    except Exception as error:  # whatever a class may raise here
        raise _NoContent from error
    for part in (reduced,) if isinstance(reduced, str) else reduced:
        yield "content", list(part) if isinstance(part, Iterator) else part


_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement


def _attributes(value: Any) -> Parts:
    """What an object keeps in ``__dict__`` and in slots."""
    state = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and name not in ("__dict__", "__weakref__"):
                state[name] = getattr(value, name)
    state.pop("__wrapped__", None)  # in the closure as well
    return sorted(state.items())


_RULES: tuple[tuple[Any, Any], ...] = (
    (Tensor, _of_tensor),
    ((np.ndarray, np.generic), _of_array),
    (nn.Module, _of_net),
    (types.CodeType, _of_code),
    (types.FunctionType, _of_function),
    (functools.partial, _of_partial),
    (functools._lru_cache_wrapper, _of_wrapped),
    (types.MethodType, _of_method),
    ((types.BuiltinFunctionType, types.MethodDescriptorType), _of_builtin),
    ((types.WrapperDescriptorType, types.MethodWrapperType), _of_builtin),
    ((types.GetSetDescriptorType, types.MemberDescriptorType), _of_builtin),
    ((classmethod, staticmethod, property), _of_descriptor),
    (functools.cached_property, _of_descriptor),
    (type, _of_class),
    (types.ModuleType, _of_module),
    ((dict, types.MappingProxyType), _of_mapping),
    ((list, tuple), _of_sequence),
    ((set, frozenset), _of_set),
    ((torch.Generator, random.Random, np.random.Generator), _of_random),
    (RemovableHandle, _of_handle),
    ((types.GeneratorType, types.CoroutineType, types.FrameType), _refused),
    (weakref.ReferenceType, _refused),
    (object, _of_object),
)
_LIBRARIES = tuple(
    Path(sysconfig.get_path(key)) for key in ("purelib", "platlib", "stdlib")
)


def _is_library(value: Any) -> bool:
    """Whether ``value`` is installed, and so known by its name.

    This package is not: it is read, and changed, by those who learn from it.
    """
    name = value.__name__ if inspect.ismodule(value) else value.__module__
    top = str(name).partition(".")[0]
    module = sys.modules.get(top)
    if top in ("__main__", "d2lmini") or module is None:
        return False
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    folders = [Path(place) for place in places if place]
    return not folders or any(
        library in folder.parents for library in _LIBRARIES for folder in folders
    )
