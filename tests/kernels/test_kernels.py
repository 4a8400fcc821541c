"""A forked kernel is as good as a plain one: new, alone, and gone when it ends."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from tests.kernels import PYTHON

pytestmark = pytest.mark.skipif(
    "TESTS_KERNELS" not in os.environ, reason="kernels are plain here"
)

# What one of them changes, and all that must be its own.
CHANGE = """
import os, matplotlib, numpy, random, torch, d2lmini.mode
os.environ["LEFT"] = "behind"
os.chdir("/")
d2lmini.mode.admit("changed")
matplotlib.rcParams["lines.linewidth"] = 99
torch.manual_seed(1)
left = 1
"""
SEEN = """
import json, os, sys
import matplotlib, numpy, random, torch, d2lmini.mode
print(json.dumps({
    "left": [os.environ.get("LEFT"), "left" in globals(), d2lmini.mode.notes(),
             matplotlib.rcParams["lines.linewidth"] == 99, sys.path.count("")],
    "seed": torch.initial_seed(), "folder": os.getcwd(), "own": os.environ["OWN"],
    "name": __name__, "backend": matplotlib.get_backend(), "pid": os.getpid(),
    "chance": [random.random(), numpy.random.rand()],
}))
"""


class Kernel:
    """A kernel in a folder, with a variable of its own."""

    def __init__(self, folder, **environ):
        self.manager, self.client = start_new_kernel(
            kernel_name="python3",
            cwd=str(folder),
            env=os.environ | {"OWN": folder.name} | environ,
        )

    def run(self, code, **options):
        printed = []

        def hear(message):
            if message["msg_type"] in ("stream", "error"):
                printed.append(message["content"])

        reply = self.client.execute_interactive(
            code, output_hook=hear, timeout=60, **options
        )
        assert reply["content"]["status"] != "aborted", f"never run: {code}"
        return printed

    def end(self, now=True):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=now)


@pytest.fixture
def started(tmp_path):
    kernels = []

    def start(name, **environ):
        folder = tmp_path / name
        folder.mkdir()
        kernels.append(Kernel(folder, **environ))
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.end()


def notes():
    file = Path(os.environ["TESTS_KERNELS"] + ".txt")
    return file.read_text("utf-8").splitlines() if file.exists() else []


def test_nothing_is_left_of_another_kernel(started, tmp_path):
    seen = []
    for name in ("one", "other"):
        kernel = started(name)
        (shown,) = kernel.run(SEEN)
        assert shown["name"] == "stdout"
        seen.append(json.loads(shown["text"]))
        assert kernel.run(CHANGE) == []
    one, other = seen
    assert other["left"] == one["left"] == [None, False, [], False, 1]
    assert other["seed"] not in (1, one["seed"]) and other["name"] == "__main__"
    assert "inline" in other["backend"]
    assert (one["own"], other["own"]) == ("one", "other")
    assert other["folder"] == str(tmp_path / "other")
    assert other["pid"] != one["pid"] and other["chance"] != one["chance"]


def gone(number):
    deadline = time.monotonic() + 20
    while (place := Path(f"/proc/{number}/stat")).exists():
        if place.read_text("utf-8").rpartition(")")[2].split()[0] == "Z":
            return True  # nobody has asked yet how it ended
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_it_can_be_interrupted_and_killed_with_its_children(started):
    kernel = started("one")
    code = "import os, subprocess; child = subprocess.Popen(['sleep', '600'])"
    (shown,) = kernel.run(code + "; print(os.getpid(), child.pid)")
    numbers = shown["text"].split()
    # With stop_on_error it would drop what it is sent just after the error.
    forever = "print('begun')\nwhile True: pass"
    asked = kernel.client.execute(forever, stop_on_error=False)
    while kernel.client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
        pass
    kernel.manager.interrupt_kernel()
    while (reply := kernel.client.get_shell_msg(timeout=60))["parent_header"].get(
        "msg_id"
    ) != asked:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print(6 * 7)")[0]["text"] == "42\n"
    kernel.manager.shutdown_kernel(now=True)
    assert all(gone(number) for number in numbers)


@pytest.mark.parametrize(("code", "status"), [("os._exit(3)", 3), ("os.abort()", -6)])
def test_whoever_started_it_learns_how_it_ended(started, code, status):
    kernel = started("one")
    kernel.client.execute(f"import os; {code}")
    assert kernel.manager.provisioner.process.wait(timeout=60) == status


def test_one_with_other_variables_that_imports_read_is_plain_and_noted(started):
    before = notes()
    kernel = started("one", OMP_NUM_THREADS="7")
    code = (
        "import sys, os; print('torch' in sys.modules, os.environ['OMP_NUM_THREADS'])"
    )
    assert kernel.run(code)[0]["text"] == "False 7\n"
    assert notes()[len(before) :].count("plain: OMP_NUM_THREADS differs") == 1


PROGRAM = """
import json, os, sys
import matplotlib
modules = "torchvision" in sys.modules, "JPY_PARENT_PID" in os.environ
backend = str(dict.__getitem__(matplotlib.rcParams, "backend"))
print(json.dumps([__name__, sys.argv[1:], os.getcwd(), sys.stdin.read(),
                  os.path.abspath(sys.path[0]), *modules, "inline" in backend]))
sys.exit(3)
"""


@pytest.mark.parametrize("way", ["-c", "-m"])
def test_a_program_is_forked_and_runs_as_python_runs_it(tmp_path, way):
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    name = PROGRAM if way == "-c" else "program"
    environ = {k: v for k, v in os.environ.items() if k != "JPY_PARENT_PID"}
    done = subprocess.run(
        [*PYTHON, way, name, "one", "two"],
        cwd=tmp_path,
        env=environ,
        input="given",
        capture_output=True,
        encoding="utf-8",
    )
    here = str(tmp_path.resolve())
    seen = ["__main__", ["one", "two"], here, "given", here]
    assert json.loads(done.stdout) == [*seen, True, False, False]
    assert done.returncode == 3
