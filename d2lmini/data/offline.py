"""A ten-class sample drawn by code, for machines without Fashion-MNIST.

Garment silhouettes in the shape and format of the real images (28×28, grey,
dark ground): enough to run every chapter, not to draw a conclusion from.
"""

from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

SOURCE = "offline sample"
_SIDE = 112  # drawn at four times the size, then averaged down to 28

Points = list[tuple[float, float]]
Span = tuple[float, float]
Shape = tuple[Points, float]  # an outline, and how much lighter it is


@lru_cache(maxsize=8)
def draw(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """``count`` images uint8 (count, 1, 28, 28) and labels int64 (count,).

    The classes take turns in a shuffled order.  A function of its arguments
    alone; another ``seed`` draws other images.
    """
    random = np.random.default_rng([28, seed])
    labels = random.permutation(np.arange(count) % 10)
    images = np.stack([_garment(int(label), random) for label in labels])
    return torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels)


def _garment(label: int, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """One image, uint8 (28, 28), of the class ``label``."""
    canvas = Image.new("L", (_SIDE, _SIDE))
    pen = ImageDraw.Draw(canvas)
    shade = int(random.integers(90, 240))
    for points, change in _SHAPES[label](random):
        tone = int(np.clip(shade + 60 * change, 25, 255))
        pen.polygon([(x * _SIDE, y * _SIDE) for x, y in points], fill=tone)
    _pattern(pen, canvas, shade, random)
    turn = float(random.normal(0, 5))
    shift = tuple(random.normal(0, 3.0, size=2))
    canvas = canvas.rotate(turn, Image.Resampling.BILINEAR, translate=shift)
    canvas = canvas.filter(ImageFilter.GaussianBlur(float(random.uniform(0, 3))))
    small = np.asarray(canvas.resize((28, 28), Image.Resampling.BOX), dtype=float)
    noise = random.normal(0, random.uniform(4, 26), size=small.shape) * (small > 8)
    return np.clip(small + noise, 0, 255).astype(np.uint8)


def _pattern(
    pen: ImageDraw.ImageDraw,
    canvas: Image.Image,
    shade: int,
    random: np.random.Generator,
) -> None:
    """Stripes or a print on some garments, as distractions."""
    kind = random.integers(0, 4)
    if kind > 1:
        return
    ground = canvas.copy()
    step = int(random.integers(9, 22))
    tone = int(np.clip(shade + random.choice([-70, 70]), 20, 255))
    for start in range(0, _SIDE, step):
        box = (0, start, _SIDE, start + step // 2)
        pen.rectangle(box if kind == 0 else (box[1], 0, box[3], _SIDE), fill=tone)
    # keep the pattern inside the garment
    canvas.paste(0, mask=ground.point(lambda value: 255 if value == 0 else 0))


def _mirror(half: Points) -> Points:
    """The outline whose left half is ``half``, from the top to the hem."""
    return half + [(1 - x, y) for x, y in reversed(half)]


def _top(
    random: np.random.Generator, sleeves: Span, hems: Span, open_: bool = False
) -> list[Shape]:
    """A garment for the upper body; a sleeve of 0 is none, one of 1 is to the hem."""
    sleeve, hem = random.uniform(*sleeves), random.uniform(*hems)
    half = random.uniform(0.17, 0.23)  # half the width of the body
    shoulder = random.uniform(0.14, 0.2)
    cuff = shoulder + 0.16 + sleeve * (hem - shoulder - 0.2)
    reach = 0.5 - half - random.uniform(0.1, 0.16) - 0.03 * sleeve
    neck = random.uniform(0.06, 0.1)
    arm = [
        (0.5 - neck, shoulder - 0.05),
        (0.5 - half - 0.03, shoulder),
        (reach, cuff),
        (reach + 0.11, cuff + 0.03),
        (0.5 - half, shoulder + 0.22),
        (0.5 - half, hem),
    ]
    shapes = [(_mirror(arm), 0.0)]
    dark = -1.2 if open_ else -0.5
    shapes.append((_mirror([(0.5 - neck, shoulder - 0.05), (0.5, shoulder)]), dark))
    if open_:  # the front edge of a coat, the buttons of a shirt
        shapes.append((_mirror([(0.488, shoulder), (0.488, hem)]), -1.2))
    return shapes


def _shirt(random: np.random.Generator) -> list[Shape]:
    buttons = bool(random.random() < 0.7)
    return _top(random, (0.1, 0.9), (0.76, 0.9), buttons)


def _dress(random: np.random.Generator) -> list[Shape]:
    waist, hem = random.uniform(0.08, 0.13), random.uniform(0.14, 0.26)
    half = [(0.42, 0.05), (0.38, 0.1), (0.5 - waist, 0.42), (0.5 - hem, 0.96)]
    return [(_mirror(half), 0.0), (_mirror([(0.45, 0.05), (0.5, 0.1)]), -1.5)]


def _trouser(random: np.random.Generator) -> list[Shape]:
    hip, ankle = random.uniform(0.14, 0.2), random.uniform(0.08, 0.13)
    gap = random.uniform(0.01, 0.04)
    half = [(0.5 - hip + 0.03, 0.05), (0.5 - hip, 0.3)]
    half += [(0.5 - gap - ankle, 0.96), (0.5 - gap, 0.96), (0.5, 0.36)]
    return [(_mirror(half), 0.0)]


def _sole(high: float) -> Points:
    return [(0.07, 0.74), (0.95, 0.72), (0.94, 0.72 + high), (0.08, 0.74 + high)]


def _sneaker(random: np.random.Generator) -> list[Shape]:
    top = random.uniform(0.44, 0.54)
    upper = [(0.07, 0.66), (0.34, 0.58), (0.56, top), (0.7, top + 0.04)]
    upper += [(0.93, top - 0.02), (0.95, 0.74), (0.07, 0.75)]
    return [(upper, 0.0), (_sole(random.uniform(0.03, 0.08)), 0.9)]


def _sandal(random: np.random.Generator) -> list[Shape]:
    heel = random.uniform(0.0, 0.16)
    shapes = [
        ([(0.05, 0.76), (0.95, 0.72 - heel), (0.95, 0.78 - heel), (0.05, 0.82)], 0.0)
    ]
    if heel > 0.06:
        shapes.append(([(0.87, 0.75 - heel), (0.95, 0.74 - heel), (0.94, 0.82)], 0.2))
    for start in random.uniform(0.12, 0.8, size=int(random.integers(2, 5))):
        top = random.uniform(0.42, 0.58)
        strap = [(start, 0.76), (start + 0.1, top), (start + 0.15, top + 0.01)]
        shapes.append(([*strap, (start + 0.07, 0.77)], random.uniform(-0.5, 0.7)))
    return shapes


def _boot(random: np.random.Generator) -> list[Shape]:
    top, shaft = random.uniform(0.12, 0.36), random.uniform(0.46, 0.6)
    upper = [(0.07, 0.68), (0.3, 0.58), (shaft, 0.46), (shaft - 0.02, top)]
    upper += [(0.92, top), (0.93, 0.76), (0.07, 0.77)]
    return [(upper, 0.0), (_sole(random.uniform(0.05, 0.14)), -0.7)]


def _bag(random: np.random.Generator) -> list[Shape]:
    top, wide = random.uniform(0.32, 0.5), random.uniform(0.3, 0.44)
    arch, thick = random.uniform(0.08, 0.24), random.uniform(0.03, 0.06)
    outer = _mirror([(0.3, top), (0.36, top - arch), (0.5, top - arch - 0.02)])
    inner = _mirror([(0.3 + thick, top), (0.37 + thick, top - arch + thick)])
    body = _mirror([(0.5 - wide + 0.04, top), (0.5 - wide, 0.88)])
    flap = _mirror([(0.5 - wide + 0.04, top), (0.5 - wide + 0.08, top + 0.14)])
    return [(outer, -0.3), (inner, -9.0), (body, 0.0), (flap, 0.5)]


#: One drawing function per label, in the order of ``data.CLASSES``.
_SHAPES = (
    partial(_top, sleeves=(0.0, 0.25), hems=(0.75, 0.9)),
    _trouser,
    partial(_top, sleeves=(0.7, 1.0), hems=(0.78, 0.92)),
    _dress,
    partial(_top, sleeves=(0.7, 1.0), hems=(0.86, 0.97), open_=True),
    _sandal,
    _shirt,
    _sneaker,
    _bag,
    _boot,
)
