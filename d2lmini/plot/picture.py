"""A figure that carries its alt text and looks the same in every notebook."""

import io
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from d2lmini import mode

SHARPNESS = 2  # pixels per point of the page, for dense screens
_DPI = 96  # at which a figure's inches are the page's


#: Kinds of matplotlib's settings that make a look; fonts are not among them, since
#: one of the user's own may have letters that the usual one lacks.
_KINDS = {
    *("axes", "contour", "figure", "grid", "image", "legend", "lines", "markers"),
    *("patch", "path", "savefig", "scatter", "text", "xaxis", "xtick", "yaxis"),
    "ytick",
}


def plain() -> Any:
    """What has to be set so that no style of the user's shows, nor a dark one."""
    return {
        key: usual
        for key, usual in mpl.rcParamsDefault.items()
        if key.partition(".")[0] in _KINDS and mpl.rcParams[key] != usual
    }


def small_png(figure: Figure, dpi: int, **options: Any) -> bytes:
    """``figure`` as PNG without dates, in 256 colours.

    That is all that its greys and few hues need: the file is half as large or
    less, and a page carries dozens.  ``options`` are those of ``savefig``.  Quick mode
    shows that it can be drawn, in a sixteenth of the pixels and with every part where
    it happens to be: to arrange them takes longer than to draw them.
    """
    if mode.quick():
        dpi //= 4
        figure.set_layout_engine("none")
    raw, small = io.BytesIO(), io.BytesIO()
    # Not compressed, since it is unpacked at once, and by a backend that has this
    # option: a figure of the user's may come with another one.
    options |= {"pil_kwargs": {"compress_level": 0}, "backend": "agg"}
    figure.savefig(raw, format="png", dpi=dpi, **options)
    image = Image.open(raw).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


class Picture:
    """A matplotlib ``figure`` and the sentence ``alt`` that stands for it.

    Shown as PNG at twice its size on the page.  Change ``figure`` with
    matplotlib's own methods, or keep it with ``figure.savefig(...)``.
    """

    def __init__(self, figure: Figure, alt: str) -> None:
        self.figure = figure
        self.alt = alt

    def __repr__(self) -> str:
        return f"<Picture: {self.alt}>"

    def png(self) -> bytes:
        """The figure as PNG, the same bytes each time.

        The first call lays it out.  A second layout would move what the first has
        placed, so whoever changes the figure afterwards gives it an engine again.
        """
        FigureCanvasAgg(self.figure)
        with mpl.rc_context(plain()):
            drawn = small_png(self.figure, _DPI * SHARPNESS)
        self.figure.set_layout_engine("none")
        return drawn

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = (
            round(inches * _DPI) for inches in self.figure.get_size_inches()
        )
        size = {"width": width, "height": height, "alt": self.alt}
        return {"image/png": self.png(), "text/plain": repr(self)}, {"image/png": size}
