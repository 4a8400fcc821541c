"""Packs quiz questions for a notebook cell, and unpacks them again.

python -m d2lmini.widgets pack questions.json
python -m d2lmini.widgets unpack packed.txt
"""

import argparse
import json
import sys
from pathlib import Path

from d2lmini.widgets.quiz import pack, read


def main() -> None:
    """Prints what `Quiz` takes, or the questions that are in it."""
    parser = argparse.ArgumentParser(
        prog="python -m d2lmini.widgets",
        description="Pack quiz questions as the text that Quiz takes in a notebook, "
        "or unpack that text again, as JSON.",
    )
    parser.add_argument("action", choices=("pack", "unpack"))
    parser.add_argument("file", type=Path, help="the questions, as JSON or packed")
    options = parser.parse_args()
    try:
        questions = read(options.file)
    except ValueError as error:
        sys.exit(str(error))
    if options.action == "pack":
        print(pack(questions))
    else:
        print(json.dumps(questions, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
