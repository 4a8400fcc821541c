"""What the tests of figures share."""

import pytest


@pytest.fixture
def coarse(monkeypatch):
    """Figures of an eighth of the pixels a side, to ask whether they can be drawn."""
    monkeypatch.setattr("d2lmini.plot.picture.SHARPNESS", 0.25)
