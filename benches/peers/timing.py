"""Times a call: the fastest and the median of several runs, printed as one line."""

import statistics
import time
from collections.abc import Callable


def report(
    name: str,
    call: Callable[[], object],
    runs: int = 10,
    calls: int = 1,
    clock: Callable[[], float] = time.perf_counter,
    items: int = 0,
    of: int = 1,
) -> None:
    """Prints the fastest and the median time of `runs` runs of `calls` calls each, per call, and `items` a second.

    Where a call does the work for several things at once, it is `of` so many, and the time is that of one of them.
    """
    call()
    times = []
    for _ in range(runs):
        start = clock()
        for _ in range(calls):
            call()
        times.append((clock() - start) / (calls * of))
    line = f"{name:<52} fastest {scale(min(times)):>10}  median {scale(statistics.median(times)):>10}"
    print(f"{line}  {items / min(times) / 1e6:.1f} million a second" if items else line)


def scale(seconds: float) -> str:
    """Writes a time in the unit that suits it."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.4g} {unit}"
    return f"{seconds * 1e9:.4g} ns"
