"""Packs quiz questions for a notebook cell, and unpacks them again.

python -m d2lmini.widgets pack questions.json
python -m d2lmini.widgets unpack packed.txt
"""

import argparse
import json
from pathlib import Path

from d2lmini.widgets.quiz import pack, unpack


def main() -> None:
    """Prints what `Quiz` takes, or the questions that are in it."""
    parser = argparse.ArgumentParser(prog="python -m d2lmini.widgets")
    parser.add_argument("action", choices=("pack", "unpack"))
    parser.add_argument("file", type=Path, help="JSON to pack, or text to unpack")
    options = parser.parse_args()
    text = options.file.read_text(encoding="utf-8")
    if options.action == "pack":
        print(pack(json.loads(text)))
    else:
        print(json.dumps(unpack(text), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
