"""The check of the figures' scripts, and what it says where it cannot check."""

import json
import shutil
import subprocess

import pytest

from tools import book, scripts


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("1", 1)])
def test_without_node_it_says_so_and_only_ci_fails(monkeypatch, capsys, ci, code):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(SystemExit) as left:
        scripts.main()
    assert left.value.code == code
    assert "NOT checked: Node.js is not installed" in capsys.readouterr().out


def test_versions_are_pinned_and_locked():
    named = json.loads((book.ROOT / "package.json").read_text("utf-8"))[
        "devDependencies"
    ]
    lock = json.loads((book.ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for name, version in named.items():
        assert lock[f"node_modules/{name}"]["version"] == version
        assert version[0].isdigit()


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
@pytest.mark.parametrize(
    ("program", "code", "words"),
    [
        (["biome", "lint"], "export const a = () => { debugger; };\n", "debugger"),
        (["tsc", "-p", "jsconfig.json"], "export const a = (1).length;\n", "length"),
    ],
)
def test_the_checkers_see_a_fault(tmp_path, program, code, words):
    if scripts.missing():
        pytest.skip(scripts.missing())
    folder = tmp_path / "d2lmini" / "widgets"
    folder.mkdir(parents=True)
    (folder / "figure.js").write_text(code, "utf-8")
    for name in ("biome.json", "jsconfig.json"):
        shutil.copy(book.ROOT / name, tmp_path)
    command = [scripts.PROGRAMS / program[0], *program[1:]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode and words in done.stdout + done.stderr
