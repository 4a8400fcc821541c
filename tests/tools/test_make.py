"""What a newcomer types, as the newcomer types it."""

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib import metadata
from pathlib import Path

import clone
import pytest

from tools import browser, data, install, lab, oldest, site
from tools.book import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE)
NOWHERE = "http://127.0.0.1:9/simple"  # the port of nothing


def make(*arguments, folder=ROOT, **environment):
    """`make` that believes .venv to be fresh, so that it installs nothing."""
    fresh = ("--old-file=.venv/.up-to-date",) if folder == ROOT else ()
    return clone.call("make", *fresh, *arguments, folder=folder, **environment)


# ---- the Makefile ------------------------------------------------------------


def test_make_alone_lists_every_command():
    said = make().stdout
    assert re.findall(r"(?m)^  make ([a-z]+) ", said) == TARGETS


@pytest.mark.parametrize("target", [*TARGETS])
def test_a_command_starts_what_is_there(target):
    lines = make("--dry-run", target, "URL=x", "CHAPTER=x").stdout
    for started in re.findall(r"python -m ((?:tools|benchmarks)[.\w]*)", lines):
        assert importlib.util.find_spec(started)
    assert "python benchmarks" not in lines  # its imports would be of another place
    assert f"{target}:" in MAKEFILE and lines.strip()


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("report", "Name a chapter: make report CHAPTER=resnet"),
        ("address", "Give the new address: make address URL=https://github.com/"),
    ],
)
def test_what_lacks_its_word_says_so_in_one_line(target, sentence):
    done = make(target)
    assert done.returncode
    first, *others = done.stderr.splitlines()
    assert first.startswith(sentence)
    assert all(line.startswith("make: ***") for line in others)


# ---- installing --------------------------------------------------------------

WITH_JUPYTER_BOOK = {"docutils", "sphinx", "pydata-sphinx-theme"}


def package(line):
    """The package that a line of a list is about, as PyPI spells it."""
    return re.match(r"[\w.-]*", line)[0].lower().replace("_", "-")


def test_whatever_the_tools_import_is_in_a_list():
    known = metadata.packages_distributions()
    texts = (path.read_text(encoding="utf-8") for path in ROOT.glob("tools/*.py"))
    found = re.findall(r"(?m)^ *(?:from|import) (\w+)", "\n".join(texts))
    used = {package(one) for module in found for one in known.get(module, ())}
    listed = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needed = [line for line in metadata.requires("d2lmini") if "study" not in line]
    lists = {package(line) for line in (*listed, *needed)}
    assert used - lists - WITH_JUPYTER_BOOK == {"d2lmini"}
    twice = {package(line) for line in listed if line} & {package(x) for x in needed}
    assert not [line for line in listed if package(line) in twice and ">" in line]


@pytest.fixture
def fresh(tmp_path):
    """What `make` needs to begin, in a folder with a space."""
    root = tmp_path / "a clone"
    shutil.copytree(ROOT / "tools", root / "tools")
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    return root


def offline(folder, *arguments):
    nothing = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": NOWHERE}
    return make(*arguments, f"PYTHON={sys.executable}", folder=folder, **nothing)


def test_without_a_network_one_sentence_says_so_soon(fresh):
    begun = time.monotonic()
    done = offline(fresh, "book")
    said = [line for line in done.stderr.splitlines() if "make: ***" not in line]
    assert done.returncode and len(said) == 1
    assert "pip reaches no package index" in said[0] and "Connect" in said[0]
    assert time.monotonic() - begun < 60  # pip alone takes a minute for each index
    # once installed, it goes on without: what changed in the lists waits
    (fresh / ".venv" / ".up-to-date").touch()
    os.utime(fresh / ".venv" / ".up-to-date", (0, 0))
    done = offline(fresh, "help", ".venv/.up-to-date")
    assert done.returncode == 0 and "going on with .venv as it is" in done.stdout


def test_a_python_that_is_too_old_is_named(fresh):
    old = fresh / "an old python"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    done = make("book", "PYTHON=./an old python", folder=fresh)
    assert done.stderr.startswith("Python 3.10 or newer is needed")
    assert not (fresh / ".venv").exists()


def test_a_broken_environment_is_made_anew(tmp_path):
    venv = tmp_path / ".venv"
    assert not install.works(venv)
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(tmp_path / "gone")
    assert not install.works(venv)


def test_the_python_of_an_environment_is_found_on_windows_too(tmp_path):
    assert install.python(tmp_path) == tmp_path / "bin" / "python"
    (tmp_path / "Scripts").mkdir()
    (tmp_path / "Scripts" / "python.exe").touch()
    assert install.python(tmp_path) == tmp_path / "Scripts" / "python.exe"


# ---- the data ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("data", "{here}/data"),
        ("./a/../data", "{here}/data"),
        ("/data", "/data"),
        ("~/data", "{home}/data"),
        ("offline", "offline"),
        ("", ""),
        (None, None),
    ],
)
def test_a_relative_folder_of_data_means_from_here(monkeypatch, tmp_path, given, meant):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(data.NAME, raising=False)
    if given is not None:
        monkeypatch.setenv(data.NAME, given)
    data.settle()
    places = {"here": tmp_path.resolve(), "home": Path.home()}
    assert os.environ.get(data.NAME) == (meant and meant.format(**places))


