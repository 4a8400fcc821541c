"""The walks through the book's seven networks: ``python -m tools.walks``.

Writes what ``ShapeWalk()`` shows without walking: shapes, parameters, work and fields
of every layer, at every size.
"""

import json

from d2lmini.widgets.shape_walk import SEVEN, ShapeWalk, seven


def main() -> None:
    """Writes them."""
    text = json.dumps(ShapeWalk(seven()).data, separators=(",", ":"))
    SEVEN.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
