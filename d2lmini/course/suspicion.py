"""What in a submission's own code asks for a look: no proof, and no verdict.

Answer and check run in one Python, where a check can be persuaded.  Honest answers
have no use for the ways to do it, and these can be seen in the code.
"""

import ast
import re
from collections.abc import Iterable, Iterator

from nbformat import NotebookNode

from d2lmini.course.repair import grade_id

FOREIGN = ("torch", "d2lmini", "builtins", "__builtins__", "sys", "nn", "F", "IPython")
HARMLESS = ("torch.backends", "torch.manual_seed", "sys.stdout", "sys.stderr")
SHELL = (
    "get_ipython",
    "ast_transformers",
    "input_transformers_post",
    "input_transformers_cleanup",
    "user_ns",
    "HistoryManager",
)
FRAMES = (
    "_getframe",
    "f_globals",
    "f_locals",
    "f_back",
    "__globals__",
    "__code__",
    "__closure__",
    "__subclasses__",
    "get_objects",
    "get_referrers",
    "settrace",
    "setprofile",
    "meta_path",
    "addaudithook",
    "monitoring",
    "_current_frames",
    "_ip",
    "pub_thread",
    "displayhook",
    "__enter__",
)
#: Methods by which an answer would agree with everything.
AGREEING = (
    "__eq__",
    "__ne__",
    "__lt__",
    "__abs__",
    "__sub__",
    "__rsub__",
    "__float__",
    "__array__",
    "__torch_function__",
    "__torch_dispatch__",
    "__instancecheck__",
)
#: Words that say it where code cannot be read as Python, such as in a magic.
WORDS = re.compile(rf"\b(?:{'|'.join((*SHELL, *FRAMES, 'sys.modules'))})\b")
ASSIGNED = re.compile(r"(?m)=[ \t]*[%!].*$")
MACHINE = ("IPython", "ipykernel", "traitlets", "tornado", "zmq", "jupyter_client")
MOST = 200_000  # characters of a cell
MODULES = (
    *("ctypes", "gc", "inspect", "marshal", "subprocess", "socket", "pty"),
    *("threading", "_thread", "signal", "atexit", "faulthandler", "importlib"),
)


def signs(cells: Iterable[NotebookNode]) -> list[str]:
    """What in the cells that the student wrote asks for a look, in a few words each."""
    found: list[str] = []
    for cell in cells:
        name = grade_id(cell)
        ours = name and cell.metadata["nbgrader"].get("locked")
        if cell.cell_type == "code" and not ours and not name.endswith("-check"):
            found += _in_code(cell.source)
    return sorted(set(found))


def _in_code(source: str) -> Iterator[str]:
    """What the code of a cell does; where IPython alone can read it, also its words."""
    source = source[:MOST]
    for code in (source, _python(source, "%!?"), _python(source, "%!?;,/")):
        try:
            tree = ast.walk(ast.parse(code))
            yield from [sign for node in tree for sign in _in_node(node)]
            return
        except (SyntaxError, ValueError):
            yield from (f"uses {word}" for word in WORDS.findall(source))
        except (RecursionError, MemoryError):
            yield "is nested beyond reading"
            return


def _python(source: str, magic: str) -> str:
    """`source` without IPython's magic, which begins with one of these signs."""
    lines = [
        f"{line[: len(line) - len(line.lstrip())]}pass"
        if (text := line.strip()) and (text[0] in magic or text[-1] == "?")
        else line
        for line in source.split("\n")
    ]
    return ASSIGNED.sub("= None", "\n".join(lines))


def _in_node(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        full = ast.unparse(node)
        if isinstance(node.ctx, ast.Store | ast.Del):
            root = full.split(".")[0]
            if root in FOREIGN and not full.startswith(HARMLESS):
                yield f"sets {full}"
        elif node.attr in FRAMES or node.attr.startswith("register_module_"):
            yield f"uses {node.attr}"
        elif node.attr in SHELL or full == "sys.modules":
            yield f"uses {full}"
    elif isinstance(node, ast.Name) and node.id in SHELL:
        yield f"uses {node.id}"
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield from (f"defines {x}" for x in AGREEING if x == node.id)
    elif isinstance(node, ast.FunctionDef) and node.name in AGREEING:
        yield f"defines {node.name}"
    elif isinstance(node, ast.Import):
        yield from (f"imports {x.name}" for x in node.names if _inside(x.name))
    elif isinstance(node, ast.ImportFrom):
        names = [x.name for x in node.names]
        module = node.module or ""
        if _inside(module) and (module != "IPython" or names != ["display"]):
            yield f"imports {module}"
        known = (*SHELL, *FRAMES, *(("modules",) if module == "sys" else ()))
        yield from (f"imports {name}" for name in names if name in known)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in ("exec", "eval", "compile", "__import__", "globals"):
            yield f"calls {node.func.id}"
        elif node.func.id == "setattr" and node.args:
            yield f"sets an attribute of {ast.unparse(node.args[0])}"


def _inside(module: str) -> bool:
    """Whether `module` leads to the machinery that runs a check."""
    shown = module == "IPython.display" or module.startswith("IPython.lib")
    return module.split(".")[0] in (*MODULES, *MACHINE) and not shown
