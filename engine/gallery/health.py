"""Nine things that often go wrong in a set of images, found by measuring. Pure.

The checks are those people know from CleanVision (github.com/cleanlab/cleanvision, 0.3.7). Its definitions are kept
where they find what they are named for; where we depart, the line says why. The bounds that are ours were set by
looking at what they find among photographs, untouched and spoilt on purpose.

* dark: CleanVision asks for the brightest hundredth; we ask for the brightest twentieth, as a lamp or a flash of light
  fills a hundredth of many a black photo.
* light: the darkest twentieth, as there, with a lower bound: theirs finds what is all but white, ours what faded, too.
  And what was exposed too long, which leaves black black: most of it burnt out (measures.py). White around a thing is
  no defect to either.
* low information: entropy of the grey levels, as there.
* blurry: theirs (contrast of edges at 64 pixels) takes little contrast for blur: of photos under a Gaussian blur of a
  hundredth of their length it finds 6 %, the blur effect all (measures.py).
* odd size: square root of the pixels, outside the quartiles by three times the distance between them, as there, but of
  logarithms, or no picture could be too small where sizes vary; and far from the median, or every other format in a
  uniform gallery would be odd.
* odd aspect ratio: as there; and only where it is odd here: not in a gallery of panoramas.
* grey: theirs asks for the file's mode; we look at the pixels, as most grey photos are stored in colour.
* exact copies: the same bytes. Theirs are the same pixels; those are near copies here.
* near copies: see copies.py. Theirs have the same perceptual hash, which a cropped rim or a line of text changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.gallery.copies import ALIKE, REACH, likeness, near_copies
from engine.gallery.looking import Looks
from engine.gallery.pictures import Gallery

DARK = 34.0  # L*
LIGHT = 74.0  # L*
BURNT = 0.6  # share of the pixels
NOT_DARK = 60.0  # L*: what is plain red or blue is at the end of a channel, too
FEW_BITS = 3.0  # CleanVision's
BLURRY = 0.33  # the blur effect
PLAIN = 2.0  # standard deviation of L* below which nothing can be called blurred
IQRS = 3.0  # CleanVision's
SIZE_RATIO = 2.5  # to the median
NARROW = 0.35  # CleanVision's; shorter side over longer one
NARROW_HERE = 0.6  # of the median of all: what is usual here is not odd
_FROM_FILES = ("odd size", "odd aspect ratio", "exact copies")  # known from the scan, whether looked at or not


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Args:
        check: its name in code and addresses.
        title: its name for people, as in "27 pictures are ...".
        meaning: what is measured, and the bound, in a sentence.
        files: names of pictures, the worst first; copies group after group.
        scores: what was measured of each; of near copies, how alike it is to the first of its group.
        groups: copies that belong together, the one to keep first: that of the most pixels.
        unmeasured: pictures of which it is not known, as they were not looked at.
    """

    check: str
    title: str
    meaning: str
    files: tuple[str, ...]
    scores: tuple[float, ...]
    groups: tuple[tuple[str, ...], ...] = ()
    unmeasured: int = 0


def findings(gallery: Gallery, looks: Looks, places: np.ndarray | None = None) -> tuple[Finding, ...]:
    """All nine checks, in the order above.

    Args:
        gallery: the gallery.
        looks: what is known of its pictures, in its order.
        places: those to check; all by default. Sizes are compared and copies sought among them only.
    """
    where = np.arange(len(gallery)) if places is None else np.asarray(places, np.int64)
    checked = _Checked(gallery, looks, where)
    return (
        *_of_light(checked),
        _odd_size(checked),
        _odd_aspect(checked),
        checked.found(
            "grey",
            "There is no colour in it: at most one pixel of a hundred has any.",
            looks.grey,
            looks.colourfulness,
        ),
        _exact_copies(checked),
        _near_copies(checked),
    )


@dataclass(frozen=True)
class _Checked:
    """What is checked: some places of a gallery."""

    gallery: Gallery
    looks: Looks
    where: np.ndarray

    def found(
        self, title: str, meaning: str, is_bad: np.ndarray, scores: np.ndarray, distance: np.ndarray | None = None
    ) -> Finding:
        """The bad ones: those of the largest distance first, or of the lowest score."""
        bad = self.where[is_bad[self.where]]
        bad = bad[np.argsort(scores[bad] if distance is None else -distance[bad], kind="stable")]
        return self._finding(title, meaning, bad, scores[bad])

    def copies(self, title: str, meaning: str, groups: Sequence[np.ndarray], scores: Sequence[np.ndarray]) -> Finding:
        """Groups of places, the largest first."""
        order = sorted(range(len(groups)), key=lambda i: (-len(groups[i]), groups[i].min()))
        files = np.concatenate([np.zeros(0, np.int64), *(groups[i] for i in order)])
        finding = self._finding(title, meaning, files, np.concatenate([np.zeros(0), *(scores[i] for i in order)]))
        return replace(finding, groups=tuple(self._names(groups[i]) for i in order))

    def _finding(self, title: str, meaning: str, files: np.ndarray, scores: np.ndarray) -> Finding:
        unmeasured = 0 if title in _FROM_FILES else int((~self.looks.known[self.where]).sum())
        values = tuple(scores.tolist())
        return Finding(title.replace(" ", "_"), title, meaning, self._names(files), values, unmeasured=unmeasured)

    def _names(self, places: np.ndarray) -> tuple[str, ...]:
        return tuple(self.gallery.pictures[i].name for i in places.tolist())


