"""In a live kernel the Python traits hold what the reader sees."""

import json
import random

import oracle
import pytest
import test_batch_norm
import test_convolution
import test_pooling
import torch

from d2lmini.widgets import BatchNormLab

SETUP = """
import json
from d2lmini.widgets import BatchNormLab, ConvolutionLab, PoolingLab, Quiz
def shown(lab):
    return None if lab.output is None else lab.output.tolist()
"""


@pytest.fixture(scope="module")
def live(kernel):
    kernel.run(SETUP)
    return kernel


def answers(live, figure, states):
    """What `output` of a `figure` holds in the kernel under each of `states`."""
    code = f"lab = {figure}()\nanswers = []\n"
    code += f"for state in json.loads({json.dumps(states)!r}):\n"
    code += "    for name, value in state.items():\n"
    code += "        setattr(lab, name, value)\n"
    code += "    answers.append(shown(lab))\nprint(json.dumps(answers))"
    return json.loads(live.run(code))


def pooled(state):
    X = torch.tensor(state["input"], dtype=torch.float64)
    return test_pooling.pooled(test_pooling.shifted(X, state["shift"]), state)


def normalised(state):
    return test_batch_norm.truth(state, NOISE)[1]


NOISE = BatchNormLab().noise
FIGURES = {
    "ConvolutionLab": (test_convolution.settings, test_convolution.truth),
    "PoolingLab": (test_pooling.settings, pooled),
    "BatchNormLab": (test_batch_norm.settings, normalised),
}


@pytest.mark.parametrize("figure", FIGURES)
def test_traits_in_a_kernel_equal_torch(live, figure):
    settings, truth = FIGURES[figure]
    rng = random.Random(1)
    states = [settings(rng) for _ in range(150)]
    impossible = 0
    for state, held in zip(states, answers(live, figure, states), strict=True):
        expected = truth(state)
        impossible += expected is None
        assert (held is None) == (expected is None), state
        assert held is None or oracle.close(held, expected), state
    assert 0 < impossible < 120


def test_a_control_moved_in_the_front_end_reaches_python(live):
    live.comms.clear()
    live.run("moved = ConvolutionLab()")
    lab = live.comms[-1]  # the layout's comm opens before the widget's own
    live.update(lab, {"stride": [2, 1], "kernel": [[1, 1], [1, 1]]})
    assert json.loads(live.run("print(json.dumps(shown(moved)))")) == [[8, 12]]
    live.update(lab, {"kernel": [[1] * 4] * 4})
    assert live.run("print(moved.output, moved.problem)").startswith("None The kernel")


def test_display_carries_the_widget_and_the_page(live):
    live.displayed.clear()
    live.run("ConvolutionLab()")
    data = live.displayed[-1]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"] == test_convolution.ConvolutionLab().html()
    assert data["text/plain"].startswith("ConvolutionLab: cross-correlation")


def test_quiz_answers_reach_python(live):
    question = [{"text": "1 + 1?", "answer": 2, "why": "Count."}]
    live.comms.clear()
    live.run(f"quiz = Quiz({question!r})")
    live.update(live.comms[-1], {"answers": [2]})
    assert live.run("print(quiz.answers, quiz.score)") == "[2] 1\n"
