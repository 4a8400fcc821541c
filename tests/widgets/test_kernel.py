"""In a live kernel the Python traits hold what the reader sees."""

import json
import random

import oracle
import pytest
import test_convolution

SETUP = """
import json
from d2lmini.widgets import ConvolutionLab, Quiz
lab = ConvolutionLab()
def shown(lab):
    return None if lab.output is None else lab.output.tolist()
"""


@pytest.fixture(scope="module")
def live(kernel):
    kernel.run(SETUP)
    return kernel


def test_traits_in_a_kernel_equal_torch(live):
    rng = random.Random(1)
    states = [test_convolution.settings(rng) for _ in range(500)]
    code = f"states = json.loads({json.dumps(states)!r})\nanswers = []\n"
    code += "for state in states:\n    for name, value in state.items():\n"
    code += "        setattr(lab, name, value)\n"
    code += "    answers.append(shown(lab))\nprint(json.dumps(answers))"
    for state, held in zip(states, json.loads(live.run(code)), strict=True):
        expected = test_convolution.truth(state)
        assert (held is None) == (expected is None)
        assert held is None or oracle.close(held, expected)


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
