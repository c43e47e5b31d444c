"""What the documentation shows runs as it is printed."""

import doctest
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import grid_py as grid

ROOT = Path(__file__).parents[2]
RUNNER = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)


def examples() -> Iterator[doctest.DocTest]:
    parser = doctest.DocTestParser()
    for module in (grid, grid.chart, grid.errors, grid.results):
        for name in module.__all__:
            documentation = getattr(module, name).__doc__ or ""
            test = parser.get_doctest(documentation, {}, f"{module.__name__}.{name}", None, 0)
            if test.examples:
                yield test


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.name)
def test_the_example_of_a_docstring_runs(example: doctest.DocTest) -> None:
    report: list[str] = []
    assert RUNNER.run(example, out=report.append).failed == 0, "".join(report)


@pytest.mark.parametrize("name", grid.__all__)
def test_every_name_is_documented(name: str) -> None:
    thing = getattr(grid, name)
    assert thing.__doc__
    for member in vars(thing) if isinstance(thing, type) else ():
        if not member.startswith("_") and callable(getattr(thing, member)):
            assert getattr(thing, member).__doc__, member


def run(code: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_story_of_the_repository_runs_outside_of_it(tmp_path: Path) -> None:
    printer = Path(__file__).with_name("story.py")
    run(subprocess.run([sys.executable, printer], capture_output=True, check=True, text=True).stdout, tmp_path)


def test_what_the_readme_shows_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / "grid-py" / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    run("\n".join(blocks), tmp_path)


def test_the_quickstart_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(ROOT / "docs" / "notebooks" / "quickstart.py"), run_name="__main__")
