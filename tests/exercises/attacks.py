"""Submissions that break things, and honest ones that things break: `make course-test`.

Each is one member of a family that was seen, or that the next student will think of.
As in `submissions.py`: who, what it must score, what it does.
"""

import io
import json
import os
import zipfile
from pathlib import Path

from submissions import (
    FULL,
    RIGHT,
    Submission,
    added,
    but,
    function,
    only,
    rewritten,
)

PORT = 47_113  # where a test listens
WRONG = function("mean", "return 0")
NO_MEAN = FULL - 3

# --- honest -----------------------------------------------------------------------

LOUD_MEAN = function(
    "mean",
    "import logging, sys, warnings",
    "print('working', file=sys.stderr)",
    "logging.warning('slow')",
    "warnings.warn('so')",
    "sys.__stderr__.write('x')",
    "return sum(values) / len(values)",
)
ODD_OUTPUT = """\
from IPython.display import display

display({"text/plain": 5}, raw=True)
display({"text/html": ["<b>", 3], "image/png": None, 7: "x"}, raw=True)
display({"application/json": float("nan")}, raw=True, display_id=["odd"])
display({"text/plain": "x"}, raw=True, metadata={"text/plain": object})
print("\\ud800 half a character")"""

NAMES = [
    "jo.smith",
    "jo.miller",
    "Łukasz",
    "4711",
    "Ada Lovelace",
    "o'brien",
    "[x]",
    "-dash",
    "a+b",
    "{id}",
    "week3",
    "x" * 120,
]

# Each of these in a cell of its own costs nobody else anything.
SPOILERS = {
    "shadows": "tuple = (1, 2)\nrange = 5\nprint = None\nsum_ = str = repr = 3",
    "quits": "quit()",
    "exits": "exit()",
    "leaves": "import sys\n\nsys.exit(3)",
    "moves": "import os\n\nos.mkdir('x')\nos.chdir('x')\nos.rmdir('../x')",
    "mute": "import sys\n\nsys.stdout = sys.stderr = None",
    "shallow": "import sys\n\nsys.setrecursionlimit(60)",
    "alarms": "import signal\n\nsignal.alarm(1)",
    "no-print": "import builtins\n\nbuiltins.print = builtins.AssertionError = None",
    "strict": "import warnings\n\nwarnings.simplefilter('error')",
    "deletes": "%reset -f\ndel In\nimport sys\n\ndel sys.modules['json']",
    "magic": "%%script false\nnothing",
    "asks": "input('?')",
    "awaits": "import asyncio\n\nawait asyncio.sleep(0.1)",
    "plots": "import matplotlib\n\nmatplotlib.use('nonsense')",
    "closes": "import os\n\nos.close(0)\nos.close(1)\nos.close(2)",
    "deep": "x = " + "-" * 900 + "1",
    "names": "__name__ = '__file__'\n__builtins__ = {}",
    "environ": "import os\n\nos.environ.clear()\nos.umask(0o777)",
    "paths": "import sys\n\nsys.path.clear()\nsys.argv.clear()",
    "hooks": "import sys\n\nsys.excepthook = sys.displayhook = None",
    "stops": "import os, signal\n\nos.kill(os.getpid(), signal.SIGSTOP)",
    "forks": "import os\n\nos.fork()",
    "all-files": "import os\n\nos.closerange(3, 500)",
    "loop": "import asyncio\n\nasyncio.get_event_loop().stop()",
    "masks": "import signal\n\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))",
    "soft": "import resource as r\n\nr.setrlimit(r.RLIMIT_FSIZE, (0, 2**20))",
    "clears": "from IPython.display import clear_output\n\nclear_output(wait=True)",
}


def changed(*, ids=True, metadata=True, minor=None):
    def change(nb):
        for cell in nb["cells"]:
            if minor is not None:
                cell["metadata"] = {"id": cell["id"], "colab": {"kept": True}}
            if not metadata:
                cell["metadata"] = {}
            if not ids or minor is not None:
                del cell["id"]
        nb["nbformat_minor"] = 5 if minor is None else minor

    return change


