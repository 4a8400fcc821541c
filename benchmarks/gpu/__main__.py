"""``python -m benchmarks.gpu OUT``: all that a GPU has to show, in under 8 minutes.

Needs torch, torchvision and what d2lmini needs at import; reads ``D2LMINI_DATA``.
Writes to the folder OUT, a file as soon as its part is done: ``tests.txt``,
``speeds.md``, ``best.md``, ``chapters.md``, ``graphs.md``, ``small.md``,
``studies.md``, and the runs' histories.  A part that fails says so in its file, and the
others go on; a run for which the time does not suffice is left out.  ``--parts`` names
some of them, so that a machine lent twice does the rest the second time.  Without a
CUDA device it is a rehearsal: a few batches of everything, which shows that it runs and
no more.
"""

import argparse
import importlib.util
import math
import os
import platform
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from d2lmini.device import best_device, device_name

ROOT = Path(__file__).parents[2]
LIMIT = 460.0  # seconds for everything
PARTS = ("tests", "speeds", "best", "chapters", "graphs", "small", "studies")


def main() -> int:
    """Do every part; 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=float, default=LIMIT, help="for all of them")
    asked = parser.parse_args()
    out: Path = asked.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    rehearsal = not torch.cuda.is_available()
    if rehearsal:
        os.environ["D2LMINI_QUICK"] = "1"
    else:
        os.environ.pop("D2LMINI_QUICK", None)
    os.environ["D2LMINI_RUNS"] = str(out / "runs")
    begun = time.monotonic()

    from benchmarks.gpu import runs, speeds  # after the environment is settled

    def left() -> float:
        return math.inf if rehearsal else asked.seconds - time.monotonic() + begun

    works: dict[str, Callable[[], Iterator[str]]] = {
        "tests.txt": tests,
        "speeds.md": speeds.rows,
        "best.md": lambda: runs.best(left),
        "chapters.md": lambda: runs.chapters(left),
        "graphs.md": speeds.graphs,
        "small.md": speeds.small,
        "studies.md": lambda: runs.studies(left),
    }
    parts = {
        name: work for name, work in works.items() if Path(name).stem in asked.parts
    }
    if rehearsal:
        parts.pop("small.md", None)  # there are no launches to save
    done = [_written(out / name, part, rehearsal) for name, part in parts.items()]
    shutil.rmtree(out / "runs" / "checkpoints", ignore_errors=True)  # large
    print(f"{time.monotonic() - begun:.0f} s", flush=True)
    return int(not all(done))


def tests() -> Iterator[str]:
    """The tests that need a GPU."""
    if importlib.util.find_spec("pytest") is None:
        yield "not run: pytest is not installed here"
        return
    command = [sys.executable, "-m", "pytest", "-q", "--noconftest", "--durations=5"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "tests/unit/test_gpu.py"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    yield done.stdout + done.stderr
    if done.returncode not in (0, 5):
        raise RuntimeError(f"pytest ended with {done.returncode}")


def _written(path: Path, part: Callable[[], Iterator[str]], rehearsal: bool) -> bool:
    """Write the lines of ``part`` to ``path`` as they come; whether all went well."""
    begun = time.monotonic()
    versions = f"PyTorch {torch.__version__}, Python {platform.python_version()}"
    origin = f"{device_name(best_device())}, {versions}"
    with path.open("w", encoding="utf-8") as file:

        def write(line: str) -> None:
            print(line, flush=True)
            file.write(line + "\n")
            file.flush()

        if rehearsal:
            write("A rehearsal on a CPU: these numbers mean nothing.\n")
        try:
            for line in part():
                write(line)
        except Exception:
            write(traceback.format_exc())
            return False
        finally:
            write(f"\n{origin}; {time.monotonic() - begun:.0f} s")
    return True


if __name__ == "__main__":
    sys.exit(main())
