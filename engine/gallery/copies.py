"""Near copies: one picture that went through other hands, found without any model. Pure.

A perceptual hash finds candidates, a sketch judges them. The hash is pHash (Zauner, Implementation and benchmarking of
perceptual image hash functions, 2010) in the form of ImageHash, bit for bit: which of the 64 lowest frequencies of a
picture of 32 x 32 grey levels are above their median. The sketch is the picture as 16 x 16 grey levels, and two are
alike where these correlate.

The bounds were chosen on photographs and on drawn scenes. The hash alone, at the distance that a cropped rim or a
watermark needs, takes one of 18,000 pairs of different drawn scenes for copies; with the sketch it is one of 400,000.
Coarse JPEG, another size, another brightness, no colour, a line of text and a rim of two percent cut off are found
almost always, four percent cut off mostly, eight percent rarely. Mirrored pictures are found, too, with closer bounds:
symmetrical scenes would pair else.

All pairs are searched, not a sample: hashes that differ in at most 10 of 64 bits differ in at most two of one of three
words of 16 bits, or in at most one of the fourth (multi-index hashing: Norouzi, Punjani and Fleet, CVPR 2012).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from PIL import Image

SKETCH = 16  # grey levels a side
REACH, ALIKE = 10, 0.85  # bits of the hash that may differ, correlation of the sketches at least
_REACH_MIRRORED, _ALIKE_MIRRORED = 6, 0.95
_FLAT = 2.0  # standard deviation of a sketch, in grey levels, below which there is nothing to compare
_SIDE, _LOW = 32, 8
_WAVES = np.cos(np.pi / _SIDE * np.outer(np.arange(_LOW), np.arange(_SIDE) + 0.5))  # the lowest of a DCT-II
_TURNED = np.where(np.arange(_LOW) % 2, -1.0, 1.0)  # mirroring changes the sign of every other one
_AT_ONCE, _JUDGED = 1 << 17, 1 << 9  # pairs whose hashes, and whose sketches, are compared at once


def perceptual_hashes(picture: Image.Image) -> tuple[int, int]:
    """The pHash of a picture, and of the picture mirrored left and right, 64 bits each."""
    pixels = np.asarray(picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), float)
    low = _WAVES @ pixels @ _WAVES.T  # (8, 8): down, across
    return _bits(low), _bits(low * _TURNED)


def _bits(low: np.ndarray) -> int:
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


def sketch(picture: Image.Image) -> np.ndarray:
    """(SKETCH²,) uint8 grey levels, row by row."""
    return np.asarray(picture.convert("L").resize((SKETCH, SKETCH), Image.Resampling.BOX)).ravel()


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) correlation of sketches, each of `a` with that of `b`, or with its mirror image if that is higher.

    Args:
        a: (n, SKETCH²) uint8.
        b: (n, SKETCH²) uint8.
    """
    return np.maximum(_correlation(a, b), _correlation(a, _mirrored(b)))