def other_kernel(nb):
    nb["metadata"] = {"kernelspec": {"name": "ir", "language": "R"}, "x": [1]}


def old(nb):
    """As IPython notebooks were before there was Jupyter."""
    cells = []
    for cell in nb.pop("cells"):
        if cell["cell_type"] == "code":
            text = {"input": cell["source"], "outputs": [], "language": "python"}
            cells.append({"cell_type": "code", "prompt_number": 1, **text})
        else:
            cells.append({"cell_type": "markdown", "source": [cell["source"]]})
    nb.update(nbformat=3, nbformat_minor=0, worksheets=[{"cells": cells}])


def broken_cells(nb):
    nb["cells"] += [None, 3, {"cell_type": "code"}, {"cell_type": "odd", "source": 1}]
    nb["cells"][0]["metadata"] = None
    nb["cells"][1]["outputs"] = "none"
    nb["cells"][1]["execution_count"] = "seven"
    nb["metadata"] = 4


def odd_pictures(nb):
    cell = nb["cells"][0]
    cell["cell_type"] = "markdown"
    cell["attachments"] = {
        "a.png": {"image/png": 5, "image/jpeg": ["\ud800"], "text/html": "<b>"},
        "\ud800.png": {"image/png": "AAAA"},
        "b.png": {"image/png": {"x": [[]]}},
        "c.png": 3,
    }


def other_kinds(nb):
    """Answers whose cells became text, with a picture, and raw."""
    for name, kind in (("toy-mean", "markdown"), ("toy-largest", "raw")):
        cell = next(c for c in nb["cells"] if c["id"] == name)
        cell["cell_type"] = kind
        cell["attachments"] = {"a.png": {"image/png": "AAAA"}}


def dos(nb):
    for cell in nb["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")


def exchanged(nb):
    """Ids of cells exchanged, and of one a name that is none."""
    cells = [c for c in nb["cells"] if c["id"] in ("toy-mean", "toy-largest")]
    cells[0]["id"], cells[1]["id"] = cells[1]["id"], cells[0]["id"]
    nb["cells"][0]["id"] = ["a\n", {"b": 1}]


def as_bytes(*, encoding="utf-8", name="week3.ipynb", before=b""):
    def lay(folder, text):
        nb = json.loads(text)
        text = json.dumps(nb, ensure_ascii=False)
        (folder / name).write_bytes(before + text.encode(encoding, "replace"))

    return lay


