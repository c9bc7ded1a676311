"""What health finds in galleries where something was planted, and what it leaves alone; the figures are printed."""

import csv
import random
import shutil
import tarfile
import warnings

import numpy as np
import pytest
from PIL import Image

from engine.gallery import open_folder
from engine.gallery.health import findings
from engine.gallery.looking import look_over, looks
from tests.gallery.spoilt import NEAR, SPOILT, plant
from tests.planted import ROOT

CHECKS = [*SPOILT, "exact_copies", "near_copies"]
POSTCARDS = ROOT / "assets" / "postcards"
GREY = {113488, 205401, 570448}  # photos of coco_mini that are black and white, by number
BURNT, NEARLY_GREY = 435206, 551780


def checked(folder, settings, places=None):
    """The gallery, and its findings by check."""
    gallery = open_folder(folder, settings)
    look_over(gallery.pictures, settings.home, settings.max_pixels)
    found = findings(gallery, looks(gallery.pictures, settings.home), places)
    assert [one.check for one in found] == CHECKS
    return gallery, {one.check: one for one in found}


def pairs(finding):
    return {frozenset((a, b)) for group in finding.groups for a in group for b in group if a != b}


def postcards():
    """Those that are neither copies nor have one."""
    with (POSTCARDS / "metadata.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    in_pairs = {name for row in rows if row["copy_of"] for name in (row["copy_of"], row["file_name"])}
    return [POSTCARDS / row["file_name"] for row in rows if row["file_name"] not in in_pairs]


def figures(planted, found, title):
    """Recall and precision of each check on what was planted, and a table of them."""
    scores, lines = {}, [f"\n{title}\n| check | planted | found | recall | precision |\n|---|---|---|---|---|"]
    for check in CHECKS:
        truth = planted.names.get(check) or (planted.exact if check == "exact_copies" else set(planted.near))
        said = set(found[check].files) if check in SPOILT else pairs(found[check])
        hits = len(said & truth)
        scores[check] = hits / len(truth), hits / max(1, len(said))
        numbers = len(truth), len(said), *(f"{score:.2f}" for score in scores[check])
        lines.append(f"| {found[check].title} | {' | '.join(map(str, numbers))} |")
    return scores, "\n".join(lines)


def show(capsys, text):
    with capsys.disabled():
        print(text)  # noqa: T201


def test_what_was_planted_among_drawn_scenes_is_found(tmp_path, settings, capsys):
    sources = random.Random(0).sample(postcards(), 280)
    planted = plant(sources, tmp_path / "planted", each=15, pairs=6)
    _, found = checked(tmp_path / "planted", settings)
    scores, table = figures(planted, found, "Drawn scenes")
    show(capsys, table)
    for check, (recall, precision) in scores.items():
        assert recall >= 0.93, check
        assert precision >= 0.93, check
    assert not {name for check in SPOILT for name in found[check].files} & planted.untouched


@pytest.mark.shared
def test_what_was_planted_among_photographs_is_found(shared, tmp_path, settings, capsys):
    sources = sorted((shared / "data" / "coco_mini" / "images").iterdir())
    good = [path for path in sources if int(path.stem.partition("_")[2]) not in {*GREY, NEARLY_GREY, BURNT}]
    planted = plant(good, tmp_path / "planted", each=9, pairs=6)
    _, found = checked(tmp_path / "planted", settings)
    scores, table = figures(planted, found, "Photographs of COCO")
    show(capsys, table)
    for check, (recall, precision) in scores.items():
        assert recall >= (0.85 if check == "light" else 0.93), check  # where all is grey, no false colour tells
        # What else is true of them: a faded photo has few grey levels and hardly a colour, a strip of snow is light.
        assert precision >= (0.75 if check in ("light", "low_information", "grey") else 0.93), check
    assert not {name for check in SPOILT for name in found[check].files} & planted.untouched


@pytest.mark.shared
def test_untouched_photographs(shared, settings):
    """All that is flagged was looked at: one burnt out by two thirds, three in black and white."""
    _, found = checked(shared / "data" / "coco_mini" / "images", settings)
    flagged = {check: {int(name[-16:-4]) for name in found[check].files} for check in CHECKS if found[check].files}
    assert flagged == {"light": {BURNT}, "grey": GREY}


@pytest.mark.shared
def test_photographs_of_the_web(shared, settings):
    """Yoga and meditation: sharp figures before smooth skies, backlight, and the same stock photos again and again."""
    _, found = checked(shared / "data" / "visdiff_yoga" / "images", settings)
    flagged = {check: len(found[check].files) for check in CHECKS if found[check].files}
    assert flagged == {"odd_aspect_ratio": 1, "exact_copies": 2, "near_copies": 24}  # looked at: all are that


def test_copies_that_were_planted_in_postcards(settings, capsys):
    """JPEG, colour, text and mirrored, four each; a fifth cropped off is out of reach of a perceptual hash."""
    gallery, found = checked(POSTCARDS, settings)
    edits = {
        frozenset((p.name, p.metadata["copy_of"])): p.metadata["edit"]
        for p in gallery.pictures
        if p.metadata["copy_of"]
    }
    said = pairs(found["near_copies"])
    hits = [edits[pair] for pair in said & set(edits)]
    show(capsys, f"\nPostcards: {len(hits)} of {len(edits)} near copies found, {len(said) - len(hits)} false")
    assert len(said) == len(hits)
    assert {edit: hits.count(edit) for edit in hits} == {"jpeg": 4, "colour": 4, "text": 4, "flip": 4}
    others = {check: found[check].files for check in CHECKS if check != "near_copies" and found[check].files}
    assert others == {"light": ("desert/desert_098.webp",)}  # a copy that was made brighter: its sky is burnt out


@pytest.mark.shared
def test_near_copies_that_people_judged(shared, settings, capsys):
    """Photos of 32 pixels, where people called 279 pairs near-duplicates (ciFAIR): often another crop or angle."""
    root = shared / "data" / "cifar10_neardup"
    _, found = checked(root / "images", settings)
    with (root / "pairs.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    judged = {frozenset(row[k].removeprefix("images/") for k in ("file_a", "file_b")): row["judgment"] for row in rows}
    near = {pair for pair, judgment in judged.items() if judgment == "1"}
    said = pairs(found["near_copies"])
    unjudged = len(said - set(judged))
    show(capsys, f"\nciFAIR: {len(said & near)} of {len(near)} near-duplicates found, {unjudged} unjudged pairs")
    assert len(said & near) / len(near) > 0.55


@pytest.mark.shared
@pytest.mark.filterwarnings("error")
def test_odd_pictures(shared, settings, tmp_path):
    with tarfile.open(shared / "data" / "odd_pictures.tar.gz") as archive:
        archive.extractall(tmp_path, filter="fully_trusted")  # its links lead out on purpose
    gallery, found = checked(tmp_path / "odd_pictures" / "files", settings)
    assert looks(gallery.pictures, settings.home).known.all()
    assert frozenset(("fine/copy_a.jpg", "fine/copy_b.jpg")) in pairs(found["exact_copies"])


def test_worst_first(tmp_path, settings):
    folder = tmp_path / "dark"
    folder.mkdir()
    for value in (40, 10, 30, 60, 200):
        dimmed = noise((90, 60), value).point([v * value // 255 for v in range(256)] * 3)
        dimmed.save(folder / f"{value:03}.png")
    _, found = checked(folder, settings)
    assert found["dark"].files == ("010.png", "030.png", "040.png", "060.png")
    assert list(found["dark"].scores) == sorted(found["dark"].scores)


def noise(size, seed):
    """Blocks of random colours: sharp, of all colours, like nothing else."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.NEAREST)


def written(folder, sizes):
    folder.mkdir()
    for i, size in enumerate(sizes):
        noise(size, i).save(folder / f"{i:02}.png")
    return folder


@pytest.mark.parametrize(
    ("sizes", "odd"),
    [
        ([(64, 48)] * 12, 0),
        ([(64, 48)] * 12 + [(20, 15)], 1),
        ([(64, 48)] * 12 + [(200, 150)], 1),
        ([(64, 48)] * 8 + [(60, 60), (48, 64), (80, 60), (40, 30)], 0),  # other formats are not odd
        ([(30 + 20 * i, 30 + 20 * i) for i in range(12)], 0),  # all sizes are usual here
    ],
)
def test_odd_sizes(tmp_path, settings, sizes, odd):
    _, found = checked(written(tmp_path / "sizes", sizes), settings)
    assert len(found["odd_size"].files) == odd
    if odd:
        assert found["odd_size"].files == (f"{len(sizes) - 1:02}.png",)


def test_strips_are_odd_but_among_strips(tmp_path, settings):
    _, found = checked(written(tmp_path / "one", [(64, 48)] * 6 + [(96, 20)]), settings)
    assert found["odd_aspect_ratio"].files == ("06.png",)
    assert found["odd_aspect_ratio"].scores == (20 / 96,)
    _, found = checked(written(tmp_path / "all", [(96, 20)] * 6), settings)
    assert found["odd_aspect_ratio"].files == ()


def test_copies(tmp_path, settings):
    """Three exact ones of 0, a smaller one of 0, one of 1, and nothing of 2; the largest comes first."""
    folder = written(tmp_path / "copies", [(80, 80)] * 3)
    for name in ("00a.png", "00b.png"):
        shutil.copy(folder / "00.png", folder / name)
    noise((40, 40), 0).save(folder / "00_small.png")
    noise((160, 160), 1).save(folder / "01_large.png")
    _, found = checked(folder, settings)
    exact, near = found["exact_copies"], found["near_copies"]
    assert exact.groups == (("00.png", "00a.png", "00b.png"),)
    assert exact.files == ("00.png", "00a.png", "00b.png")
    assert near.groups == (("00.png", "00_small.png"), ("01_large.png", "01.png"))  # an exact copy is not one again
    assert near.files == ("00.png", "00_small.png", "01_large.png", "01.png")
    assert near.scores == pytest.approx((1, 1, 1, 1), abs=0.01)


def test_plain_pictures_are_no_copies_of_each_other(tmp_path, settings):
    folder = tmp_path / "plain"
    folder.mkdir()
    for i, colour in enumerate(("red", "navy", "teal", "white", "black", "#808081")):
        Image.new("RGB", (40, 40), colour).save(folder / f"{i}.png")
    _, found = checked(folder, settings)
    assert found["near_copies"].groups == ()
    assert len(found["low_information"].files) == 6
    assert (found["dark"].files, found["light"].files) == (("4.png", "1.png"), ("3.png",))
    assert found["grey"].files == ("3.png", "4.png", "5.png")
    assert found["blurry"].files == ()


def test_a_part_of_a_gallery_is_judged_by_itself(tmp_path, settings):
    folder = written(tmp_path / "part", [(64, 48)] * 9 + [(200, 150)] * 3)
    shutil.copy(folder / "00.png", folder / "99.png")
    gallery, found = checked(folder, settings)
    assert len(found["exact_copies"].files) == 2
    assert len(found["odd_size"].files) == 3
    _, part = checked(folder, settings, np.array([i for i, p in enumerate(gallery.pictures) if p.width == 200]))
    assert not any(one.files for one in part.values())
    _, none = checked(folder, settings, np.array([], np.int64))
    assert not any(one.files or one.unmeasured for one in none.values())


def test_what_was_not_looked_at_is_counted(tmp_path, settings):
    folder = written(tmp_path / "half", [(64, 48)] * 4 + [(9, 90)])
    gallery = open_folder(folder, settings)
    look_over(gallery.pictures[:3], settings.home, settings.max_pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {one.check: one for one in findings(gallery, looks(gallery.pictures, settings.home))}
    assert found["odd_aspect_ratio"].files == ("04.png",)
    from_files = {"odd_size", "odd_aspect_ratio", "exact_copies"}
    assert {check: one.unmeasured for check, one in found.items()} == {c: 2 * (c not in from_files) for c in CHECKS}


def test_every_finding_says_what_is_measured(tmp_path, settings):
    _, found = checked(written(tmp_path / "few", [(64, 48)] * 3), settings)
    for one in found.values():
        assert one.meaning.endswith((".", ")."))
        assert one.title == one.check.replace("_", " ")
    assert len(NEAR) == 9
