"""Sets of token numbers as whole numbers: what stands near what, for all tokens of an article in a few steps.

A long article has a thousand mentions of a common word. Asking each one for its neighbours costs milliseconds a rule;
shifting a number of 33,000 bits costs less than a microsecond. Bit n stands for token n.
"""

from __future__ import annotations

from collections.abc import Iterable


def of(numbers: Iterable[int], size: int) -> int:
    """Return the set of `numbers`, each from 0 to `size` - 1."""
    row = bytearray(size // 8 + 1)
    for number in numbers:
        row[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(row, "little")


def below(size: int) -> int:
    """Return the set of all numbers under `size`."""
    return (1 << size) - 1


def reach_down(bits: int, most: int) -> int:
    """Return every n for which a number from n to n + `most` is in the set."""
    done = 0
    while done < most:
        step = min(done + 1, most - done)
        bits |= bits >> step
        done += step
    return bits


def reach_up(bits: int, most: int) -> int:
    """Return every n for which a number from n - `most` to n is in the set."""
    done = 0
    while done < most:
        step = min(done + 1, most - done)
        bits |= bits << step
        done += step
    return bits


class Row:
    """A set that is asked number by number."""

    __slots__ = ("_row", "_size")

    def __init__(self, bits: int, size: int) -> None:
        self._row = (bits & below(size + 1)).to_bytes(size // 8 + 1, "little")
        self._size = size

    def __contains__(self, number: int) -> bool:
        return 0 <= number <= self._size and bool(self._row[number >> 3] >> (number & 7) & 1)
