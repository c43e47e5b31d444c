"""Every refusal is a GridError and the built-in error that a Python programmer would catch."""

import pickle

import pytest

import grid_py as grid

BUILT_IN = [
    (grid.InvalidError, ValueError),
    (grid.TooLargeError, ValueError),
    (grid.UnauthenticatedError, PermissionError),
    (grid.ForbiddenError, PermissionError),
    (grid.NotFoundError, LookupError),
    (grid.ConflictError, Exception),
    (grid.StaleError, Exception),
    (grid.LimitedError, Exception),
    (grid.UnavailableError, ConnectionError),
    (grid.InternalError, RuntimeError),
]


@pytest.mark.parametrize(("kind", "built_in"), BUILT_IN)
def test_each_class_is_also_a_built_in_one(kind: type[grid.GridError], built_in: type[Exception]) -> None:
    assert issubclass(kind, grid.GridError)
    assert issubclass(kind, built_in)
    place = grid.Place(pointer="/a", line=2, column=3, expected="x", got="y")
    error = kind("a message", "a hint", [place], 1.5)
    twin = pickle.loads(pickle.dumps(error))
    assert str(twin) == str(error) == "a message"
    assert (twin.kind, twin.hint, twin.places, twin.retry_after) == (kind.kind, "a hint", (place,), 1.5)


def test_a_refusal_says_what_was_expected_what_came_and_what_to_do() -> None:
    with pytest.raises(ValueError) as caught:
        grid.Energy("5 horses")
    error = caught.value
    assert isinstance(error, grid.InvalidError)
    assert str(error) == "expected an energy like `1.25 kWh`, `250 Wh` or `3 MWh`, got `5 horses`"
    assert (error.kind, error.hint, error.places) == ("invalid", None, ())
    with pytest.raises(grid.InvalidError) as caught:
        grid.Energy("0.0000001 kWh")
    assert caught.value.hint == "round it to 6 decimals before it is sent"
    assert caught.value.__notes__ == ["hint: round it to 6 decimals before it is sent"]


def test_kinds_differ_by_class() -> None:
    with pytest.raises(grid.UnauthenticatedError):
        grid.verify_token("garbage", {"keys": []})
    with pytest.raises(grid.TooLargeError):
        grid.Series.from_dataframe(
            {"start": ["0001-01-01T00:00:00Z"], "end": ["2026-01-01T00:00:00Z"], "energy_kwh": [1.0]},
            resolution="1s",
        )


def test_a_wrong_type_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        grid.Energy(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        grid.Series.from_dataframe(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="got None"):
        grid.Series([1.0], start=None, resolution="1h")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="got None"):
        grid.Series.from_dataframe({"start": [None], "energy_kwh": [1.0]}, resolution="1h")
