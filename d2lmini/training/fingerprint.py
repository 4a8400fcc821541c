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
import struct
import sys
import sysconfig
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

_PLAIN = (type(None), bool, int, str, bytes, complex, type(Ellipsis), range)
_NAMED = (torch.dtype, torch.device, torch.memory_format, torch.layout, np.dtype)
_STANDARD = sys.stdlib_module_names - {"__main__"}
_LIBRARIES = tuple(
    Path(folder).resolve()
    for folder in {sysconfig.get_path(key) for key in ("purelib", "platlib")}
)
_CODE = (
    *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags", "co_code"),
    *("co_names", "co_varnames", "co_freevars", "co_cellvars", "co_consts"),
)


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


class _Follower:
    """Walks through objects; each gets a digest of what it is made of."""

    def __init__(self, known: Mapping[int, str]) -> None:
        self.known = known
        self.done: dict[int, bytes] = {}
        self.open: dict[int, int] = {}  # entered and not left: met again, a circle
        self.kept: list[Any] = []  # so that no id is used twice
        self.hash = hashlib.sha256()  # of the object that is open

    def digest(self, value: Any, where: str) -> bytes:
        """16 bytes for ``value``, which was found at ``where``."""
        if id(value) in self.known:
            return _short("known", self.known[id(value)])
        if isinstance(value, enum.Enum):
            return _short("enum", type(value).__qualname__, value.name)
        if type(value) in _PLAIN or isinstance(value, _NAMED):
            return _short(type(value).__name__, repr(value))
        if type(value) is float:
            return _short("float", struct.pack(">d", value))
        if id(value) in self.open:  # how far up the circle leads
            return _short("circle", len(self.open) - self.open[id(value)])
        if id(value) not in self.done:
            self.kept.append(value)
            self.open[id(value)] = len(self.open)
            outer, self.hash = self.hash, hashlib.sha256()
            try:
                self._content(value, where)
                self.done[id(value)] = self.hash.digest()[:16]
            finally:
                self.hash = outer
                del self.open[id(value)]
        return self.done[id(value)]

    def tell(self, *parts: object) -> None:
        for part in parts:
            content = part if isinstance(part, bytes) else str(part).encode()
            self.hash.update(struct.pack(">q", len(content)) + content)

    def follow(self, value: Any, where: str) -> None:
        """Make ``value`` part of the object that is open."""
        self.tell(self.digest(value, where))

    def each(self, kind: str, values: Iterable[Any], where: str) -> None:
        values = list(values)
        self.tell(kind, len(values))
        for number, value in enumerate(values):
            self.follow(value, f"{where}[{number}]")

    def unordered(self, kind: str, values: Iterable[Any], where: str) -> None:
        """The same in whatever order: Python's hash seed changes that of a set."""
        self.tell(kind, *sorted(self.digest(value, where) for value in values))

    def _content(self, value: Any, where: str) -> None:
        for kind, follow in _KINDS:
            if isinstance(value, kind):
                follow(self, value, where)
                return
        self._object(value, where)

    def _tensor(self, value: Tensor, where: str) -> None:
        strange = nn.parameter.is_lazy(value) or value.layout != torch.strided
        if strange or value.device.type == "meta" or value.is_quantized:
            raise Unfollowable(f"{where} is a tensor whose numbers cannot be read")
        self.tell("tensor", value.dtype, tuple(value.shape), value.requires_grad)
        content = value.detach().cpu().contiguous()
        self.tell(content.flatten().view(torch.uint8).numpy().tobytes())

    def _array(self, value: Any, where: str) -> None:
        self.tell("array", value.dtype, value.shape)
        if value.dtype.hasobject:
            self.each("objects", value.ravel().tolist(), where)
        else:
            self.tell(np.ascontiguousarray(value).tobytes())

    def _sequence(self, value: Sequence[Any], where: str) -> None:
        self.each(type(value).__name__, value, where)
        self._more(value, (list, tuple), where)

    def _mapping(self, value: Mapping[Any, Any], where: str) -> None:
        self.tell(type(value).__name__, len(value))
        for key, item in value.items():
            self.follow(key, f"a key of {where}")
            self.follow(item, f"{where}[{key!r}]")
        self._more(value, (dict, types.MappingProxyType), where)

    def _set(self, value: Iterable[Any], where: str) -> None:
        self.unordered(type(value).__name__, value, where)
        self._more(value, (set, frozenset), where)

    def _more(self, value: Any, plain: tuple[type, ...], where: str) -> None:
        """What an object of a class derived from a container has besides."""
        if type(value) not in plain:
            self.follow(type(value), f"the class of {where}")
            self._state(value, where)
            self.follow(getattr(value, "default_factory", None), where)

    def _code(self, code: types.CodeType, where: str) -> None:
        # Where it stands in which file and what it is called changes nothing.
        for name in _CODE:
            self.follow(getattr(code, name), where)
        self.tell(getattr(code, "co_exceptiontable", b""))

    def _function(self, function: types.FunctionType, where: str) -> None:
        self.tell("function")
        self.follow(function.__code__, where)
        self.follow(function.__defaults__, f"a default of {where}")
        self.follow(function.__kwdefaults__, f"a default of {where}")
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            try:
                content = cell.cell_contents
            except ValueError:  # not assigned yet
                self.tell("empty")
            else:
                self.follow(content, f"{name}, which {where} uses,")
        self._state(function, where)
        if _is_library(function):
            self.tell(function.__module__, function.__qualname__)
            return  # the versions of libraries are a matter of their own
        for name in _globals_of(function.__code__):
            if name in function.__globals__:
                self.tell(name)
                self.follow(function.__globals__[name], f"{name}, which {where} uses,")

    def _wrapped(self, value: Any, where: str) -> None:
        self.tell("wrapped")
        self.follow(value.__wrapped__, where)

    def _partial(self, value: Any, where: str) -> None:
        self.tell("partial")
        self.follow(value.func, where)
        self.follow(value.args, f"an argument of {where}")
        self.unordered("keywords", value.keywords.items(), f"an argument of {where}")

    def _method(self, value: types.MethodType, where: str) -> None:
        self.tell("method")
        self.follow(value.__func__, where)
        self.follow(value.__self__, f"the object of {where}")

    def _builtin(self, value: Any, where: str) -> None:
        owner = getattr(value, "__self__", None)
        self.tell("builtin", getattr(value, "__module__", ""), value.__qualname__)
        if owner is not None and not isinstance(owner, types.ModuleType):
            self.follow(owner, f"the object of {where}")

    def _descriptor(self, value: Any, where: str) -> None:
        self.tell(type(value).__name__)
        parts = ("__func__", "fget", "fset", "fdel", "func")
        for part in parts:
            if getattr(value, part, None) is not None:
                self.follow(getattr(value, part), where)

    def _class(self, value: type, where: str) -> None:
        self.tell("class", value.__module__, value.__qualname__)
        if _is_library(value):
            return
        self.each("bases", value.__bases__, f"a base of {where}")
        for name, item in sorted(vars(value).items()):
            if name != "_abc_impl" and (callable(item) or not _is_dunder(name)):
                self.tell(name)
                self.follow(item, f"{name} of {where}")

    def _module(self, value: types.ModuleType, where: str) -> None:
        self.tell("module", value.__name__)
        file = getattr(value, "__file__", None)
        if _is_library(value) or not file:
            return
        if Path(file).is_file():
            self.tell(Path(file).read_bytes())
        for name, item in sorted(vars(value).items()):  # what it imports in its turn
            home = item if inspect.ismodule(item) else inspect.getmodule(item)
            if home is not None and home is not value and not name.startswith("__"):
                self.follow(home, f"{home.__name__}, which {where} uses,")

    def _net(self, value: nn.Module, where: str) -> None:
        self.follow(type(value), f"the class of {where}")
        for name, item in sorted(vars(value).items()):
            self.tell(name)
            if name.endswith("_hooks") or "_hooks_" in name:
                # Keyed by numbers that count all hooks of the process.
                item = list(item.values()) if isinstance(item, Mapping) else item
            self.follow(item, f"{name} of {where}")

    def _generator(self, value: Any, where: str) -> None:
        self.tell("random")
        if isinstance(value, torch.Generator):
            self.follow(value.get_state(), where)
        elif isinstance(value, random.Random):
            self.follow(value.getstate(), where)
        else:
            self.follow(value.bit_generator.state, where)

    def _handle(self, value: Any, where: str) -> None:
        self.tell("handle")  # of a hook, which is followed where it hangs

    def _refused(self, value: Any, where: str) -> None:
        raise Unfollowable(f"{where} is a {type(value).__name__}, which has no content")

    def _state(self, value: Any, where: str) -> None:
        """The attributes of an object, in ``__dict__`` and in slots."""
        state = dict(getattr(value, "__dict__", {}))
        for kind in type(value).__mro__:
            slots = kind.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, name) and name not in ("__dict__", "__weakref__"):
                    state[name] = getattr(value, name)
        for name in ("__wrapped__", "__doc__", "__name__", "__qualname__"):
            state.pop(name, None)
        for name, item in sorted(state.items()):
            self.tell(name)
            self.follow(item, f"{name} of {where}")

    def _object(self, value: Any, where: str) -> None:
        kind = type(value)
        self.follow(kind, f"the class of {where}")
        built_in = [base for base in kind.__mro__[:-1] if not base.__flags__ & _HEAP]
        if not _is_library(kind):
            self._state(value, where)
            if not built_in:
                return
        try:
            reducer = copyreg.dispatch_table.get(kind)
            reduced = reducer(value) if reducer else value.__reduce_ex__(4)
        except Exception as error:  # whatever a class may raise here
            raise Unfollowable(
                f"{where} is a {kind.__name__}, whose content cannot be read"
            ) from error
        if isinstance(reduced, str):  # it is what its module calls so
            self.tell(reduced)
            return
        for part in reduced:
            if isinstance(part, Iterator):  # the items of a list or a dictionary
                part = list(part)
            self.follow(part, where)


