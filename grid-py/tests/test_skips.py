"""A suite that cannot run fails where nothing may be skipped, and says why where it may."""

from pathlib import Path

import pytest

from conftest import SERVERS, database_url
from skipping import skip


@pytest.mark.parametrize("value", ["1", "true", ""])
def test_where_nothing_may_be_skipped_the_test_fails(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("GRID_TEST_NO_SKIP", value)
    with pytest.raises(pytest.fail.Exception, match="no server"):
        skip("no server")


@pytest.mark.parametrize("backend", SERVERS)
def test_a_server_that_is_not_named_is_skipped_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, backend: str
) -> None:
    monkeypatch.delenv("GRID_TEST_NO_SKIP", raising=False)
    monkeypatch.setenv(SERVERS[backend], "")
    with pytest.raises(pytest.skip.Exception, match=SERVERS[backend]):
        database_url(backend, tmp_path)
    # `.ci/run` looks for these lines, and would take those of this test for a suite that was skipped.
    assert capsys.readouterr().out == f"skipped: {SERVERS[backend]} names no server\n"
    assert database_url("sqlite", tmp_path).startswith("sqlite:")
