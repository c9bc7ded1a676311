"""Typicality on Postcards with the bundled denoiser: evaluations and error, places, localisation, elements, speed.

python -m benchmarks.typicality [--draws 32] [--quick] [--only error|places|elements] [--home DIR]

Controls stand beside every figure: another label, the subject, random patches, gradients alone, labels dealt anew.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.analyses import typicality
from engine.analyses.typicality import OTHERS, Element, Params
from engine.analyses.typicality.elements import purity
from engine.analyses.typicality.localising import localised
from engine.analyses.typicality.patches import Box, mean_in, side, top_boxes, upsampled
from engine.gallery import Gallery, Picture, open_folder
from engine.jobs import cropping
from engine.jobs.asking import askers
from engine.jobs.typical import Kept, kept
from engine.models import load, profiles
from engine.models.profiles import POSTCARDS
from engine.models.roles import Latent, ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps import draws as drawing
from engine.steps.denoising import Denoising
from engine.store.answers import Store

Kinds = dict[str, list[tuple[str, Box]]]
SEVERAL = (0.2, 0.25, 0.35)  # sides of patches that compete


def boxes_of(pictures: Sequence[Picture]) -> tuple[Kinds, Kinds]:
    """Typical elements and subjects of each picture, as shares of it."""
    elements: Kinds = {}
    subjects: Kinds = {}
    for p in pictures:
        for one in json.loads(p.metadata["boxes"]):
            left, top, right, bottom = one["box"]
            box = (left / p.width, top / p.height, (right - left) / p.width, (bottom - top) / p.height)
            (elements if one["role"] == "element" else subjects).setdefault(p.name, []).append((one["name"], box))
    return elements, subjects


def error(spec: ModelSpec, settings: Settings, pictures: Sequence[Picture], labels: Sequence[str], n: int) -> None:
    """Patch error for equal evaluations: independent uniform draws, and ours; of the own label, and of all labels."""
    model = load("denoiser", spec, settings)
    latents = [Latent(pictures[i].hash, values) for i, values in model.latents(pictures, lambda: None)]
    prompts = ["", *(f"An image of {label}" for label in labels)]
    own = [labels.index(p.label) for p in pictures]

    def gains(times: np.ndarray, first: int) -> np.ndarray:
        found = dict(model.losses(latents, prompts, times, first, 0, lambda: None))
        told = np.stack([found[i][:1] - found[i][1:] for i in range(len(latents))])  # pictures, labels, draws, h, w
        return told.reshape(*told.shape[:3], 4, 4, 4, 4).mean((4, 6))

    drawn = np.random.default_rng(0).integers(drawing.FIRST, drawing.LAST, (len(latents), n))
    uniform = gains(drawn, 0)
    pilot = dict(model.losses(latents, prompts, drawing.pilot_times(len(latents)), 10**6, 0, lambda: None))
    edges = drawing.edges_of([pilot[i][0] - pilot[i][1 + own[i]] for i in range(len(latents))])
    times = np.stack([drawing.times_of(one.hash, 0, edges, 0, n) for one in latents])
    ours = gains(times, 2 * 10**6)
    shape = (len(latents), len(labels), n // drawing.BLOCK, drawing.BLOCK, 4, 4)
    blocks = np.einsum("ilbkhw,k->ilbhw", ours.reshape(shape), drawing.weights(edges))
    plain, strata = uniform.var(2, ddof=1), blocks.var(2, ddof=1) * drawing.BLOCK
    rows = np.arange(len(latents))
    alone = float(plain[rows, own].mean() / strata[rows, own].mean())
    k = len(labels)
    together = float(plain.mean() / strata.mean()) * 2 * k / (k + 1)
    print(f"Strata of time: {edges}. Evaluations of independent uniform draws for the same patch error, over ours:")
    print(f"own label {alone:.2f}; all {k} labels at once, which share the evaluation without one, {together:.2f}.")
    most = _most_by_times(drawn, uniform[rows, own])
    print(f"No choice of times, whatever it knows beforehand, gives more than {most:.2f} for the own label.\n")


def _most_by_times(times: np.ndarray, gains: np.ndarray) -> float:
    """Variance of uniform draws over the least that any unbiased choice of times has, the squared mean of the noise.

    Args:
        times: (n, S) of the draws.
        gains: (n, S, h, w) patches.
    """
    parts = np.clip((times - drawing.FIRST) // 50, 0, 11)
    within = [np.mean([one[at == k].var(0, ddof=1) for one, at in zip(gains, parts, strict=True)]) for k in range(12)]
    return float(gains.var(1, ddof=1).mean() / np.sqrt(within).mean() ** 2)


def post(maps: Sequence[np.ndarray]) -> None:
    """Patches by mean map, one upsampling and sums of sums, against every map and every position."""
    began = time.perf_counter()
    ours = [top_boxes(one, (0.25,), 5) for one in maps]
    fast = (time.perf_counter() - began) / len(maps)
    began = time.perf_counter()
    naive = [_map_by_map(one) for one in maps[:6]]
    slow = (time.perf_counter() - began) / 6
    same = all([box for box, *_ in a] == b for a, b in zip(ours[:6], naive, strict=True))
    print(f"Patches of a picture: {1000 * fast:.1f} ms; map by map and box by box {1000 * slow:.0f} ms "
          f"({slow / fast:.0f} times); the same boxes: {same}.\n")  # fmt: skip


def _map_by_map(groups: np.ndarray) -> list[Box]:
    fine = np.stack([upsampled(one[None])[0] for one in groups])
    n = side(fine.shape[1:], 0.25)
    h, w = fine.shape[1] - n + 1, fine.shape[2] - n + 1
    means = np.array(
        [[np.mean([one[i : i + n, j : j + n].mean() for one in fine]) for j in range(w)] for i in range(h)]
    )
    found: list[Box] = []
    for _ in range(5):
        if means.max() == -np.inf:
            break
        i, j = np.unravel_index(int(means.argmax()), means.shape)
        found.append((float(j / fine.shape[2]), float(i / fine.shape[1]), n / fine.shape[2], n / fine.shape[1]))
        means[max(0, i - n + 1) : i + n, max(0, j - n + 1) : j + n] = -np.inf
    return found


def where(
    maps: Mapping[str, Mapping[str, np.ndarray]], pictures: Sequence[Picture], elements: Kinds, subjects: Kinds
) -> None:
    """T in an element above T at the same place of other pictures of the label; for the true and a wrong label."""
    labels = sorted({p.label for p in pictures})
    for name in ("true label", "wrong label"):
        shares, over = [], []
        for p in pictures:
            asked = p.label if name == "true label" else labels[(labels.index(p.label) + 1) % len(labels)]
            mine = maps[asked].get(p.name)
            others = [q for q in pictures if q.label == p.label and q.name != p.name and q.name in maps[asked]]
            if mine is None or not others or p.name not in elements:
                continue
            wins = []
            for _, box in elements[p.name]:
                here = float(mean_in(mine, box))
                free = [q for q in others if not any(_meets(box, b) for _, b in elements.get(q.name, ()))]
                wins += [here > float(mean_in(maps[asked][q.name], box)) for q in free]
            if wins:
                shares.append(float(np.mean(wins)))
            pairs = [float(mean_in(mine, e)) > float(mean_in(mine, s))
                     for _, e in elements[p.name] for _, s in subjects.get(p.name, ())]  # fmt: skip
            if pairs:
                over.append(float(np.mean(pairs)))
        print(f"| {name} | {_with_error(shares)} | {_with_error(over)} |")
    print()


def _meets(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _with_error(shares: Sequence[float]) -> str:
    return f"{np.mean(shares):.3f} ± {np.std(shares) / len(shares) ** 0.5:.3f}" if shares else "none"


def told_elements(name: str, found: Sequence[Element], kinds: Kinds) -> None:
    """Of the ten, and the forty, with the largest median over all labels, how many show one kind of typical element."""
    first = sorted(found, key=lambda one: -one.median)[:40]
    pure = [purity(one.patches, kinds) for one in first]
    ten = list(zip(first, pure, strict=True))[:10]
    names = ", ".join(f"{one.label}: {kind} {share:.2f}" for one, (kind, share) in ten)
    counted = " | ".join(f"{sum(share >= 0.7 for _, share in pure[:n])} of {len(pure[:n])}" for n in (10, 40))
    print(f"| {name} | {counted} | {names} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=32, help="of each picture")
    parser.add_argument("--quick", action="store_true", help="every sixth picture")
    parser.add_argument("--only", choices=("error", "places", "elements"), help="one of the three parts")
    parser.add_argument("--home", help="a workspace, whose maps are not evaluated again; by default a new one")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(home=Path(said.home) if said.home else Path(scratch) / "home")
        whole = open_folder(POSTCARDS, settings)
        originals = [p for p in whole.pictures if not p.metadata["copy_of"]]
        gallery = replace(whole, pictures=originals[::6] if said.quick else originals)
        spec = profiles.specs("bundled", settings, gallery.root)["denoiser"]
        labels = sorted({p.label for p in gallery.pictures})
        print(f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores · {len(gallery)} pictures\n")
        wanted = {said.only} if said.only else {"error", "places", "elements"}
        if "error" in wanted:
            some = [next(p for p in gallery.pictures if p.label == label) for label in labels]
            error(spec, settings, some, labels, 256 if said.quick else 1024)
        with closing(Store(settings.home)) as store:
            progress = Progress()
            denoiser: Denoising = askers({"denoiser": spec}, settings, store, progress)["denoiser"]
            if "places" in wanted:
                _places(gallery, labels, denoiser, progress)
            if "elements" in wanted:
                _elements(gallery, labels, denoiser, progress, said.draws)


def _places(gallery: Gallery, labels: Sequence[str], denoiser: Denoising, progress: Progress) -> None:
    elements, subjects = boxes_of(gallery.pictures)
    test = [p for p in gallery.pictures if p.metadata["split"] != "train"] or gallery.pictures
    began = time.perf_counter()
    last: dict[int, np.ndarray] = {}
    asked = [(p.label, *(one for one in labels if one != p.label)) for p in test]
    for _, i, told in denoiser.maps(test, asked, 16, 0):
        last[i] = told
    took, n = time.perf_counter() - began, progress.cost.asked["evaluations"]
    right = np.mean([told.mean((1, 2, 3)).argmax() == 0 for told in last.values()])
    speed = f"{n:,} evaluations in {took:.0f} s ({n / took:.0f} a second)"
    print(f"Place by largest T, 16 draws, {len(last)} held-out pictures: {right:.3f}. {speed}.\n")
    by_label: dict[str, dict[str, np.ndarray]] = {label: {} for label in labels}
    for i, told in last.items():
        for k, label in enumerate(asked[i]):
            by_label[label][test[i].name] = told[k].mean(0)
    print("| localisation, held-out pictures, 16 draws | element above same place elsewhere | element above subject |\n"
          "|---|---|---|")  # fmt: skip
    where(by_label, test, elements, subjects)


def _elements(gallery: Gallery, labels: Sequence[str], denoiser: Denoising, progress: Progress, draws: int) -> None:
    elements, _ = boxes_of(gallery.pictures)
    settings = denoiser.settings
    began = time.perf_counter()
    result = typicality.run(gallery, Params(draws=draws), denoiser=denoiser, progress=progress, seed=0)
    print(f"{len(gallery)} pictures, own label, {draws} draws, with features and elements: "
          f"{time.perf_counter() - began:.0f} s; again, with other patches: ", end="")  # fmt: skip
    told = kept(gallery, Params(draws=draws), denoiser.spec, settings, 0)
    began = time.perf_counter()
    told.tell(told.sort(told.asked(0.2, 24, 5)))
    took, began = time.perf_counter() - began, time.perf_counter()
    told.tell(told.sort(told.asked(0.3, 24, 5), labels[0]))
    print(f"{took:.1f} s, {time.perf_counter() - began:.1f} s for one label of {len(told.maps) // len(labels)}.\n")
    post([m[0] for m in list(told.maps.values())[:60]])
    ranking = told.ranking()
    print("| boxes of | pictures | average precision | chance |\n|---|---|---|---|")
    for one in localised(ranking, elements):
        interval = f"{one.precision:.3f} [{one.low:.3f}, {one.high:.3f}]"
        print(f"| {one.kind} | {one.pictures} | {interval} | {one.chance:.3f} |")
    print(
        "\n| the first of all labels | of ten, show one kind (purity >= .7) | of forty | the ten |\n|---|---|---|---|"
    )
    sure = [one for one in result.elements if one.is_confirmed]
    told_elements("elements", result.elements, elements)
    told_elements("elements that held-out pictures confirm", sure, elements)
    asks = Params(draws=draws)
    told_elements("random patches", [e for one in labels for e in told.baseline(one, "random", asks)], elements)
    told_elements("HOG (Doersch 2012)", [e for one in labels for e in told.baseline(one, "hog", asks)], elements)
    for against, found in _clip(told, labels, settings).items():
        told_elements(f"CLIP difference, against {against}", found, elements)
    several = told.tell(told.sort(told.asked(SEVERAL, 24, 5))).elements
    told_elements(f"elements, patches of {', '.join(map(str, SEVERAL))} of the side", several, elements)
    print(f"\nElements whose rate held out is above elsewhere, q <= .05: "
          f"{len(sure)} of {len(result.elements)}; with "
          f"labels dealt anew: {_permuted(told)}.")  # fmt: skip


def _clip(told: Kept, labels: Sequence[str], settings: Settings) -> dict[str, list[Element]]:
    """Elements by the bundled matcher alone, held against no words and against the other labels' words."""
    spec = profiles.specs("bundled", settings, told.gallery.root)["matcher"]
    model = load("matcher", spec, settings)
    found: dict[str, list[Element]] = {"no words": [], "the other labels": []}
    for against, params in zip(found, (told.params, replace(told.params, against=OTHERS)), strict=True):
        for label in labels:
            ask = told, label, params, spec, settings
            cropping.look(*ask, Progress(), lambda *_: model)
            found[against] += cropping.by_matcher(*ask)
    return found


def _permuted(told: Kept) -> str:
    """The same of features and maps under labels that mean nothing."""
    rng = np.random.default_rng(1)
    names = [some[0] for _, some in told.questions]
    dealt = [names[i] for i in rng.permutation(len(names)).tolist()]
    questions = [(replace(p, label=label), (label,)) for (p, _), label in zip(told.questions, dealt, strict=True)]
    found = typicality.found(told.params, questions, told.maps, told.features, (), {}, 0)
    return f"{sum(e.q <= 0.05 for e in found)} of {len(found)}"


if __name__ == "__main__":
    main()