def _mirrored(sketches: np.ndarray) -> np.ndarray:
    return sketches.reshape(-1, SKETCH, SKETCH)[:, :, ::-1].reshape(sketches.shape)


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) of each row of `a` with that of `b`; 0 where one is plain."""
    a, b = (x - x.mean(axis=1, keepdims=True, dtype=np.float32) for x in (a, b))
    scale = np.einsum("ni,ni->n", a, a) * np.einsum("ni,ni->n", b, b)
    return np.einsum("ni,ni->n", a, b) / np.sqrt(np.maximum(scale, 1e-6))


def near_copies(hashes: np.ndarray, mirrored: np.ndarray, sketches: np.ndarray) -> np.ndarray:
    """(n,) the group of each picture, named by the place of its first one; most are alone.

    A group is what hangs together: each is a near copy of another one in it.

    Args:
        hashes: (n,) uint64.
        mirrored: (n,) uint64, of the mirrored pictures.
        sketches: (n, SKETCH²) uint8.
    """
    groups = _Groups(sketches)
    if len(hashes) < 2:
        return groups.of
    leaders = _leaders(hashes, groups)
    own, turned = hashes[leaders], mirrored[leaders]
    for i, j in _candidates(own, own, REACH):
        groups.join(leaders[i], leaders[j])
    for i, j in _candidates(own, turned, _REACH_MIRRORED):
        groups.join(leaders[i], leaders[j], mirrored=True)
    return groups.of


class _Groups:
    """Which pictures belong together so far; joins those pairs that are alike."""

    def __init__(self, sketches: np.ndarray) -> None:
        self._sketches = sketches
        self._is_flat = np.concatenate(  # in parts: these are eight bytes a value
            [part.std(axis=1) < _FLAT for part in np.array_split(sketches, len(sketches) // 4096 + 1)]
        )
        self.of = np.arange(len(sketches))

    def join(self, i: np.ndarray, j: np.ndarray, mirrored: bool = False) -> None:
        """Join what is alike of these pairs, a few at a time: of many, most are together by then."""
        is_open = (self.of[i] != self.of[j]) & ~self._is_flat[i] & ~self._is_flat[j]
        i, j = i[is_open], j[is_open]
        while len(i):
            a, b, i, j = i[:_JUDGED], j[:_JUDGED], i[_JUDGED:], j[_JUDGED:]
            ours, theirs = self._sketches[a], self._sketches[b]
            if mirrored:
                alike = _correlation(ours, _mirrored(theirs)) >= _ALIKE_MIRRORED
            else:
                alike = _correlation(ours, theirs) >= ALIKE
            if alike.any():
                self._unite(a[alike], b[alike])
                is_open = self.of[i] != self.of[j]
                i, j = i[is_open], j[is_open]

    def _unite(self, a: np.ndarray, b: np.ndarray) -> None:
        """Name both sides of each pair by the lower of their names, until nothing changes."""
        while len(a):
            low, high = np.minimum(self.of[a], self.of[b]), np.maximum(self.of[a], self.of[b])
            np.minimum.at(self.of, high, low)
            while (self.of != (shorter := self.of[self.of])).any():
                self.of = shorter
            apart = self.of[a] != self.of[b]
            a, b = a[apart], b[apart]


def _leaders(hashes: np.ndarray, groups: _Groups) -> np.ndarray:
    """Join pictures of the same hash that are alike, and say who is left to be compared with others.

    Frames of one scene have few hashes, and comparing each with each would take the square of their number.
    """
    order = np.argsort(hashes, kind="stable")
    for _ in range(4):  # rounds: those that are not alike to the first try the next one
        same = hashes[order][1:] == hashes[order][:-1]
        first = np.concatenate([[True], ~same])
        leader = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
        groups.join(leader, order)
        order = order[first | (groups.of[leader] != groups.of[order])]
    return np.sort(order)


def _candidates(a: np.ndarray, b: np.ndarray, reach: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs i, j whose hashes a[i] and b[j] are within reach, in some order; some come more than once."""
    for word in range(4):
        # If each of the first words differed in more bits, and each other one in as many, the sum would be above reach.
        differing = reach // 4 - (word > reach % 4)
        shift = 16 * word
        words_a, words_b = ((x >> np.uint64(shift)).astype(np.uint16).astype(np.int32) for x in (a, b))
        order_a, order_b = (np.argsort(words, kind="stable").astype(np.int32) for words in (words_a, words_b))
        words, hashes_a, hashes_b = words_a[order_a], a[order_a], b[order_b]
        ends = np.cumsum(np.bincount(words_b, minlength=1 << 16)).astype(np.int32)
        begins = np.concatenate([[0], ends[:-1]]).astype(np.int32)
        for flip in _flips(differing):
            partner = words ^ flip
            first, last = begins[partner], ends[partner]
            if a is b:  # each pair once: a word comes before its partner, and a place before others of the same word
                last = np.where(words <= partner, last, first)
                first = first if flip else np.arange(1, len(a) + 1, dtype=np.int32)
            for mine, theirs in _crossed(first, last):
                near = np.flatnonzero(np.bitwise_count(hashes_a[mine] ^ hashes_b[theirs]) <= reach)
                if len(near):
                    yield order_a[mine[near]], order_b[theirs[near]]


def _flips(most: int) -> list[int]:
    """All words of 16 bits of which at most so many are set."""
    return [sum(1 << bit for bit in bits) for n in range(most + 1) for bits in combinations(range(16), n)]


def _crossed(first: np.ndarray, last: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each place i with all from first[i] to before last[i], in portions that stay in the cache."""
    places = np.flatnonzero(last > first).astype(np.int32)
    first = first[places]
    counts = last[places] - first
    before = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    at = 0
    while at < len(places):
        to = max(at + 1, int(np.searchsorted(before, before[at] + _AT_ONCE, side="right")) - 1)
        begins = (first[at:to] - (before[at:to] - before[at])).astype(np.int32)
        theirs = np.arange(before[to] - before[at], dtype=np.int32) + np.repeat(begins, counts[at:to])
        yield np.repeat(places[at:to], counts[at:to]), theirs
        at = to
