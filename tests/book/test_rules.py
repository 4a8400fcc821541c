"""Each rule lets the good chapter pass and catches the one that breaks it."""

from collections import Counter

import nbformat
import pytest
import rules
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from d2lmini.course import quizzes
from d2lmini.widgets import ConvolutionLab
from d2lmini.widgets.quiz import pack
from tools import book, outputs


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_a_good_chapter_passes(rule, good, path):
    assert list(rule(good, path)) == []


def complaint(rule, nb, path):
    """The only complaint of this rule, and the rule must have one."""
    found = list(rule(nb, path))
    assert len(found) == 1, found
    return found[0]


def show(cell, text, mime="text/plain"):
    cell.outputs = [new_output("display_data", data={mime: text})]


BREAKS = []


def breaks(rule):
    """Register a way to break ``rule``; the function changes a good notebook."""

    def register(function):
        BREAKS.append(pytest.param(rule, function, id=function.__name__))
        return function

    return register


@pytest.mark.parametrize(("rule", "spoil"), BREAKS)
def test_a_broken_chapter_is_caught(rule, spoil, good, path):
    spoil(good)
    assert complaint(rule, good, path)


def test_every_rule_has_been_broken():
    assert {param.values[0] for param in BREAKS} | {
        rules.net_is_the_packages  # below: it needs a chapter with a network
    } == set(rules.RULES)


@breaks(rules.cells_are_short)
def thirty_one_lines(nb):
    nb.cells[-1].source = "\n".join(["x = 1"] * 31)


@breaks(rules.lines_are_short)
def eighty_nine_columns(nb):
    nb.cells[-1].source = "x = " + "1" * 85


@breaks(rules.prose_stands_before_code)
def two_code_cells_in_a_row(nb):
    nb.cells.append(new_code_cell("2 + 2"))


@breaks(rules.prose_stands_before_code)
def a_heading_alone(nb):
    nb.cells[-2].source = "## A heading"


@breaks(rules.prose_stands_before_code)
def code_first(nb):
    del nb.cells[:2]


@breaks(rules.cells_were_run_in_order)
def never_run(nb):
    nb.cells[-1].execution_count = None


@breaks(rules.cells_were_run_in_order)
def run_twice(nb):
    nb.cells[-1].execution_count = 9


@breaks(rules.no_stored_errors)
def an_error(nb):
    nb.cells[-1].outputs = [
        new_output("error", ename="E", evalue="no", traceback=["no"])
    ]


@breaks(rules.images_have_alt_text)
def no_alt_text(nb):
    del nb.cells[4].metadata["mystnb"]


@breaks(rules.images_have_alt_text)
def an_alt_text_that_says_nothing(nb):
    nb.cells[4].metadata["mystnb"]["image"]["alt"] = "figure"


@breaks(rules.images_have_alt_text)
def a_picture_in_prose_without_alt(nb):
    nb.cells[1].source = "![](rules.py)"


@breaks(rules.ignored_outputs_have_a_reason)
def ignored_for_no_reason(nb):
    nb.cells[-1].metadata["tags"] = ["nbval-ignore-output"]


@breaks(rules.nothing_is_skipped)
def skipped(nb):
    nb.cells[-1].metadata["tags"] = ["nbval-skip"]


@breaks(rules.nothing_is_skipped)
def skipped_by_a_comment(nb):
    nb.cells[-1].source = "# NBVAL_IGNORE_OUTPUT\n1 + 1"


def exercise(nb, *, own, check):
    """Append an answer, and a check of it."""
    for source, grade in ((own, False), (check, True)):
        nb.cells.append(new_code_cell(source, metadata={"nbgrader": {"grade": grade}}))


@breaks(rules.checks_leave_the_learners_names)
def a_given_number_set_by_the_check(nb):
    exercise(nb, own="pooled = 32", check="with d as e:\n    pooled = pool(pooled)")


@breaks(rules.checks_leave_the_learners_names)
def a_given_number_set_by_another_check(nb):
    exercise(nb, own="one = 64", check="assert one == 64")
    exercise(nb, own="two = 2", check="for one in (two, 3):\n    assert one")


@breaks(rules.checks_leave_the_learners_names)
def a_class_of_the_learner_imported_by_the_check(nb):
    exercise(nb, own="class Block: ...", check="from d2lmini.nets import Block")