def as_script(folder, text):
    code = [c["source"] for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
    (folder / "hw.py").write_text("\n\n\n".join(code), encoding="utf-8")


def as_emacs_has_it(folder, text):
    """A script with form feeds, and characters that only some take for line ends."""
    code = [c["source"] for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
    code.insert(1, 'parts = "a\x0c b\x85 c\u2028 d"')
    (folder / "hw.py").write_text("\n\x0c\n".join(code), encoding="utf-8")


def with_module(folder, text):
    """A module, a package and data of the student's own, beside the notebook."""
    (folder / "week3.ipynb").write_text(text, encoding="utf-8")
    (folder / "helpers.py").write_text("def shares(v): return len(v)", encoding="utf-8")
    (folder / "own" / "deep").mkdir(parents=True)
    (folder / "own" / "deep" / "data.csv").write_text("0,1\n", encoding="utf-8")
    (folder / "torch.py").write_text("raise SystemExit", encoding="utf-8")
    (folder / "json.py").write_text("raise SystemExit", encoding="utf-8")


MODULE = """\
import helpers

zero = int(open("own/deep/data.csv").read()[0])


def mean(values):
    return sum(values) / helpers.shares(values) + zero"""


def zipped(name, files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for inner, content in files.items():
            archive.writestr(inner, content)
    return {name: made.getvalue()}


def as_zip(folder, text):
    inner = zipped("x.zip", {"week3/hw.ipynb": text, "__MACOSX/week3/._hw.ipynb": "x"})
    (folder / "hw.zip").write_bytes(zipped("hw.zip", inner)["hw.zip"])


def beside(folder, text):
    """What else lies in a student's folder: nothing of it may stop the notebook."""
    (folder / "week3.ipynb").write_text(text, encoding="utf-8")
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "folder").symlink_to("/")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "sitecustomize.py").write_text("raise SystemExit", encoding="utf-8")
    (folder / "ipykernel.py").write_text("raise SystemExit", encoding="utf-8")
    (folder / "evil.pth").write_text("import os; os._exit(1)", encoding="utf-8")
    (folder / "conftest.py").write_text("raise SystemExit", encoding="utf-8")
    (folder / "nbgrader_config.py").write_text("raise SystemExit", encoding="utf-8")
    (folder / "ipython_config.py").write_text("raise SystemExit", encoding="utf-8")
    (folder / "timestamp.txt").write_text("the day before yesterday", encoding="utf-8")
    (folder / ".ipython/profile_default/startup").mkdir(parents=True)
    (folder / ".ipython/profile_default/startup/0.py").write_text(
        "raise SystemExit", encoding="utf-8"
    )
    (folder / "week3_files").mkdir()
    (folder / "odd\n\U0001f600 name").write_text("x", encoding="utf-8")
    (folder / "bomb.zip").write_bytes(b"PK\3\4 no archive")
    (folder / "empty").write_bytes(b"")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe")).write_text(
        "x", encoding="utf-8"
    )
    deep = folder
    for _ in range(60):
        deep = deep / "deeper"
    deep.mkdir(parents=True)
    (deep / "down.txt").write_text("x", encoding="utf-8")


def unsolved_beside(folder, text):
    """The notebook as it was handed out, and the solved one under another name."""
    (folder / "week3 (1).ipynb").write_text(text, encoding="utf-8")
    nb = json.loads(text)
    for cell in nb["cells"]:
        if cell["id"] in RIGHT:
            cell["source"] = "raise NotImplementedError"
    del nb["cells"][3:]
    (folder / "week3.ipynb").write_text(json.dumps(nb), encoding="utf-8")


def twice(folder, text):
    for name in ("week3_a.ipynb", "week3_b.ipynb"):
        (folder / name).write_text(
            text.replace("area =", f"{name[6]} = area ="), encoding="utf-8"
        )


def linked(folder, text):
    (folder.parent / "elsewhere.ipynb").write_text(text, encoding="utf-8")
    (folder / "week3.ipynb").symlink_to("../elsewhere.ipynb")


def hard_linked(folder, text):
    (folder.parent / "elsewhere.ipynb").write_text(text, encoding="utf-8")
    os.link(folder.parent / "elsewhere.ipynb", folder / "week3.ipynb")


def a_folder(folder, text):
    (folder / "week3.ipynb").mkdir()
    (folder / "week3.ipynb" / "hw.ipynb").write_text(text, encoding="utf-8")


def nothing(folder, text):
    pass


