"""The commands that pyproject.toml installs, with what they need and without."""

import re
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from tools.book import ROOT

COMMANDS = re.findall(
    r'(?m)^(d2lmini-\w+) = "(.+)"$',
    (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
)

#: Starts each as its script does, in an installation without the extra.
BARE = """
import sys
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint
found = PathFinder.find_spec
PathFinder.find_spec = lambda name, *x: None if name[:2] == "nb" else found(name, *x)
for place in sys.argv[1:]:
    try:
        EntryPoint("", place, "console_scripts").load()()
    except SystemExit as end:
        print(end.code)
"""


@pytest.mark.parametrize(("name", "place"), COMMANDS)
def test_an_installed_command_is_there(monkeypatch, capsys, name, place):
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        EntryPoint(name, place, "console_scripts").load()()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {name} ")


def test_without_the_extra_each_says_what_to_install():
    places = [place for _, place in COMMANDS]
    call = [sys.executable, "-c", BARE, *places]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert [one.split()[0] for one in said] == [name for name, _ in COMMANDS]
    assert all("needs nbgrader" in x and '".[course]"' in x for x in said)
