"""What is kept of a text to find its copies: some hashes to look it up by, and a digest to compare it by.

Both are samples of the text's *shingles*, five folded words in a row. A shingle is in the sample or not by its own hash
(FracMinHash), so that two texts sample what they share alike, and the share of a short text that stands in a long one
can be told (MinHash tells resemblance only, of which a lead in a long report has next to none).
Source: Irber et al., "Lightweight compositional analysis of metagenomes with FracMinHash", 2022; Broder, "On the
resemblance and containment of documents", 1997. `docs/decisions/0020-copies.md` says why it is as it is.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from zlib import crc32

KIND = "s1"
"""Names all that stands in this file: sketches of another kind cannot be compared. Change it with any constant."""
WORDS = 5
"""In a shingle, as copies are counted everywhere (and in the sets that the thresholds were tuned on)."""
LEAST = 16
"""Shingles, of 20 words: a text of one line, or a caption, is nobody's copy."""
RANGE = 1 << 16
"""Values that a sample is of: the lower half of a shingle's 32 bits chooses the hashes, the upper makes the digest."""
_LOW = RANGE - 1
DIGEST = 256
"""Values of a digest; of texts with so many shingles or fewer it holds all, of longer ones all of the lead besides."""
HASHES, MOST_HASHES = 16, 200
"""Of a text, or all that a short one has; more, where one in ONE_IN is more."""
ONE_IN = 36
"""Shingles of a long text that one is taken of, ..."""
LEAD, ONE_IN_LEAD = 80, 8
"""... and of the first ones: what is taken over as a lead, or cut down to one, stands there."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a text."""

    hashes: tuple[int, ...] = ()
    """To be looked up by: 48 bits each, sorted, none for a text that is too short."""
    digest: bytes = b""
    """To be compared by: 16 bits a value, little-endian, in the order of the text."""
    size: int = 0
    """Shingles of the text, each counted once."""
    kind: str = KIND


NO_SKETCH = Sketch()
"""Of an article that could not be read: nobody's copy."""


def sketch_of(words: Sequence[str]) -> Sketch:
    """Return the sketch of a text, the same on every machine and in every process.

    Args: folded words of the body as `monitor.text.folded_words` gives them.
    """
    written = " ".join(words).encode("utf-8", "surrogatepass").split()
    shingles = list(map(b" ".join, zip(*(written[i:] for i in range(WORDS)), strict=False)))
    checks = list(map(crc32, shingles))
    known = dict.fromkeys(checks)
    if len(known) < LEAST:
        return Sketch(size=len(known))
    lead, rest = _thresholds(len(known))
    chosen = [shingle for shingle, check in zip(shingles, checks, strict=True) if check & _LOW < rest]
    chosen += [shingle for shingle, check in zip(shingles[:LEAD], checks, strict=False) if rest <= check & _LOW < lead]
    hashes = sorted({int.from_bytes(blake2b(shingle, digest_size=6).digest()) for shingle in chosen})
    return Sketch(tuple(hashes), _packed(known), len(known))


def _thresholds(size: int) -> tuple[int, int]:
    """Return below which value a shingle of the lead, and of the rest, is looked up by."""
    share = min(max(HASHES / size, 1 / ONE_IN), MOST_HASHES / size, 1.0)
    return round(RANGE * max(share, 1 / ONE_IN_LEAD)), round(RANGE * share)


def below(size: int) -> int:
    """Return below which value the digest of a text with `size` shingles holds everything, behind its lead too."""
    return RANGE if size <= DIGEST else RANGE * DIGEST // size


def _packed(checks: Collection[int]) -> bytes:
    most = below(len(checks)) << 16
    lead = [check >> 16 for check in islice(checks, LEAD)]
    rest = [check >> 16 for check in islice(checks, LEAD, None) if check < most]
    values = array("H", dict.fromkeys(lead + rest))
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def values_of(digest: bytes) -> array[int]:
    """Return the values of a digest, each once, in the order of the text: first those of the lead."""
    values = array("H", digest)
    if sys.byteorder == "big":
        values.byteswap()
    return values