HONEST = [
    *(Submission(name, FULL, answers=RIGHT) for name in NAMES),
    *(Submission(f"cell-{k}", FULL, added(v), RIGHT) for k, v in SPOILERS.items()),
    Submission("stderr", FULL, answers=but(toy_mean=LOUD_MEAN)),
    Submission("odd-output", FULL, added(ODD_OUTPUT), RIGHT),
    Submission("bom", FULL, answers=RIGHT, lay=as_bytes(encoding="utf-8-sig")),
    Submission("utf16", FULL, answers=RIGHT, lay=as_bytes(encoding="utf-16")),
    Submission("latin", FULL, answers=RIGHT, lay=as_bytes(encoding="cp1252")),
    Submission("ids-only", FULL, changed(metadata=False), RIGHT),
    Submission("nothing-kept", FULL, changed(ids=False, metadata=False), RIGHT),
    Submission("colab", FULL, changed(minor=0), RIGHT),
    Submission("old", FULL, old, RIGHT),
    Submission("other-kernel", FULL, other_kernel, RIGHT),
    Submission("broken-cells", FULL, broken_cells, RIGHT),
    Submission("script", FULL, answers=RIGHT, lay=as_script),
    Submission("zip", FULL, answers=RIGHT, lay=as_zip),
    Submission("browser", FULL, answers=RIGHT, lay=as_bytes(name="hw (1).ipynb")),
    Submission("renamed", FULL, answers=RIGHT, lay=as_bytes(name="week3_jane.ipynb")),
    Submission("text", FULL, answers=RIGHT, lay=as_bytes(name="week3.ipynb.txt")),
    Submission("capitals", FULL, answers=RIGHT, lay=as_bytes(name="Week3.IPYNB")),
    Submission("unsolved", FULL, answers=RIGHT, lay=unsolved_beside),
    Submission("beside", FULL, answers=RIGHT, lay=beside),
    Submission("hard-link", FULL, answers=RIGHT, lay=hard_linked),
    Submission("odd-pictures", FULL, odd_pictures, RIGHT),
    Submission("other-kinds", FULL, other_kinds, RIGHT),
    Submission("dos", FULL, dos, RIGHT),
    Submission("exchanged", FULL, exchanged, RIGHT),
    Submission("emacs", FULL, answers=RIGHT, lay=as_emacs_has_it),
    Submission("module", FULL, answers=but(toy_mean=MODULE), lay=with_module),
    Submission("in-folder", FULL, answers=RIGHT, lay=a_folder),
]

#: Nobody can say what is meant: listed, and no points.
UNCLEAR = [
    Submission("twice", 0, answers=RIGHT, lay=twice),
    Submission("linked", 0, answers=RIGHT, lay=linked),
    Submission("empty-folder", 0, lay=nothing),
    Submission(
        "cut-off",
        0,
        lay=lambda f, t: (f / "week3.ipynb").write_text(t[:900], encoding="utf-8"),
    ),
    Submission("pdf", 0, text="%PDF-1.7"),
    Submission("nested", 0, text='{"cells":' + "[" * 100_000),
    Submission("list", 0, text="[1, 2]"),
    Submission("many-cells", 0, text='{"cells": [' + "{}," * 99_999 + "{}]}"),
    Submission("many-lists", 0, text='{"a": [' + "[]," * 2**20 + '[]], "cells": []}'),
]

# --- not honest -------------------------------------------------------------------

LINK = """\
import os

for name in ("week3.ipynb", "hw.ipynb", "notebook.ipynb"):
    for target in ("../../../gradebook.db", "/tmp/x"):
        try:
            os.remove(name)
        except OSError:
            pass
        os.symlink(target, name)"""

CONFIG = """\
from pathlib import Path

for up in (".", "..", "../..", "../../..", "../../../.."):
    for name in ("nbgrader_config.py", "gradebook.db", "sitecustomize.py"):
        try:
            with open(f"{up}/{name}", "a") as file:
                file.write("raise SystemExit(1)\\n")
        except OSError:
            pass"""

INSTALLED = """\
import importlib.util, os, site, sys
from pathlib import Path

places = [Path(p) for p in (*sys.path, sys.prefix, site.getuserbase()) if p]
spec = importlib.util.find_spec("d2lmini")
places += [Path(spec.origin).parent / "course", Path(sys.executable).parent]
written = []
for place in places:
    for name in ("check.py", "sitecustomize.py", "x.pth", "python"):
        try:
            (place / name).open("a").write("\\ndef same(*a, **k): pass\\n")
            written.append(place / name)
        except OSError:
            pass
mine = [p for p in written if p.is_relative_to("/d2lmini-own")]
assert written == mine, written"""