def test_a_check_has_names_of_its_own(good, path):
    local = "def compare(size):\n    side = size\n\n\n[side for side in (1, 2)]"
    exercise(good, own="import torch\n\nside = 3", check=f"import torch\n\n{local}")
    assert not list(rules.checks_leave_the_learners_names(good, path))


QUIZ = [
    {
        "text": "Which?",
        "choices": [
            {"text": "the longest of them all", "why": "Yes.", "right": True},
            {"text": "nearly as long as it", "why": "No."},
        ],
    }
]
FOLDED = {
    "jupyter": {"source_hidden": True},
    "cellView": "form",
    "tags": ["hide-input"],
}


def quiz_cell(questions, title="# @title Check yourself\n", **metadata):
    source = f'{title}Quiz("""\n{pack(questions)}\n""")'
    return new_code_cell(source, metadata={**FOLDED, **metadata})


def test_a_folded_quiz_without_a_pattern_passes(good, path):
    fair = [QUIZ[0] | {"choices": [QUIZ[0]["choices"][0], *QUIZ[0]["choices"]]}]
    fair[0]["choices"][0] = {"text": "no, this one is the longest", "why": "No."}
    good.cells.append(quiz_cell(fair))
    for rule in (rules.quizzes_hide_their_source, rules.right_answers_do_not_stand_out):
        assert list(rule(good, path)) == []


@breaks(rules.quizzes_hide_their_source)
def a_quiz_under_its_base64(nb):
    nb.cells.append(quiz_cell(QUIZ, jupyter={}))


@breaks(rules.quizzes_hide_their_source)
def a_quiz_that_is_no_form(nb):
    nb.cells.append(quiz_cell(QUIZ, title=""))


def drawer(tag, show, hide, **role):
    prompts = {"code_prompt_show": show, "code_prompt_hide": hide}
    told = {"tags": [tag], "mystnb": {k: v for k, v in prompts.items() if v}}
    return new_code_cell("1", metadata={**told, **({"nbgrader": role} if role else {})})


def test_drawers_that_say_what_they_hold_pass(good, path):
    solution = ("Show one solution", "Hide the solution")
    quiz = ("Show the source of the quiz", "Hide the source of the quiz")
    good.cells += [
        drawer("hide-input", *solution, grade=False),
        drawer("hide-cell", "Show the check", "Hide the check", grade=True),
        drawer("hide-input", *quiz),
    ]
    assert list(rules.drawers_say_what_they_hold(good, path)) == []


@breaks(rules.drawers_say_what_they_hold)
def a_solution_called_a_check(nb):
    made = drawer("hide-input", "Show the check", "Hide the solution", grade=False)
    nb.cells.append(made)


@breaks(rules.drawers_say_what_they_hold)
def a_check_without_a_name_when_open(nb):
    nb.cells.append(drawer("hide-cell", "Show the check", "", grade=True))


@breaks(rules.right_answers_do_not_stand_out)
def the_longest_is_right(nb):
    nb.cells.append(quiz_cell(QUIZ))


@breaks(rules.right_answers_do_not_stand_out)
def one_right_answer_of_two_is_much_longer(nb):
    right, wrong = QUIZ[0]["choices"]
    far = {"text": "What?", "choices": [right, wrong | {"text": "short"}]}
    fair = {
        "text": "Which?",
        "choices": [right, wrong | {"text": "no, it is longer still: this"}],
    }
    nb.cells.append(quiz_cell([far, fair]))


@breaks(rules.no_trailing_semicolon)
def a_semicolon(nb):
    nb.cells[-1].source = "plt.plot(x); "


@breaks(rules.markdown_is_plain)
def a_directive(nb):
    nb.cells[1].source = "```{note}\nRead.\n```"


@breaks(rules.markdown_is_plain)
def a_role(nb):
    nb.cells[1].source = "As in {cite:p}`lecun1998`."


@breaks(rules.markdown_is_plain)
def a_fence_of_colons(nb):
    nb.cells[1].source = "::: note\nRead.\n:::"


@breaks(rules.markdown_is_plain)
def a_label(nb):
    nb.cells[1].source = "(here)=\n## Here"


@breaks(rules.per_cent_follows_its_number)
def a_space_before_per_cent(nb):
    nb.cells[1].source = "It reached 94\u00a0%."


@breaks(rules.per_cent_follows_its_number)
def a_space_in_an_alt_text(nb):
    nb.cells[4].metadata["mystnb"]["image"]["alt"] = "A bar at 94 % of the width"


