"""Files are read and written alike on every system: UTF-8, and lines end as here."""

import ast
import importlib.util
import re
import sys

import pytest

from tools.book import ROOT

FOLDERS = ("benchmarks", "d2lmini", "tests", "tools")
SOURCES = [
    *(ROOT / "nbgrader_config.py",),
    *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))),
]
TEXTS = {"read_text": 1, "write_text": 2}  # with the place of an encoding
STARTS = {"run", "Popen", "check_output", "check_call", "call"}


def faults(source, *, lines=False):
    """Each call that leaves an encoding, or with `lines` line ends, to the system."""
    return [
        f"line {call.lineno}: {ast.unparse(call)[:60]} lacks {missing}="
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        for missing in lacking(call, lines)
    ]


def lacking(call, lines):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    given = {word.arg: word.value for word in call.keywords}
    named = "encoding" in given or len(call.args) >= TEXTS.get(name, 9)
    reads = name in TEXTS or (name in STARTS and wants_text(given)) or opens_text(call)
    if reads and not named:
        yield "encoding"
    if lines and name == "write_text" and "newline" not in given:
        yield "newline"


def wants_text(given):
    asked = (given.get("text"), given.get("universal_newlines"))
    return any(getattr(value, "value", False) for value in asked)


def opens_text(call):
    """Whether it opens a file as text: `open(x)`, `open(x, "w")`, `path.open("w")`."""
    if isinstance(call.func, ast.Name) and call.func.id == "open":
        modes, fallback = call.args[1:2], "r"
    elif getattr(call.func, "attr", "") in ("open", "fdopen", "NamedTemporaryFile"):
        modes, fallback = call.args[:2], ""
    else:
        return False
    modes += [word.value for word in call.keywords if word.arg == "mode"]
    known = [getattr(mode, "value", None) for mode in modes]
    known = [mode for mode in known if isinstance(mode, str)]
    known = [mode for mode in known if re.fullmatch("[rwax][bt+]*", mode)]
    return "b" not in "".join(known or [fallback or "b"])


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_file_says_how_it_is_read_and_written(path):
    source = path.read_text(encoding="utf-8")
    tool = path.is_relative_to(ROOT / "tools")  # what they write is committed
    assert not faults(source, lines=tool)


@pytest.mark.parametrize(
    "wrong",
    [
        "p.read_text()",
        "p.write_text('x')",
        "open('f')",
        "open('f', 'w')",
        "open('f', mode='a')",
        "p.open('w')",
        "os.fdopen(3, 'w')",
        "tempfile.NamedTemporaryFile('w')",
        "subprocess.run(['x'], text=True)",
        "subprocess.check_output(['x'], universal_newlines=True)",
    ],
)
def test_what_leaves_it_to_the_system_is_found(wrong):
    assert len(faults(wrong)) == 1


@pytest.mark.parametrize(
    "right",
    [
        "p.read_text(encoding='utf-8')",
        "p.read_text('utf-8')",
        "open('f', 'rb')",
        "open('f', encoding='utf-8')",
        "p.open('wb')",
        "p.open('w', encoding='utf-8')",
        "Image.open(raw)",
        "visitor.open(url)",
        "subprocess.run(['x'])",
        "subprocess.run(['x'], text=False)",
        "subprocess.run(['x'], encoding='utf-8')",
    ],
)
def test_what_says_it_is_left_alone(right):
    assert not faults(right)


def test_lines_that_tools_write_end_as_here():
    assert faults("p.write_text('x', encoding='utf-8')", lines=True)
    assert not faults("p.write_text('x', encoding='utf-8', newline='\\n')", lines=True)


def test_no_tool_knows_but_one_system():
    """Programs of an environment lie in bin/ or Scripts/; one function knows."""
    for path in sorted((ROOT / "tools").glob("*.py")):
        if path.name != "install.py":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"""["']bin["']|/bin/|["']/tmp""", text), path.name


# ---- what the package needs --------------------------------------------------

#: Distributions whose module has another name, and what comes with one of them.
NAMES = {"pillow": "PIL", "ipython": "IPython"}
WITH_THEM = {"traitlets"}  # ipywidgets' own language


def modules(text):
    """The names of modules and distributions that a source may load."""
    loaded = r"(?m)^\s*(?:import|from) (\w+)|import_module\(\"(\w+)|version\(\"(\w+)"
    return {name for found in re.findall(loaded, text) for name in found if name}


def test_the_package_asks_for_what_it_loads_and_for_nothing_else():
    asked = {NAMES.get(name, name) for name in dependencies()}
    sources = [
        path
        for path in (ROOT / "d2lmini").rglob("*.py")
        if "course" not in path.parts  # nbgrader's extra brings what that needs
    ]
    loads = set().union(*(modules(p.read_text(encoding="utf-8")) for p in sources))
    foreign = loads - sys.stdlib_module_names - {"d2lmini"} - WITH_THEM
    known = {name for name in foreign if importlib.util.find_spec(name)}
    assert known <= asked, f"pyproject.toml lacks {known - asked}"
    assert asked <= loads, f"nothing loads {asked - loads}"


def dependencies():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"(?s)\ndependencies = \[(.*?)\n\]", text)[1]
    return re.findall(r'"(\w+)>=', listed)