_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement
_Rule = Callable[[_Follower, Any, str], None]
_KINDS: Sequence[tuple[Any, _Rule]] = (
    (Tensor, _Follower._tensor),
    ((np.ndarray, np.generic), _Follower._array),
    (nn.Module, _Follower._net),
    (types.CodeType, _Follower._code),
    (types.FunctionType, _Follower._function),
    (functools.partial, _Follower._partial),
    (functools._lru_cache_wrapper, _Follower._wrapped),
    (types.MethodType, _Follower._method),
    ((types.BuiltinFunctionType, types.MethodDescriptorType), _Follower._builtin),
    ((types.WrapperDescriptorType, types.MethodWrapperType), _Follower._builtin),
    ((types.GetSetDescriptorType, types.MemberDescriptorType), _Follower._builtin),
    ((classmethod, staticmethod, property), _Follower._descriptor),
    (functools.cached_property, _Follower._descriptor),
    (type, _Follower._class),
    (types.ModuleType, _Follower._module),
    ((dict, types.MappingProxyType), _Follower._mapping),
    ((list, tuple), _Follower._sequence),
    ((set, frozenset), _Follower._set),
    ((torch.Generator, random.Random, np.random.Generator), _Follower._generator),
    (RemovableHandle, _Follower._handle),
    ((types.GeneratorType, types.CoroutineType), _Follower._refused),
    ((weakref.ReferenceType, types.FrameType), _Follower._refused),
)


def _globals_of(code: types.CodeType) -> list[str]:
    """The global names that ``code`` reads, functions inside it included."""
    names = {
        str(step.argval)
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    for constant in code.co_consts:
        if inspect.iscode(constant):
            names.update(_globals_of(constant))
    return sorted(names)


def _is_library(value: Any) -> bool:
    """Whether ``value`` is installed, and so known by its name.

    This package is not: it is read, and changed, by those who learn from it.
    """
    name = value.__name__ if inspect.ismodule(value) else value.__module__
    top = str(name).partition(".")[0]
    if top in _STANDARD:
        return True
    module = sys.modules.get(top)
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    folders = [Path(place).resolve() for place in places if place]
    if top in ("__main__", "d2lmini") or module is None:
        return False
    return not folders or any(
        library in folder.parents for library in _LIBRARIES for folder in folders
    )


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _short(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()[:16]
