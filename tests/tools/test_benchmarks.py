"""What the benchmarks measure is what the chapters train."""

import pytest

from benchmarks import networks, training
from benchmarks.gpu import settings
from d2lmini import augment, runs, schedules
from d2lmini.training import recipe


@pytest.mark.parametrize("name", settings.SETTINGS)
def test_a_network_is_trained_as_in_its_chapter(name):
    told, how = runs.load(name).recipe, settings.SETTINGS[name]
    assert how[:4] == (told["resize"], told["batch_size"], told["epochs"], told["lr"])
    schedule = settings.options(name).get("schedule", schedules.one_cycle)
    assert recipe.name_of(schedule) == told["schedule"]
    flipped = told["augment"] == recipe.name_of(augment.flip)
    assert flipped == (how.size > 28) == (name in networks.SIZES)


def test_parts_are_taken_from_their_folder_and_nowhere_else():
    assert training.networks is networks