@breaks(rules.no_line_becomes_a_list)
def a_plus_at_the_start_of_a_line(nb):
    nb.cells[1].source = "Ahead is LeNet\n+ BN, by far."


@breaks(rules.no_line_becomes_a_list)
def a_one_at_the_start_of_a_line(nb):
    nb.cells[1].source = "They all begin at\n1. That is a lot."


@breaks(rules.links_lead_somewhere)
def a_link_to_nothing(nb):
    nb.cells[1].source = "See [there](nowhere.md#part)."


@breaks(rules.headings_make_an_outline)
def no_title(nb):
    nb.cells[0].source = "# LeNet\n\nHow?"


@breaks(rules.headings_make_an_outline)
def two_titles(nb):
    nb.cells[1].source = "# 7 · AlexNet\n\nHow?"


@breaks(rules.headings_make_an_outline)
def a_level_left_out(nb):
    nb.cells[3].source = "### Training\n\nLong."


@breaks(rules.headings_make_an_outline)
def an_empty_heading_at_the_end(nb):
    nb.cells.append(new_markdown_cell("## Exercises"))


@breaks(rules.headings_make_an_outline)
def an_empty_heading_inside(nb):
    nb.cells[3].source = "## Exercises\n\n## Training\n\nLong."


@breaks(rules.no_personal_folders)
def a_home_in_the_output(nb):
    show(nb.cells[-1], "/ho" + "me/ada/data")


@breaks(rules.no_personal_folders)
def a_home_in_the_source(nb):
    nb.cells[-1].source = "root = '/Us" + "ers/ada'"


@breaks(rules.no_timings_in_text)
def seconds(nb):
    show(nb.cells[-1], "epoch 1 took 3.2 s")


@breaks(rules.no_timings_in_text)
def a_speed_in_a_table(nb):
    show(nb.cells[-1], "<td>12 000 examples/s</td>", "text/html")


@breaks(rules.no_rehearsal_is_stored)
def quick_mode(nb):
    show(nb.cells[2], "QUICK MODE (a few batches)")


@breaks(rules.no_rehearsal_is_stored)
def the_drawn_sample(nb):
    show(nb.cells[2], f"LeNet on {rules.offline.SOURCE}")


@breaks(rules.outputs_belong_to_the_code)
def code_changed_since(nb):
    nb.cells[-1].source = "1 + 2"


@breaks(rules.outputs_belong_to_the_code)
def never_stored(nb):
    del nb.metadata["d2lmini"]


@breaks(rules.nothing_but_the_chapter_is_stored)
def a_widget_view(nb):
    nb.cells[-1].outputs = [
        new_output("display_data", data={outputs.WIDGET_VIEW: {"model_id": "1"}})
    ]


@breaks(rules.figures_are_the_packages)
def a_figure_of_last_year(nb):
    html = ConvolutionLab().html()
    assert complaints_about(nb, html) == []
    show(nb.cells[-1], html.replace("const d2lmini", "const  d2lmini"), "text/html")


@breaks(rules.figures_are_the_packages)
def styles_of_last_year(nb):
    html = ConvolutionLab().html().replace("--ink", "--pen")
    show(nb.cells[-1], html, "text/html")


def complaints_about(nb, html):
    show(nb.cells[-1], html, "text/html")
    return list(rules.figures_are_the_packages(nb, book.ROOT))


@breaks(rules.cells_keep_their_names)
def a_random_id(nb):
    nb.cells[1]["id"] = "0f3a92bc"


@breaks(rules.nothing_but_the_chapter_is_stored)
def when_it_ran(nb):
    nb.cells[2].metadata["execution"] = {"iopub.execute_input": "2020"}


@breaks(rules.nothing_but_the_chapter_is_stored)
def who_ran_it(nb):
    nb.metadata["language_info"] = {"name": "python", "version": "3.11.2"}


@breaks(rules.nothing_but_the_chapter_is_stored)
def widget_state(nb):
    nb.metadata["widgets"] = {}


def test_the_same_id_twice(good, path):
    good.cells[1]["id"] = good.cells[2]["id"]
    assert len(list(rules.cells_keep_their_names(good, path))) == 2


