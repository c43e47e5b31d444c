"""What the documentation shows runs as it is printed."""

import doctest
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import grid_py as grid

from published import published

ROOT = Path(__file__).parents[2]
RUNNER = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)


def examples() -> Iterator[doctest.DocTest]:
    parser = doctest.DocTestParser()
    for module in (grid, grid.chart, grid.errors, grid.results, grid.rules):
        for name in module.__all__:
            thing = getattr(module, name)
            members = vars(thing) if isinstance(thing, type) else ()
            for path, shown in [(name, thing), *((f"{name}.{member}", getattr(thing, member)) for member in members)]:
                test = parser.get_doctest(shown.__doc__ or "", {}, f"{module.__name__}.{path}", None, 0)
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


def run(code: str, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def blocks(*path: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", ROOT.joinpath(*path).read_text(), re.DOTALL | re.MULTILINE)


def test_the_story_of_the_repository_runs_outside_of_it(tmp_path: Path) -> None:
    printer = Path(__file__).with_name("story.py")
    run(subprocess.run([sys.executable, printer], capture_output=True, check=True, text=True).stdout, tmp_path)


def test_what_the_readme_shows_runs(tmp_path: Path) -> None:
    shown = blocks("grid-py", "README.md")
    assert shown
    run("\n".join(shown), tmp_path)


@pytest.mark.parametrize(("guide", "count"), [("auth.md", 3), ("auth.es.md", 3)])
def test_what_the_guide_of_tokens_shows_runs(guide: str, count: int, tmp_path: Path) -> None:
    key = grid.generate_key()
    token = grid.issue_token(key, user_id="0198c0de-0000-7000-8000-000000000007", username="kat")
    shown = blocks("docs", "guides", guide)
    assert len(shown) == count
    with published(key.jwks()) as address:
        for block in shown:
            said = run(block, tmp_path, GRID=address, TOKEN=token)
            assert "kat" in said
            assert "failed" not in said


def test_the_quickstart_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(ROOT / "docs" / "notebooks" / "quickstart.py"), run_name="__main__")
