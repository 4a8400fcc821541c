"""The repository's address stands in one place; every repetition follows it."""

import os
import re
import shutil
import sys

import pytest

from tools import address, book

# Works of others that the book names; they stay where they are.
OTHERS = {
    *("zalandoresearch/fashion-mnist", "d2l-ai/d2l-en", "containers/bubblewrap"),
    *("zhunzhong07/Random-Erasing", "liuzhuang13/DenseNet", "OWNER/NAME"),
}

# Put together here, or this file would hold addresses that look like strays.
HUB = "https://git" + "hub.com/"
OLD = address.Address("ada", "book")
NEW = address.Address("grace-hopper", "nets.2")

LINK = re.compile(
    r"(?:github\.com|raw\.githubusercontent\.com|colab\.research\.google\.com/github)"
    r"/([\w-]+)/([\w.-]*\w)"
)


def repositories(text):
    """``owner/name`` of every link to a repository on GitHub."""
    return {f"{o}/{n.removesuffix('.git')}" for o, n in LINK.findall(text)}


def test_no_other_address_stands_anywhere():
    here = address.current()
    for path, text in address.texts():
        strays = repositories(text) - {f"{here.owner}/{here.name}"} - OTHERS
        assert not strays, f"{path.relative_to(book.ROOT)}: {strays}"


def test_what_is_published_carries_it():
    link = address.current().forms[0]
    carriers = {p.relative_to(book.ROOT) for p, t in address.texts() if link in t}
    wanted = {"_config.yml", "README.md", "CITATION.cff", "book/index.md"}
    wanted |= {p.relative_to(book.ROOT).as_posix() for p in book.chapters()}
    assert wanted <= {path.as_posix() for path in carriers}


