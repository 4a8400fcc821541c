"""What a learner has changed is never lost: not in student/, not in work/."""

import json
import shutil

import clone
import pytest

from tools import lab, student, written

SOLVED = "student/book/networks/lenet.ipynb"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """The project with two chapters, committed."""
    return clone.make(tmp_path_factory.mktemp("project") / "my book")


@pytest.fixture
def root(pattern, tmp_path):
    """A copy of it to change."""
    return shutil.copytree(pattern, tmp_path / "copy é")


def edit(path, words="mine"):
    """Change the notebook at `path` as Jupyter would."""
    nb = json.loads(path.read_text(encoding="utf-8"))
    nb["cells"][0]["source"] = f"# {words}"
    path.write_text(json.dumps(nb, indent=1, ensure_ascii=False), encoding="utf-8")
    return path.read_bytes()


def everything(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def refused(root, *names):
    """Deriving ends with a sentence that has these names, and changes nothing."""
    before = everything(root / "student")
    with pytest.raises(SystemExit, match="student/ is left as it is") as ended:
        student.main(root)
    assert all(name.removeprefix("student/") in str(ended.value) for name in names)
    assert everything(root / "student") == before


def derived(root):
    """Deriving goes through, and the edition is what the chapters say."""
    student.main(root)
    assert student.present(root) == student.edition(root)


# ---- student/ ----------------------------------------------------------------


def test_a_solved_exercise_stops_it(root):
    edit(root / SOLVED)
    refused(root, SOLVED)


@pytest.mark.parametrize("name", ["live.ipynb", "é.ipynb", "picture.png", "notes.txt"])
def test_a_file_that_was_added_stops_it(root, name):
    (root / "student/book/networks" / name).write_bytes(b"\x89PNG\xff mine")
    refused(root, name)


def test_what_is_only_staged_stops_it(root):
    edit(root / SOLVED)
    clone.git(root, "add", "student")
    refused(root, SOLVED)


def test_what_is_committed_does_not(root):
    mine = edit(root / SOLVED)
    clone.git(root, "commit", "--quiet", "-am", "solved")
    derived(root)
    assert clone.git(root, "show", f"HEAD:{SOLVED}").encode() == mine


def test_what_was_deleted_comes_again(root):
    (root / SOLVED).unlink()
    derived(root)


def test_an_author_derives_again_and_again(root):
    for words in ("one", "two", "three"):
        edit(root / "book/networks/lenet.ipynb", words)
        derived(root)
        assert f"# {words}" in (root / SOLVED).read_text(encoding="utf-8")


def test_without_git_what_it_did_not_write_stops_it(root):
    shutil.rmtree(root / ".git")
    derived(root)  # nothing to do
    edit(root / SOLVED)
    refused(root, SOLVED)
    shutil.rmtree(root / "student")  # as the sentence says
    derived(root)


def test_line_ends_of_windows_are_no_change(root):
    for path in (root / "student").rglob("*.ipynb"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    derived(root)
    edit(root / "book/networks/lenet.ipynb", "new")
    derived(root)


def test_a_chapter_that_is_no_more_goes_if_it_is_ours(root):
    text = clone.TOC.replace("- file: book/networks/lenet\n", "")
    (root / "_toc.yml").write_text(text, encoding="utf-8")
    derived(root)
    assert not (root / SOLVED).exists()


# ---- work/ -------------------------------------------------------------------


@pytest.fixture
def copies(tmp_path):
    """An edition and its copy, small."""
    edition, copy = tmp_path / "edition", tmp_path / "work" / "copy"
    (edition / "networks").mkdir(parents=True)
    for name in ("a", "networks/b"):
        (edition / f"{name}.ipynb").write_bytes(b"one " + name.encode())
    assert lab.copied(edition, copy) == []
    return edition, copy


def test_a_copy_is_complete(copies):
    edition, copy = copies
    assert written.files(copy) == written.files(edition)


def test_what_nobody_changed_follows_the_book(copies):
    edition, copy = copies
    (edition / "a.ipynb").write_bytes(b"two")
    (edition / "c.ipynb").write_bytes(b"new")
    assert lab.copied(edition, copy) == []
    assert written.files(copy) == written.files(edition)


def test_what_the_reader_changed_stays_and_is_named_once_the_book_moves_on(copies):
    edition, copy = copies
    (copy / "networks/b.ipynb").write_bytes(b"mine")
    (copy / "own.ipynb").write_bytes(b"own")
    assert lab.copied(edition, copy) == []
    (edition / "networks/b.ipynb").write_bytes(b"two")
    assert lab.copied(edition, copy) == ["networks/b.ipynb"]
    assert (copy / "networks/b.ipynb").read_bytes() == b"mine"
    assert (copy / "own.ipynb").read_bytes() == b"own"


def test_a_renamed_one_leaves_room_for_the_new(copies):
    edition, copy = copies
    (copy / "a.ipynb").rename(copy / "mine.ipynb")
    assert lab.copied(edition, copy) == []
    assert (copy / "a.ipynb").read_bytes() == b"one a"


def test_a_lost_list_makes_everything_the_readers(copies):
    edition, copy = copies
    (copy / ".written").unlink()
    (edition / "a.ipynb").write_bytes(b"two")
    assert lab.copied(edition, copy) == ["a.ipynb"]
    assert (copy / "a.ipynb").read_bytes() == b"one a"


def test_runs_are_not_copied(tmp_path):
    (tmp_path / "book/runs/checkpoints").mkdir(parents=True)
    (tmp_path / "book/runs/checkpoints/x.pt").write_bytes(b"state")
    (tmp_path / "book/index.md").write_bytes(b"text")
    lab.copied(tmp_path / "book", tmp_path / "work")
    assert list(written.files(tmp_path / "work")) == ["index.md"]