def _of_light(checked: _Checked) -> list[Finding]:
    """One measure and one bound each."""
    looks, scale = checked.looks, "(L*: 0 is black, 100 white)"
    few = f"Its grey levels hold fewer than {FEW_BITS:g} bits (entropy; 8 is the most)."
    soft = f"{BLURRY:.0%} or more of its edges are left when it is blurred once more (blur effect)."
    burnt = f"95 % of it is lighter than {LIGHT:g} {scale}, or {BURNT:.0%} or more is burnt out: exposed too long."
    is_light = (looks.darkest > LIGHT) | (looks.burnt >= BURNT) & (looks.lightness > NOT_DARK)
    is_soft = (looks.contrast >= PLAIN) & (looks.blur >= BLURRY)
    return [
        checked.found("dark", f"95 % of it is darker than {DARK:g} {scale}.", looks.lightest < DARK, looks.lightest),
        checked.found("light", burnt, is_light, looks.lightness, looks.lightness),
        checked.found("low information", few, looks.entropy < FEW_BITS, looks.entropy),
        checked.found("blurry", soft, is_soft, looks.blur, looks.blur),
    ]


def _odd_size(checked: _Checked) -> Finding:
    sizes = np.sqrt(checked.looks.width * checked.looks.height)
    first, median, third = np.exp(_quartiles(np.log(sizes[checked.where])))
    margin = (third / first) ** IQRS
    low, high = min(first / margin, median / SIZE_RATIO), max(third * margin, median * SIZE_RATIO)
    says = (
        f"Its size (square root of width times height) is {low:,.0f} pixels or less, or {high:,.0f} or more; "
        f"{median:,.0f} are usual here."
    )
    is_odd = (sizes <= low) | (sizes >= high)
    return checked.found("odd size", says, is_odd, sizes, np.abs(np.log(sizes / median)))


def _odd_aspect(checked: _Checked) -> Finding:
    sides = checked.looks.width, checked.looks.height
    ratios = np.minimum(*sides) / np.maximum(*sides)
    bound = min(NARROW, NARROW_HERE * _quartiles(ratios[checked.where])[1])
    says = f"Its shorter side is less than {bound:.2g} of the longer one."
    return checked.found("odd aspect ratio", says, ratios < bound, ratios)


def _quartiles(values: np.ndarray) -> np.ndarray:
    return np.percentile(values, (25, 50, 75)) if len(values) else np.ones(3)


def _exact_copies(checked: _Checked) -> Finding:
    by_hash: dict[str, list[int]] = {}
    for place in checked.where.tolist():
        by_hash.setdefault(checked.gallery.pictures[place].hash, []).append(place)
    groups = [np.array(places) for places in by_hash.values() if len(places) > 1]
    says = "The files are the same, byte for byte."
    return checked.copies("exact copies", says, groups, [np.ones(len(group)) for group in groups])


def _near_copies(checked: _Checked) -> Finding:
    """Among one picture of each content, and without those that hold too little to be compared."""
    looks, pictures = checked.looks, checked.gallery.pictures
    firsts = {pictures[place].hash: place for place in reversed(checked.where.tolist())}
    places = np.array(sorted(firsts.values()), np.int64)
    places = places[looks.entropy[places] >= FEW_BITS]
    named = near_copies(looks.hash[places], looks.mirrored[places], looks.sketch[places])
    in_groups = np.flatnonzero(np.bincount(named)[named] > 1)
    in_groups = in_groups[np.argsort(named[in_groups], kind="stable")]
    ends = np.flatnonzero(np.diff(named[in_groups])) + 1
    groups = [places[group] for group in np.split(in_groups, ends) if len(group)]
    pixels = looks.width * looks.height
    groups = [group[np.argsort(-pixels[group], kind="stable")] for group in groups]
    scores = [likeness(looks.sketch[group], looks.sketch[np.full_like(group, group[0])]) for group in groups]
    says = (
        "Almost the same picture: re-encoded, resized, recoloured, mirrored, lightly cropped or written on (perceptual "
        f"hash within {REACH} of 64 bits, sketches that correlate by {ALIKE:g} or more)."
    )
    return checked.copies("near copies", says, groups, scores)
