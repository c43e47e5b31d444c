"""What the documentation shows runs as it is printed."""

import doctest
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


def test_the_story_of_the_readme_runs_outside_the_repository(tmp_path: Path) -> None:
    story = subprocess.run([sys.executable, Path(__file__).with_name("story.py")], capture_output=True, check=True)
    done = subprocess.run([sys.executable, "-W", "error", "-"], input=story.stdout, cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_the_quickstart_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(ROOT / "docs" / "notebooks" / "quickstart.py"), run_name="__main__")