SEARCH = """\
import os, re

found = []
hidden, other = "demand([" + "5]", "sorted(values)[" + "-1]"
tops = "/home", "/tmp", "/work", "/root", "/mnt", "/srv", "/media", "/var", "/run"
for top in (*tops, "/d2lmini-own", "/d2lmini-given"):
    for folder, _, names in os.walk(top):
        if "site-packages" in folder or "/lib/python" in folder:
            continue
        for name in names:
            path = os.path.join(folder, name)
            try:
                text = open(path, errors="ignore").read(2_000_000)
            except OSError:
                continue
            if hidden in text or other in text:
                if not path.endswith("/week3.ipynb") or hidden in text:
                    found.append(path)
own = open("week3.ipynb").read()
if hidden in own:
    found.append("my own notebook")
for number in os.listdir("/proc"):
    if number.isdigit() and int(number) > 1:
        try:
            text = open(f"/proc/{number}/environ").read()
            text += open(f"/proc/{number}/cmdline").read()
        except OSError:
            continue
        if "gradebook" in text or "submitted" in text:
            found.append(number)
if found:
    def mean(values):
        return sum(values) / len(values)"""

NETWORK = """\
import socket

reached = []
for host in ("127.0.0.1", "::1", "192.0.2.1", "169.254.169.254"):
    for port in (22, 80, 8888, {port}):
        try:
            with socket.create_connection((host, port), timeout=0.2):
                reached.append(port)
        except OSError:
            pass
for name in ("\\0d2lmini-test", "/run/docker.sock", "/var/run/dbus/system_bus_socket"):
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(name)
            reached.append(name)
    except OSError:
        pass
if reached:
    def mean(values):
        return sum(values) / len(values)""".replace("{port}", str(PORT))

HANDLES = """\
import mmap, os, re

found = []
for number in [x for x in os.listdir("/proc") if x.isdigit()] + ["self"]:
    for kind in ("root", "cwd", "exe"):
        try:
            if kind == "root" and os.listdir(f"/proc/{number}/root") != os.listdir("/"):
                found.append(f"{number}/{kind}")
        except OSError:
            pass
    try:
        handles = os.listdir(f"/proc/{number}/fd")
    except OSError:
        continue
    for handle in handles:
        path = f"/proc/{number}/fd/{handle}"
        try:
            target = os.readlink(path)
            own = target.startswith(("/dev/", "/d2lmini-own/"))
            if target.startswith("/") and not own:
                os.close(os.open(path, os.O_RDWR))
                found.append(target)
        except OSError:
            pass
for line in open("/proc/self/mountinfo"):
    place, options = line.split()[4:6]
    writable = options.startswith("rw") and os.access(place, os.W_OK)
    inside = place.startswith(("/d2lmini-own", "/tmp", "/dev", "/proc"))
    if writable and not inside:
        found.append(place)
for path in (os.__file__, "/usr/bin/env", "/d2lmini-given/ask.json", "/d2lmini-given"):
    try:
        os.chmod(path, 0o777)
        found.append(path)
    except OSError:
        pass
try:
    with open(os.__file__, "rb") as file:
        mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_WRITE)
        found.append("mapped")
except OSError:
    pass
if found:
    print(found)
    def mean(values):
        return sum(values) / len(values)"""
