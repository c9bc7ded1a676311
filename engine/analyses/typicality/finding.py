"""Elements from maps and features: patches of each label, sorted by likeness, told with their rates. Evaluates nothing.

Between the sorting and the telling a person's changes have their place (`changing`): whatever was changed, all figures
are computed anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from engine.analyses.typicality import elements as parts
from engine.analyses.typicality.groups import Patches, Sorted, sort
from engine.analyses.typicality.patches import Box, contrast, top_boxes
from engine.analyses.typicality.result import Element, Params, Patch
from engine.errors import VitrineError
from engine.gallery import Picture

ELSEWHERE = 200  # pictures of other labels in which elements are looked for
_PLAIN = 6.0  # standard deviation of grey values, of 255, below which a patch is uniform

Question = tuple[Picture, tuple[str, ...]]
"""A picture with the labels that it is asked about, its own first."""
Grey = Callable[[Picture], np.ndarray | None]
"""A picture as `small_grey` gives it, from somebody who may keep them."""


def small_grey(picture: Picture) -> np.ndarray | None:
    """Grey values of a picture at 128 x 128 pixels; None where it cannot be read."""
    try:
        return np.asarray(picture.open(128).convert("L").resize((128, 128)), np.float32)
    except VitrineError:
        return None


def found(
    params: Params,
    questions: Sequence[Question],
    maps: Mapping[int, np.ndarray],
    features: Mapping[int, np.ndarray],
    others: Sequence[Picture],
    beside: Mapping[int, np.ndarray],
    seed: int,
) -> tuple[Element, ...]:
    """Elements of every label; see `sort_patches` and `tell`."""
    sorts = sort_patches(params, questions, maps, features, seed)
    return tell(sorts, questions, features, others, beside, seed)


def sort_patches(
    params: Params,
    questions: Sequence[Question],
    maps: Mapping[int, np.ndarray],
    features: Mapping[int, np.ndarray],
    seed: int,
    only: str = "",
    grey: Grey = small_grey,
) -> list[Sorted]:
    """The most typical patches of each label in groups that look alike.

    Args:
        params: patch, per_picture, elements, against.
        questions: as `asked` gave them.
        maps: (P, G, h, w) by place.
        features: (c, h, w) by place.
        seed: of the clusters.
        only: of this label alone.
        grey: of the pictures.
    """
    by_label: defaultdict[str, list[int]] = defaultdict(list)
    for i, (_, labels) in enumerate(questions):
        if i in maps and i in features and only in ("", labels[0]):
            by_label[labels[0]].append(i)

    def cut(i: int) -> list[Patch]:
        boxes = top_boxes(contrast(maps[i], params.against), params.sizes, params.per_picture)
        return [Patch(questions[i][0].name, *told) for told in boxes]

    gathered = [gather(label, params, places, questions, features, cut, grey) for label, places in by_label.items()]
    return [sort(of, params.elements, seed) for of in gathered if len(of.patches) > 1]


def gather(
    label: str,
    params: Params,
    places: Sequence[int],
    questions: Sequence[Question],
    features: Mapping[int, np.ndarray],
    cut: Callable[[int], Sequence[Patch]],
    grey: Grey = lambda _: None,
) -> Patches:
    """Patches of pictures with what is seen in each.

    Args:
        label: whose.
        params: its sizes of patches.
        places: of the pictures among the questions.
        questions: pictures with their labels.
        features: (c, h, w) by place.
        cut: the patches of the picture at a place.
        grey: of the pictures.
    """
    patches: list[Patch] = []
    vectors, held, plain = [], [], []
    for i in places:
        picture = questions[i][0]
        pixels = grey(picture)
        for patch in cut(i):
            patches.append(patch)
            vectors.append(parts.vector_of(features[i], patch.box))
            held.append(parts.is_held_out(picture.hash))
            plain.append(_is_plain(pixels, patch.box))
    stacked = np.stack(vectors) if vectors else np.empty((0, 0), np.float32)
    some = tuple(places), tuple(patches), stacked, np.array(held, bool), np.array(plain, bool)
    return Patches(label, params.sizes, *some)


def tell(
    sorts: Sequence[Sorted],
    questions: Sequence[Question],
    features: Mapping[int, np.ndarray],
    others: Sequence[Picture],
    beside: Mapping[int, np.ndarray],
    seed: int,
) -> tuple[Element, ...]:
    """What each group shows, with its rates in held-out pictures of the label and elsewhere; q is corrected for all.

    Args:
        sorts: groups by label.
        questions: pictures with their labels.
        features: (c, h, w) by place.
        others: pictures of other labels than were asked about.
        beside: their features, by place.
        seed: of resampling, and of which pictures are looked at elsewhere.
    """
    foreign = [*((i, one, questions[i][0].label) for i, one in features.items()),
               *((len(questions) + i, one, others[i].label) for i, one in beside.items())]  # fmt: skip
    elements: list[Element] = []
    own: list[np.ndarray] = []
    elsewhere: list[np.ndarray] = []
    for one in (one for one in sorts if one.groups):
        see = lambda features, one=one: parts.seen(features, one.of.sizes, one.groups)  # noqa: E731
        held = [see(features[i]) for i in one.of.pictures if parts.is_held_out(questions[i][0].hash)]
        away = [see(values) for _, values, _ in _few(foreign, one.of.label, seed)]
        for k, group in enumerate(one.groups):
            elements.append(parts.element(one.of, group, seed))
            own.append(np.array([some[k] for some in held], bool))
            elsewhere.append(np.array([some[k] for some in away], bool))
    return tuple(parts.checked(elements, own, elsewhere))


def _few(
    foreign: Sequence[tuple[int, np.ndarray, str]], label: str, seed: int
) -> Iterator[tuple[int, np.ndarray, str]]:
    away = [one for one in foreign if one[2] != label]
    order = np.random.default_rng([seed, 7]).permutation(len(away))[:ELSEWHERE]
    yield from (away[i] for i in sorted(order.tolist()))


def _is_plain(grey: np.ndarray | None, box: Box) -> bool:
    if grey is None:
        return False
    left, top, right, bottom = (round(128 * x) for x in (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    return float(grey[top : max(bottom, top + 1), left : max(right, left + 1)].std()) < _PLAIN