# ---- make lab ----------------------------------------------------------------


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_the_folder_that_opens(monkeypatch, tmp_path, capsys):
    edition, copy = tmp_path / "student/book", tmp_path / "work/student"
    (edition / "networks").mkdir(parents=True)
    (edition / "networks/a.ipynb").write_bytes(b"one")
    monkeypatch.setattr(lab, "ROOT", tmp_path)
    monkeypatch.setattr(lab, "COPIES", {edition: copy})
    assert lab.opened(tmp_path / "student") == copy
    assert lab.opened(edition) == copy
    assert lab.opened(edition / "networks") == copy / "networks"
    assert (copy / "networks/a.ipynb").read_bytes() == b"one"
    assert lab.opened(tmp_path) == tmp_path  # any other, itself
    (copy / "networks/a.ipynb").write_bytes(b"mine")
    (edition / "networks/a.ipynb").write_bytes(b"two")
    capsys.readouterr()
    lab.opened(edition)
    assert "newer versions of networks/a.ipynb" in capsys.readouterr().out
    with pytest.raises(ValueError, match="There is no folder nowhere: leave BOOK out"):
        lab.opened(Path("nowhere"))


def test_root_may_open_it_and_only_root_needs_to_be_let(monkeypatch):
    for user, wanted in ((0, True), (1000, False)):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user, raising=False)
        assert ("--allow-root" in lab.options(ROOT)) == wanted
    monkeypatch.delattr(os, "geteuid")  # Windows
    assert lab.options(ROOT) == [f"--notebook-dir={ROOT}"]


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        (["--port", "8889"], ROOT / "student" / "book"),
        (["", "--port", "8889"], ROOT / "student" / "book"),  # as make calls it
        (["book", "--port", "8889"], Path("book")),
        ([], ROOT / "student" / "book"),
    ],
)
def test_the_value_of_an_option_names_no_folder(monkeypatch, given, folder):
    def opened(asked):
        raise ValueError(asked)

    monkeypatch.setattr(lab, "opened", opened)
    monkeypatch.setattr(lab.data, "settle", lambda: None)
    monkeypatch.setattr(sys, "argv", ["lab", *given])
    with pytest.raises(SystemExit) as ended:
        lab.main()
    assert ended.value.code == str(folder)


@pytest.mark.parametrize(("value", "pdf"), [("1", True), ("0", False), ("", False)])
def test_a_report_is_a_pdf_where_that_is_asked_for(value, pdf):
    done = make("-n", "report", "CHAPTER=lenet", f"PDF={value}")
    assert ("--pdf" in done.stdout) == pdf and "tools.report" in done.stdout


def test_it_starts_and_keeps_figures_in_saved_notebooks(tmp_path):
    """The real thing: a relative data folder reaches it, and figures are saved."""
    port = free_port()
    page = f"http://127.0.0.1:{port}/lab/api/settings/"
    plain = ("--no-browser", f"--port={port}", "--IdentityProvider.token=")
    running = subprocess.Popen(
        [sys.executable, "-m", "tools.lab", tmp_path, *plain],
        cwd=ROOT,
        env=os.environ | {"JUPYTER_CONFIG_DIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        said = answer(page + "@jupyter-widgets/jupyterlab-manager:plugin", running)
    finally:
        running.terminate()
        running.wait()
    assert said["schema"]["properties"]["saveState"]["default"] is True


def answer(address, running):
    for _ in range(600):
        assert running.poll() is None, "it ended"
        try:
            with urllib.request.urlopen(address) as page:
                return json.load(page)
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(address)


# ---- make serve --------------------------------------------------------------


def test_a_used_port_is_said_before_the_site_is_built():
    with socket.socket() as user:
        user.bind(("127.0.0.1", 0))
        user.listen()
        port = user.getsockname()[1]
        done = make("serve", f"PORT={port}")
    first, *others = done.stderr.splitlines()
    assert first.startswith(
        f"The site cannot be served on port {port}, because another"
    )
    assert "PORT=" in first and not done.stdout
    assert all(line.startswith("make: ***") for line in others)


@pytest.mark.parametrize("port", ["", "x", "-1", "65536", "80.5"])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(ValueError, match="a port is a number from 0 to 65535"):
        site.server(port)


def test_the_link_to_the_site_can_be_clicked_wherever_it_lies(monkeypatch, capsys):
    monkeypatch.setattr(site, "SITE", Path("/home/ada/my book é/_build/html"))
    monkeypatch.setattr(subprocess, "call", lambda command: 0)
    site.build()
    link = "file:///home/ada/my%20book%20%C3%A9/_build/html/index.html"
    assert f"The book:  {link}\n" in capsys.readouterr().out


def test_a_build_that_fails_ends_with_its_code(monkeypatch):
    monkeypatch.setattr(subprocess, "call", lambda command: 3)
    with pytest.raises(SystemExit) as ended:
        site.build()
    assert ended.value.code == 3


# ---- the oldest versions -----------------------------------------------------


def test_every_floor_is_tried_as_it_stands():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = re.search(r"(?s)\ndependencies = \[(.*?)\n\]", text)[1]
    wanted = [x.replace(">=", "==") for x in re.findall(r'"([^"]+)"', lines)]
    assert sorted(oldest.floors()) == sorted(wanted) and "torch" in "".join(wanted)


# ---- a browser ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("darwin", "Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("win32", "Google/Chrome/Application/chrome.exe"),
        ("win32", "Microsoft/Edge/Application/msedge.exe"),
    ],
)
def test_chrome_is_found_off_the_path(monkeypatch, tmp_path, platform, place):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("D2LMINI_CHROMIUM", raising=False)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    with pytest.raises(LookupError, match="install Google Chrome"):
        browser.find()
    program = tmp_path / place
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    there = {str(program)}
    monkeypatch.setattr(shutil, "which", lambda name: name if name in there else None)
    assert Path(browser.find()) == program
