"""The playground's pictures: ``python -m tools.pictures`` writes them for the site.

The first 6,000 of Fashion-MNIST's training files for training and the next 1,000 for
validation, in 32 greys, as a script that sets one value (a page that was opened from a
disk may load nothing else).  ``D2LMINI_DATA`` says where the files are, as everywhere.
"""

import base64
import zlib

import numpy as np

from d2lmini.data import files
from d2lmini.widgets.pictures import COUNT, GREYS, Bytes, median, packed
from tools import book

PLACE = book.ROOT / "book" / "_static" / "fashion-mnist" / "pictures.js"
HEAD, TAIL = 'globalThis.d2lminiPictures =\n  "', '";\n'


def unpacked(text: str) -> tuple[Bytes, Bytes]:
    """What :func:`packed` packed: greys 0–31 and labels."""
    content = np.frombuffer(zlib.decompress(base64.b64decode(text)), "u1")
    labels, rest = content[:COUNT], content[COUNT:].reshape(COUNT, 28, 28)
    padded = np.zeros((COUNT, 29, 29), np.int64)
    for i in range(28):
        for j in range(28):
            left, above = padded[:, i + 1, j], padded[:, i, j + 1]
            guess = median(left, above, padded[:, i, j])
            padded[:, i + 1, j + 1] = (rest[:, i, j] + guess) % GREYS
    return padded[:, 1:, 1:].astype("u1"), labels


def text_of(script: str) -> str:
    """The value that the script sets."""
    return script.removeprefix(HEAD).removesuffix(TAIL)


def main() -> None:
    """Write the script."""
    images, labels, _, _ = files.load(None)
    text = packed(images[:COUNT, 0].numpy(), labels[:COUNT].numpy())
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.write_text(HEAD + text + TAIL, encoding="utf-8", newline="\n")
    print(f"{PLACE.relative_to(book.ROOT)}: {PLACE.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
