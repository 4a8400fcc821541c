"""How steady the package is when its files and its processes are not.

Kills and interrupts runs, damages what is stored, and compares shapes, costs and
receptive fields of random nets with brute force.  Prints a table, a line a part; ends
with status 1 if anything came out that must not, and says how to repeat it.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import torch

from benchmarks.steadiness import damage, runs, stacks
from benchmarks.steadiness.parts import Part, Result, results, row

PARTS: dict[str, Part] = runs.PARTS | damage.PARTS | stacks.PARTS
_HEAD = "| attack | tries | and then | must be zero |\n|---|---:|---|---|"


def main() -> int:
    """Try what is asked for; 1 if anything went wrong, else 0."""
    asked = _arguments()
    if not hasattr(os, "fork"):
        sys.exit("Processes are forked here, which Windows cannot do.")
    os.environ.pop("D2LMINI_QUICK", None)
    os.environ.pop("D2LMINI_RUNS", None)
    torch.set_num_threads(1)  # a fork copies no threads
    warnings.simplefilter("ignore")  # of PyTorch, about odd windows
    runs.warm_up()
    print(_HEAD, flush=True)
    return max(_tried(name, asked) for name in asked.parts or PARTS)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.steadiness",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--short", action="store_true", help="a few tries of each")
    parser.add_argument("--tries", type=int, help="so many of each instead")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="one try, by its number")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - PARTS.keys():
        parser.error(f"there is no part {min(unknown)}; there are {', '.join(PARTS)}")
    return asked


def _tried(name: str, asked: argparse.Namespace) -> int:
    part, begun = PARTS[name], time.monotonic()
    tries = asked.tries or (part.short if asked.short else part.tries)
    numbers = range(tries) if asked.only is None else [asked.only]
    found: list[Result] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            attempt = part.begin(Path(folder))
            for result in results(name, attempt, numbers, asked.seed):
                found.append(result)
                if result.wrong:
                    print(
                        f"{result.details}\n  again: python -m benchmarks.steadiness "
                        f"{name} --seed {asked.seed} --only {result.number}",
                        file=sys.stderr,
                        flush=True,
                    )
    finally:  # also after Ctrl-C: what has been tried has been tried
        print(row(part, found), flush=True)
    print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return int(any(result.wrong for result in found))


if __name__ == "__main__":
    sys.exit(main())
