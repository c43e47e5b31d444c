"""Shares a year of quarter-hours in proportion to demand and by fixed shares, as `benches/sharing.rs` does, with NumPy.

In floats: parts are not whole milliwatt-hours, and do not add up to what was generated. The draws are those of the bench,
made here from the same seeds. Time is that of the processor, all threads together.
"""

import sys
import time

import numpy

from timing import report

INTERVALS = 35_040
GAMMA, FIRST, SECOND = (numpy.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def draws(seed: int, count: int) -> numpy.ndarray:
    """The first numbers of SplitMix64."""
    mixed = numpy.arange(1, count + 1, dtype=numpy.uint64) * GAMMA + numpy.uint64(seed)
    mixed = (mixed ^ (mixed >> numpy.uint64(30))) * FIRST
    mixed = (mixed ^ (mixed >> numpy.uint64(27))) * SECOND
    return mixed ^ (mixed >> numpy.uint64(31))


def energies(seed: int, count: int, most: int) -> numpy.ndarray:
    """Energies in milliwatt-hours from zero to below `most`."""
    return (draws(seed, count) % numpy.uint64(most)).astype(numpy.float64)


def proportional(generation: numpy.ndarray, demand: numpy.ndarray) -> numpy.ndarray:
    """To each in proportion to demand, never more than it."""
    return demand * numpy.minimum(1.0, generation / demand.sum(axis=1))[:, None]


def fixed(generation: numpy.ndarray, demand: numpy.ndarray, shares: numpy.ndarray) -> numpy.ndarray:
    """To each a fixed share, never more than the demand."""
    return numpy.minimum(demand, generation[:, None] * shares)


def main() -> None:
    """Prints one line a key and number of members."""
    # The reference implementation's test values for this seed.
    if draws(1_234_567, 2).tolist() != [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]:
        sys.exit("the draws are not those of the bench")
    print(f"NumPy {numpy.__version__}, processor time")
    for members in (50, 1_000):
        generation = energies(2, INTERVALS, 200_000 * members)
        demand = energies(3, INTERVALS * members, 400_000).reshape(INTERVALS, members)
        weights = (draws(4, members) % numpy.uint64(1000)).astype(numpy.float64) + 100
        shares = weights / weights.sum()
        given = proportional(generation, demand).sum()
        if not numpy.isclose(given, numpy.minimum(generation, demand.sum(axis=1)).sum()):
            sys.exit("what was shared is not the lesser of generation and demand")
        for name, call in (
            ("proportional", lambda: proportional(generation, demand)),
            ("fixed shares", lambda: fixed(generation, demand, shares)),
        ):
            report(f"{name}, {members} members", call, clock=time.process_time, items=demand.size)


main()
