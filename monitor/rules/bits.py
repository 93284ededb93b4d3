"""Sets of token numbers as whole numbers: what stands near what, for all tokens of an article in a few steps.

A long article has a thousand mentions of a common word. Asking each one for its neighbours costs milliseconds a rule;
shifting a number of 33,000 bits costs less than a microsecond. Bit n stands for token n.
"""

from __future__ import annotations

from collections.abc import Collection

SPARSE = 400
"""Numbers up to which they are set bit by bit; more are written as binary digits and read at once."""


def of(numbers: Collection[int]) -> int:
    """Return the set of `numbers`, none negative."""
    if not numbers:
        return 0
    size = max(numbers) + 1
    if len(numbers) > SPARSE:
        digits = bytearray(b"0") * size
        for number in numbers:
            digits[number] = 49  # "1"
        digits.reverse()
        return int(digits, 2)
    row = bytearray(size // 8 + 1)
    for number in numbers:
        row[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(row, "little")


def numbers(bits: int) -> list[int]:
    """Return the numbers of the set, in order."""
    digits = f"{bits:b}"[::-1]
    found, at = [], digits.find("1")
    while at >= 0:
        found.append(at)
        at = digits.find("1", at + 1)
    return found


def first_from(bits: int, number: int) -> int | None:
    """Return the least number of the set that is `number` or greater."""
    rest = bits >> number
    return number + (rest & -rest).bit_length() - 1 if rest else None


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


def row(bits: int, size: int) -> bytes:
    """Return the set so that it can be asked for each number from 0 to `size` - 1: `row[n >> 3] >> (n & 7) & 1`."""
    return (bits & below(size)).to_bytes(size // 8 + 1, "little")