LEAVINGS = """\
import os, socket, stat

os.chmod(".", 0o777)
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("socket")
open("suid", "w").close()
os.chmod("suid", 0o6777)
os.symlink("/", "root")
os.mkdir("closed")
open("closed/in", "w").close()
os.link("suid", "closed/hard")
os.mkdir("week3.ipynb\\n")
for name in (".jupyter", ".ipython/profile_default/startup", "__pycache__"):
    os.makedirs(name)
    for file in ("jupyter_config.py", "0.py", "nbgrader_config.py", "conftest.py"):
        open(f"{name}/{file}", "w").write("raise SystemExit")
try:
    os.mknod("disk", 0o777 | stat.S_IFBLK, os.makedev(8, 0))
    raise SystemExit("a device")
except OSError:
    pass
os.chmod("closed", 0)
os.chmod(".", 0)"""
RELOADED = """\
import os, site, sys
from pathlib import Path

lie = "import builtins; builtins.AssertionError = ZeroDivisionError; raise SystemExit"
home = Path.home()
for place in (site.getusersitepackages(), home / ".ipython/profile_default/startup",
              home, home / ".jupyter", home / ".config/matplotlib", "/tmp"):
    try:
        Path(place).mkdir(parents=True, exist_ok=True)
    except OSError:
        continue
    for name in ("usercustomize.py", "sitecustomize.py", "0.py", "x.pth", "json.py",
                 "ipython_config.py", "ipython_kernel_config.py", "matplotlibrc"):
        try:
            (Path(place) / name).write_text(lie)
        except OSError:
            pass
os._exit(1)"""

BOMB = """\
import os, threading

try:
    while True:
        if os.fork() == 0:
            pass
except OSError:
    pass"""
THREADS = """\
import threading, time

try:
    for _ in range(100_000):
        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
except RuntimeError:
    pass"""
CHILDREN = """\
import os, time

for _ in range(20):
    if os.fork() == 0:
        block = bytearray(2**30)
        for i in range(0, len(block), 4096):
            block[i] = 1
        time.sleep(30)
        os._exit(0)
time.sleep(20)"""
FILL = """\
import os

for place in (".", "/tmp", "/dev/shm", "/"):
    try:
        for i in range(40):
            with open(f"{place}/big{i}", "wb") as file:
                for _ in range(64):
                    file.write(b"x" * 2**22)
    except OSError:
        pass
for i in range(100_000):
    try:
        open(f"f{i}", "w").close()
    except OSError:
        break
else:
    raise SystemExit("no bound")"""
MEMFD = """\
import os

made = []
try:
    for i in range(60):
        made.append(os.memfd_create(str(i)))
        for _ in range(60):
            os.write(made[-1], b"x" * 2**22)
except OSError:
    pass"""
OUTLIVE = """\
import os, subprocess, sys, time

child = "import time, os; os.setsid(); time.sleep(600)  # d2lmini-outlives"
subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)"""
FLOOD = """\
from IPython.display import display

for i in range(3000):
    display({"text/html": "<script>alert(1)</script>" * 1000}, raw=True)"""
GIANT = """\
from IPython.display import display

display({"text/plain": "x" * 2**27}, raw=True)"""
COMMS = """\
import ipykernel.comm

for i in range(300):
    ipykernel.comm.Comm(target_name="x", data={"state": {"x": "y" * 10**6}})"""
SIGNALS = """\
import os, signal

for pid in range(1, 40):
    if pid != os.getpid():
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
try:
    os.kill(-1, signal.SIGTERM)
except OSError:
    pass"""
DELAYED = """\
import os, threading

threading.Timer(0.01, os._exit, (1,)).start()
import time
time.sleep(1)"""
MOUNTS = """\
import ctypes, os, subprocess

libc = ctypes.CDLL(None, use_errno=True)
done = [
    subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode == 0,
    libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0,
    libc.unshare(0x10000000) == 0,
    libc.chroot(b"/tmp") == 0,
    libc.ptrace(16, 1, 0, 0) == 0,
    os.access("/proc/sysrq-trigger", os.W_OK),
    os.access("/proc/sys/kernel/core_pattern", os.W_OK),
    os.path.exists("/dev/sda") or os.path.exists("/dev/kmsg"),
]
if any(done):
    def mean(values):
        return sum(values) / len(values)"""
JUNK = """\
import os
ip = get_ipython()
send = ip.kernel.session.send
ip.kernel.session.key = b"other"
print("unsigned")"""