def test_what_follows_from_training_may_be_ignored(good, path):
    ignore = {"tags": [rules.IGNORE]}
    for source in ("best = history.best", "print(best)", "d2l.plot.filters(net)"):
        good.cells.append(new_code_cell(source, metadata=ignore))
    assert not list(rules.ignored_outputs_have_a_reason(good, path))
    good.cells.append(new_code_cell("print(data)", metadata=ignore))
    assert complaint(rules.ignored_outputs_have_a_reason, good, path)


def test_a_loop_that_a_chapter_writes_is_a_training(good, path):
    ignore = {"tags": ["nbval-ignore-output"]}
    for code in (
        "def fit(net):\n    loss(net).backward()\n    return 1\n\nprint(fit(net))",
        "print(accuracy(net))",
        "small = load_fashion_mnist(5)\nprint(small.train.images)",
    ):
        good.cells.append(new_code_cell(code, metadata=ignore))
    assert not list(rules.ignored_outputs_have_a_reason(good, path))
    good.cells.append(new_code_cell("print(small)", metadata=ignore))
    assert complaint(rules.ignored_outputs_have_a_reason, good, path)


@pytest.fixture
def lenet(good):
    """A chapter called lenet, with the package's own network in its net cell."""
    source = (rules.NETS / "lenet.py").read_text(encoding="utf-8")
    source = source.split('"""', 2)[2].lstrip()  # the chapter has no docstring
    good.cells.append(new_code_cell(source, metadata={"tags": ["net"]}))
    return good, rules.NETS / "lenet.ipynb"


def test_the_packages_network_passes(lenet):
    assert not list(rules.net_is_the_packages(*lenet))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cell: cell.update(source=cell.source.replace("120", "121")),
        lambda cell: cell.update(source="import math\n" + cell.source),
        lambda cell: cell.metadata.pop("tags"),
    ],
    ids=["another width", "another import", "no tag"],
)
def test_another_network_is_caught(lenet, spoil):
    spoil(lenet[0].cells[-1])
    assert complaint(rules.net_is_the_packages, *lenet)


def test_a_network_may_stand_in_several_cells(lenet):
    nb, path = lenet
    first, second = nb.cells[-1].source.split("def lenet(")
    nb.cells[-1].source = first
    nb.cells.append(new_code_cell("def lenet(" + second, metadata={"tags": ["net"]}))
    assert not list(rules.net_is_the_packages(nb, path))
    nb.cells[-2:] = reversed(nb.cells[-2:])
    assert complaint(rules.net_is_the_packages, nb, path)


def test_cells_of_an_exercise_follow_one_text(good):
    graded = {"nbgrader": {"grade": False}}
    good.cells.append(new_markdown_cell("What is the shape?"))
    good.cells += [new_code_cell("x = 1", metadata=graded) for _ in range(3)]
    assert not list(rules.prose_stands_before_code(good, None))
    good.cells.append(new_code_cell("x = 2"))
    assert complaint(rules.prose_stands_before_code, good, None)


def test_comments_and_layout_of_a_network_are_free(lenet):
    cell = lenet[0].cells[-1]
    cell.source = "# as in 1998\n" + cell.source.replace("\n\n\n", "\n\n")
    assert not list(rules.net_is_the_packages(*lenet))


def test_magics_do_not_stop_the_rules(good, path):
    good.cells[2].source = "try:\n    import d2lmini\nexcept E:\n    %pip install x"
    assert rules.parsed(good.cells[2]).body


def test_a_page_that_is_missing_is_named(tmp_path):
    (tmp_path / "_toc.yml").write_text(
        "root: book/index\nchapters: [{file: gone}]", encoding="utf-8"
    )
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.md").write_text("# Title", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match="gone"):
        book.pages(tmp_path)


def test_the_good_chapter_is_a_notebook(good):
    nbformat.validate(good)


def test_in_the_whole_book_no_rule_of_thumb_answers_the_quizzes():
    """Neither a letter nor the longest choice is right more often than by chance."""
    places, longest, chance = Counter(), 0, 0.0
    for path in book.chapters():
        for question in quizzes.questions(path):
            if choices := question.get("choices"):
                right = [choice["right"] for choice in choices]
                places[right.index(True)] += 1
                *_, second, most = sorted(len(choice["text"]) for choice in choices)
                longest += (
                    most > second and len(choices[right.index(True)]["text"]) == most
                )
                chance += 1 / len(choices)
    assert sum(places.values()) > 50
    assert max(places.values()) < 0.45 * sum(places.values()), places
    assert longest <= chance, longest