def test_a_move_moves_everything(tmp_path):
    for path, _ in address.texts():
        copy = tmp_path / path.relative_to(book.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    before = {p: repositories(t) - OTHERS for p, t in address.texts(tmp_path)}
    carriers = {path for path, found in before.items() if found}
    assert set(address.move(NEW, tmp_path)) == carriers
    assert address.current(tmp_path) == NEW
    for path, text in address.texts(tmp_path):
        found = repositories(text) - OTHERS
        assert found == ({"grace-hopper/nets.2"} if path in carriers else set())


def test_a_move_there_and_back_changes_nothing(tmp_path):
    text = f"repository:\n  url: {HUB}ada/book\n# {HUB}ada/book.git, {HUB}ada/book.\n"
    (tmp_path / "_config.yml").write_text(text, encoding="utf-8")
    assert address.move(NEW, tmp_path)
    assert address.move(OLD, tmp_path)
    assert (tmp_path / "_config.yml").read_text(encoding="utf-8") == text
    assert address.move(OLD, tmp_path) == []


def test_what_is_no_file_is_passed_over(tmp_path):
    text = f"repository:\n  url: {HUB}ada/book\n"
    (tmp_path / "_config.yml").write_text(text, encoding="utf-8")
    (tmp_path / ".#intro.md").symlink_to("ada@host.1234")  # as Emacs locks a file
    os.mkfifo(tmp_path / "pipe")
    assert address.move(NEW, tmp_path) == [tmp_path / "_config.yml"]


def test_after_an_error_the_same_call_goes_on(tmp_path, monkeypatch):
    names = ("_config.yml", "index.md", "more.md")
    for name in names:
        text = f"repository:\n  url: {HUB}ada/book\n"
        (tmp_path / name).write_text(text, encoding="utf-8")
    written = address.storage.written

    def full(path):
        if path.name == "more.md":
            raise address.storage.StorageError(f"{path} cannot be written.")
        return written(path)

    with monkeypatch.context() as patch:
        patch.setattr(address.storage, "written", full)
        with pytest.raises(address.storage.StorageError):
            address.move(NEW, tmp_path)
    assert [x.name for x in address.move(NEW, tmp_path)] == ["more.md", "_config.yml"]
    assert all("grace" in (tmp_path / x).read_text(encoding="utf-8") for x in names)


def test_what_cannot_be_read_changes_nothing(tmp_path, monkeypatch):
    before = [(p, p.stat().st_mtime_ns) for p, _ in address.texts()]

    def unreadable(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "_config.yml").touch()
    monkeypatch.setattr(address.Path, "read_text", unreadable)
    monkeypatch.setattr(sys, "argv", ["address", f"{HUB}ada/book"])
    with pytest.raises(SystemExit, match=r"cannot be read \(Permission denied\), so "):
        address.main()
    assert before == [(p, p.stat().st_mtime_ns) for p, _ in before]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"git+{HUB}ada/book", f"git+{HUB}grace-hopper/nets.2"),
        (f"({HUB}ada/book).", f"({HUB}grace-hopper/nets.2)."),
        (f"{HUB}ada/book/blob/main/x", f"{HUB}grace-hopper/nets.2/blob/main/x"),
        (f"{HUB}ada/book.git", f"{HUB}grace-hopper/nets.2.git"),
        ("https://ada.github.io/book/", "https://grace-hopper.github.io/nets.2/"),
        (f"{HUB}ada/bookshelf", f"{HUB}ada/bookshelf"),
        (f"{HUB}ada/book-2", f"{HUB}ada/book-2"),
        (f"{HUB}ada/book.js", f"{HUB}ada/book.js"),
        (f"{HUB}canada/book", f"{HUB}canada/book"),
        (
            f"git clone {HUB}ada/book\ncd book\nmake lab",
            f"git clone {HUB}grace-hopper/nets.2\ncd nets.2\nmake lab",
        ),
        (
            f"git clone {HUB}ada/book.git && cd book && ls book",
            f"git clone {HUB}grace-hopper/nets.2.git && cd nets.2 && ls book",
        ),
        ("d2lmini-assign a --book ../book", "d2lmini-assign a --book ../nets.2"),
        (
            f"git clone {HUB}canada/book\ncd book",
            f"git clone {HUB}canada/book\ncd book",
        ),
        ("mkdir book && cd book", "mkdir book && cd book"),
        (f"git clone {HUB}ada/book\ncd bookshelf", None),
    ],
)
def test_only_the_whole_address_moves(before, after):
    if after is None:  # the link alone
        after = before.replace("ada/book", "grace-hopper/nets.2")
    assert address.replaced(before, OLD, NEW) == after
    assert address.replaced(after, NEW, OLD) == before


CLONE = re.compile(r"git clone \S+/(\S+)\s+(?:&&\s+)?cd (\S+)")


@pytest.mark.parametrize("to", [None, NEW, address.Address("bo", "course")])
def test_who_follows_a_guide_goes_to_the_folder_that_git_makes(to):
    here, seen = address.current(), 0
    for path, text in address.texts():
        if path.suffix == ".md":
            text = address.replaced(text, here, to or here)
            for made, entered in CLONE.findall(text):
                assert made == entered == (to or here).name, path
                seen += 1
            for named in re.findall(r"--book \.\./(\S+)", text):
                assert named == (to or here).name, path
    assert seen >= 4


@pytest.mark.parametrize(
    "url",
    [
        "",
        "d2lmini",
        HUB,
        f"{HUB}ada",
        f"{HUB}ada/book/tree/main",
        f"{HUB}-ada/book",
        f"{HUB}ada/a book",
        f"{HUB}ada/..",
        f"{HUB}ada/book#readme",
        HUB.replace("https", "http") + "ada/book",
        "https://gitlab.com/ada/book",
        f"{HUB}ada/book\n",
    ],
)
def test_a_bad_address_is_refused_in_a_sentence(url):
    with pytest.raises(ValueError, match="is not the address of a GitHub repository"):
        address.parse(url)


@pytest.mark.parametrize("end", ["", "/", ".git", ".git/"])
def test_a_good_address_is_read(end):
    assert address.parse(f"{HUB}ada/book{end}") == OLD