# Ways to make a check say yes, each of which must not, and is seen.
PERSUADE = {
    "transformer": """\
ip = get_ipython()
ip.input_transformers_post.append(lambda lines: ["pass\\n"])""",
    "cleanup": """\
ip = get_ipython()
ip.input_transformers_cleanup.append(lambda lines: [])""",
    "tree": """\
import ast

class Nothing(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()

get_ipython().ast_transformers.append(Nothing())""",
    "run-cell": """\
ip = get_ipython()
run = ip.run_cell_async
async def nothing(code, *args, **kwargs):
    return await run("pass", *args, **kwargs)
ip.run_cell_async = nothing""",
    "event": """\
def solve(info):
    if "demand" in info.raw_cell:
        get_ipython().user_ns["mean"] = lambda values: sum(values) / len(values)
get_ipython().events.register("pre_run_cell", solve)""",
    "trace": """\
import sys

def trace(frame, event, arg):
    if frame.f_code.co_name == "demand":
        frame.f_globals["mean"] = lambda values: sum(values) / len(values)
sys.settrace(trace)""",
    "equal": """\
class Yes(float):
    __eq__ = lambda self, other: True
    __hash__ = None
import builtins
builtins.float = Yes""",
    "error": """\
import builtins
builtins.AssertionError = type("Fine", (BaseException,), {})""",
}


def richer(nb):
    for cell in nb["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about:
            about.update(points=99, grade=True, solution=True, locked=False, task=True)


ATTACKS = [
    Submission("link", NO_MEAN, added(LINK, 99), but(toy_mean=WRONG)),
    Submission("config", NO_MEAN, added(CONFIG), but(toy_mean=WRONG)),
    Submission("installed", NO_MEAN, added(INSTALLED), but(toy_mean=WRONG)),
    Submission("search", NO_MEAN, answers=but(toy_mean=f"{WRONG}\n\n{SEARCH}")),
    Submission(
        "network",
        NO_MEAN,
        answers=but(toy_mean=f"{WRONG}\n\n{NETWORK}"),
    ),
    Submission("mounts", NO_MEAN, answers=but(toy_mean=f"{WRONG}\n\n{MOUNTS}")),
    Submission("handles", NO_MEAN, answers=but(toy_mean=f"{WRONG}\n\n{HANDLES}")),
    Submission("leavings", FULL, added(LEAVINGS), RIGHT),
    Submission("reloaded", NO_MEAN, added(RELOADED), but(toy_mean=WRONG)),
    Submission("bomb", NO_MEAN, answers=but(toy_mean=BOMB)),
    Submission("threads", FULL, added(THREADS), RIGHT),
    Submission("children", FULL, added(CHILDREN), RIGHT),
    Submission("fill", FULL, added(FILL), RIGHT),
    Submission("memfd", FULL, added(MEMFD), RIGHT),
    Submission("outlive", FULL, added(OUTLIVE), RIGHT),
    Submission("flood", FULL, added(FLOOD), RIGHT),
    Submission("giant", FULL, added(GIANT), RIGHT),
    Submission("comms", FULL, added(COMMS), RIGHT),
    Submission("signals", FULL, added(SIGNALS), RIGHT),
    Submission("delayed", FULL, added(DELAYED), RIGHT),
    Submission("all-tasks", FULL, richer, RIGHT),
    *(
        # What spoils a cell spoils the student's next one too: the area, two points.
        Submission(
            f"persuade-{k}",
            NO_MEAN - 2 * (k in ("transformer", "cleanup")),
            added(v),
            but(toy_mean=WRONG),
        )
        for k, v in PERSUADE.items()
    ),
    Submission(
        "check-first",
        NO_MEAN,
        rewritten("toy-mean-check", "assert True"),
        but(toy_mean=WRONG),
    ),
    Submission("script-answer", 2, answers=only("toy-area")),
]

ALL = [*HONEST, *UNCLEAR, *ATTACKS]
