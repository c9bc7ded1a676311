"""Describing a part: planted colours, vectors that tell them apart well, badly or not at all."""

from collections import Counter
from dataclasses import replace
from shutil import copy

import pytest

from engine.analyses import clusters
from engine.analyses.clusters import Criterion, Params, edits, tables
from engine.errors import RunError, SettingsError, Stopped
from engine.gallery import open_folder
from engine.models.roles import ModelSpec, Reply
from engine.progress import Progress
from tests.planted import COLOUR, FAKE, Scripted, counting, gallery_of, many, paint, remembered
from tests.planted_likeness import SPEC, Alike

FIVE = ("red", "red", "green", "blue", "yellow")
HALF = replace(COLOUR, share=0.5)
FIFTH = replace(COLOUR, share=0.2)


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings, many(200, FIVE))


def ran(gallery, home, params=FIFTH, model=None, likeness=None, seed=0, progress=None):
    progress = progress or Progress()
    asker = remembered(home, model or Scripted(), progress)
    alike = likeness or Alike()
    return clusters.run(gallery, params, vision=asker, chat=asker, progress=progress, seed=seed, matcher=alike)


def priced(gallery, home, params, likeness, seed=0):
    progress = Progress()
    asker = counting(home, progress)
    price = clusters.estimate(gallery, params, vision=asker, chat=asker, progress=progress, seed=seed, matcher=likeness)
    return {r.role: r.questions for r in price.roles}


def planted(gallery):
    """The colour of every picture, by name."""
    return {p.name: FIVE[int(p.name[:3]) % 5] for p in gallery.pictures}


def same(result, other):
    """Share of the pictures that both put into the same cluster; an undecided one is not."""
    return sum(
        a.cluster == b.cluster and a.how != "undecided" for a, b in zip(result.rows, other.rows, strict=True)
    ) / len(result.rows)


# The plain way


def test_the_rest_follows_by_likeness(gallery, settings):
    model = Scripted()
    result = ran(gallery, settings.home, model=model)
    assert {r.file: r.cluster for r in result.rows} == planted(gallery)
    assert [r.file for r in result.rows] == [p.name for p in gallery.pictures]
    assert {c.name: c.size for c in result.clusters} == {"red": 80, "green": 40, "blue": 40, "yellow": 40}
    told = Counter(r.how for r in result.rows)
    assert told == {"label": 40, "spread": 160}
    assert model.tasks.count("describe") == 40
    for row in result.rows:
        assert row.is_guess == (row.how == "spread") == (not row.description)
        assert row.confidence is None or 0.5 <= row.confidence < 1
    economy = result.economy
    assert economy
    assert (economy.most, economy.described, economy.spread, economy.undecided) == (40, 40, 160, 0)
    # 10 of 40 were kept for the audit: none of the 170 guesses was seen to be wrong
    assert len(economy.audit) == 10
    assert all(one.guess == one.cluster for one in economy.audit)
    assert (economy.agreement, economy.high) == (1, 1)
    assert 0.7 < economy.low < 0.8
    assert economy.by == SPEC


def test_every_picture_is_described_unless_told_otherwise(gallery, settings):
    likeness, model = Alike(), Scripted()
    result = ran(gallery, settings.home, COLOUR, model, likeness)
    assert model.tasks.count("describe") == 200
    assert result.economy is None
    assert likeness.seen == []
    assert "confidence" not in tables(result)["clusters"][0]


def test_few_pictures_are_all_described(tmp_path, settings):
    """20 are described in any case."""
    few = gallery_of(tmp_path, settings, many(20, FIVE))
    result = ran(few, settings.home)
    assert result.economy is None
    assert all(r.how == "label" for r in result.rows)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01])
def test_a_share_that_is_none(share):
    with pytest.raises(SettingsError, match="share"):
        Params(Criterion("colour"), share=share)


def test_the_table_says_how_sure(gallery, settings):
    rows = tables(ran(gallery, settings.home))["clusters"]
    assert list(rows[0]) == ["file", "label", "description", "raw_label", "cluster", "how", "confidence"]
    assert {row["how"]: row["confidence"] is None for row in rows} == {"label": True, "spread": False}


def test_nothing_is_known_of_what_was_not_described(gallery, settings):
    """Notes, missing clusters and the review speak of what was described."""
    result = ran(gallery, settings.home)
    assert result.notes == ()
    assert result.missing == {}
    assert sum(sum(c.labels.values()) for c in result.clusters) == 40


# Likeness that does not tell


def test_what_likeness_does_not_tell_stays_undecided(gallery, settings):
    result = ran(gallery, settings.home, HALF, likeness=Alike(noise=50.0))
    told = Counter(r.how for r in result.rows)
    assert told["label"] == 100
    assert told["undecided"] > 60
    assert all("likeness is unsure: " in r.why and not r.cluster for r in result.rows if r.how == "undecided")
    assert sum(c.size for c in result.clusters) == 200 - told["undecided"]
    economy = result.economy
    assert economy
    assert economy.undecided == told["undecided"]
    assert economy.high <= 1 - economy.undecided / 200 + 1e-9


def test_the_least_sure_are_up_for_review(gallery, settings):
    result = ran(gallery, settings.home, likeness=Alike(noise=0.5))
    of = {r.file: r for r in result.rows}
    unsure = [of[one.file] for one in result.review if of[one.file].is_guess]
    assert unsure
    told = [r.confidence or 0 for r in unsure]
    assert all(0.5 <= sure < 0.8 for sure in told)
    rest = [r.confidence or 0 for r in result.rows if r.how == "spread" and r.file not in {u.file for u in unsure}]
    assert max(told) <= min(rest)


@pytest.mark.parametrize("noise", [0.3, 0.6, 1.0])
def test_the_interval_holds_what_describing_everything_says(gallery, settings, noise):
    """Eight seeds, an interval that misses one in twenty: two or more misses come once in a hundred."""
    whole = ran(gallery, settings.home, COLOUR)
    held = 0
    for seed in range(8):
        result = ran(gallery, settings.home, replace(COLOUR, share=0.3), likeness=Alike(noise), seed=seed)
        assert result.economy
        held += result.economy.low - 1e-9 <= same(result, whole) <= result.economy.high + 1e-9
    assert held >= 7


def test_hardly_anything_is_asked_where_likeness_tells_all(tmp_path, settings):
    """Two colours far apart: 99 of 100 are expected to be right before the share is used up."""
    gallery = gallery_of(tmp_path, settings, many(250, ("red", "blue")))
    model = Scripted()
    result = ran(gallery, settings.home, replace(COLOUR, share=0.9), model, Alike(noise=0.01))
    assert result.economy
    assert result.economy.most == 225
    assert model.tasks.count("describe") < 180
    assert {c.name: c.size for c in result.clusters} == {"red": 125, "blue": 125}


# The same again, more, coarser


def test_a_larger_share_asks_the_difference(gallery, settings):
    """40 first; of the 100 of the larger share none is asked twice, and the price says 60 before."""
    likeness, first, more = Alike(noise=0.8), Scripted(), Scripted()
    ran(gallery, settings.home, FIFTH, first, likeness)
    assert priced(gallery, settings.home, HALF, likeness)["vision"] == 60
    ran(gallery, settings.home, HALF, more, likeness)
    asked = [{r.pictures[0].hash for r in m.requests if r.task == "describe"} for m in (first, more)]
    assert not asked[0] & asked[1]
    assert (len(asked[0]), len(asked[1])) == (40, 60)
    rest = Scripted()
    assert priced(gallery, settings.home, COLOUR, likeness)["vision"] == 100
    ran(gallery, settings.home, COLOUR, rest, likeness)
    assert rest.tasks.count("describe") == 100


def test_the_price_of_a_larger_share_of_a_large_gallery_counts_what_is_known(gallery, settings):
    """2,400 pictures; a twentieth is 120, a tenth 240."""
    some = [replace(p, hash=f"{i:08x}{p.hash[8:]}") for i in range(12) for p in gallery.pictures]
    large, likeness = replace(gallery, pictures=some), Alike(noise=0.8)
    assert priced(large, settings.home, replace(COLOUR, share=0.1), likeness)["vision"] == 240
    ran(large, settings.home, replace(COLOUR, share=0.05), likeness=likeness)
    assert priced(large, settings.home, replace(COLOUR, share=0.1), likeness)["vision"] == 120
    assert priced(large, settings.home, replace(COLOUR, share=0.05), likeness)["vision"] == 0


@pytest.mark.parametrize(("params", "seed"), [(HALF, 1), (replace(HALF, keep=("red", "purple")), 0)])
def test_a_price_is_an_upper_bound_where_other_pictures_may_be_chosen(gallery, settings, params, seed):
    """A fifth begins with 30 (40 less the audit's 10), which are of every first sample: 100 - 30."""
    likeness, model = Alike(noise=0.8), Scripted()
    ran(gallery, settings.home, FIFTH, likeness=likeness)
    assert priced(gallery, settings.home, params, likeness, seed)["vision"] == 70
    ran(gallery, settings.home, params, model, likeness, seed)
    assert 0 < model.tasks.count("describe") <= 70


def test_a_price_before_anything_is_known_and_after_everything_is(gallery, settings):
    likeness = Alike()
    before = priced(gallery, settings.home, FIFTH, likeness)
    assert (before["vision"], before["matcher"]) == (40, 200)
    ran(gallery, settings.home, COLOUR, likeness=likeness)
    assert priced(gallery, settings.home, FIFTH, likeness)["vision"] == 0


def test_asked_again_nothing_is_asked_and_nothing_changes(gallery, settings):
    first, model = ran(gallery, settings.home), Scripted()
    assert ran(gallery, settings.home, model=model) == first
    assert model.requests == []


def test_another_seed_draws_another_audit(gallery, settings):
    one, other = ran(gallery, settings.home), ran(gallery, settings.home, seed=1)
    assert one.economy
    assert other.economy
    assert {a.file for a in one.economy.audit} != {a.file for a in other.economy.audit}


def test_the_order_of_files_does_not_matter(gallery, settings, tmp_path):
    turned = replace(gallery, pictures=list(gallery.pictures)[::-1])
    one, other = (ran(g, tmp_path / str(i), likeness=Alike(0.6)) for i, g in enumerate((gallery, turned)))
    assert {r.file: r for r in one.rows} == {r.file: r for r in other.rows}
    assert one.economy == other.economy


@pytest.mark.parametrize("at", [5, 30, 37])
def test_stopped_and_taken_up_again_it_says_the_same(gallery, settings, tmp_path, at):
    whole = ran(gallery, tmp_path / "elsewhere", HALF, likeness=Alike(0.6))
    said: list[int] = []

    def says(request):
        if request.task == "describe":
            said.append(1)
            if len(said) == at:
                raise Stopped("enough")

    with pytest.raises(Stopped):
        ran(gallery, settings.home, HALF, Scripted(says), Alike(0.6))
    model = Scripted()
    assert ran(gallery, settings.home, HALF, model, Alike(0.6)) == whole
    assert model.tasks.count("describe") == 100 - (at - 1)


def test_another_k_asks_one_question_and_no_picture(gallery, settings):
    fine = ran(gallery, settings.home, likeness=Alike(0.5))
    model = Scripted()
    coarse = ran(gallery, settings.home, replace(FIFTH, k="2"), model, Alike(0.5))
    assert model.tasks == ["name_clusters"]
    assert len(coarse.clusters) == 2
    pairs = list(zip(fine.rows, coarse.rows, strict=True))
    assert len({(a.cluster, b.cluster) for a, b in pairs if a.cluster}) == 4  # each lies whole in one
    assert [bool(a.cluster) for a, _ in pairs] == [bool(b.cluster) for _, b in pairs]
    assert all((b.confidence or 0) >= (a.confidence or 0) for a, b in pairs if a.is_guess)  # of two that became one
    assert all(b.part == a.cluster for a, b in pairs if a.cluster)


# Odd pictures


def test_copies_share_one_answer_or_one_guess(tmp_path, settings):
    folder = paint(tmp_path / "pictures", many(100, FIVE))
    for i in range(100):
        copy(folder / f"{i:03}.png", folder / f"copy{i:03}.png")
    model = Scripted()
    gallery = open_folder(folder, settings)
    result = ran(gallery, settings.home, replace(COLOUR, share=0.4), model)
    of = {r.file: replace(r, file="") for r in result.rows}
    assert all(of[f"{i:03}.png"] == of[f"copy{i:03}.png"] for i in range(100))
    assert model.tasks.count("describe") == 40  # of 100 different ones
    assert result.economy
    assert result.economy.described + result.economy.spread + result.economy.undecided == 100


def test_pictures_without_a_vector_are_named_with_the_reason(gallery, settings):
    result = ran(gallery, settings.home, likeness=Alike(unread=frozenset({"007.png", "100.png"})))
    lost = [r for r in result.rows if r.how == "unanswered"]
    assert [(r.file, r.why) for r in lost] == [(f, "its vector holds no numbers") for f in ("007.png", "100.png")]


def test_no_vector_at_all_is_an_error_that_tells_the_mend(gallery, settings):
    with pytest.raises(RunError, match="No picture has a vector: its vector holds no numbers") as caught:
        ran(gallery, settings.home, likeness=Alike(unread=frozenset(p.name for p in gallery.pictures)))
    assert "every picture" in caught.value.hint


def test_what_the_model_refuses_counts_neither_way(gallery, settings):
    """Every yellow picture is refused: nobody knows of yellow, and the audit leaves such pictures out."""

    def says(request):
        if request.task == "describe" and any(planted(gallery)[p.path.name] == "yellow" for p in request.pictures):
            return Reply("I cannot.", refused=True)
        return None

    result = ran(gallery, settings.home, HALF, Scripted(says), Alike(0.3))
    assert {c.name for c in result.clusters} == {"red", "green", "blue"}
    economy = result.economy
    assert economy
    refused = sum(r.how == "unanswered" for r in result.rows)
    assert refused
    assert economy.described == sum(bool(r.description) for r in result.rows) + refused
    assert all(one.cluster for one in economy.audit)


def test_nothing_answered_is_an_error(gallery, settings):
    with pytest.raises(RunError, match="described none of"):
        ran(gallery, settings.home, model=Scripted(lambda r: Reply("", refused=True)))


def test_a_criterion_that_pictures_say_nothing_about(gallery, settings):
    blank = Scripted(lambda r: Reply('{"answers": [{"item": 0, "description": "Hm.", "label": "none"}]}'))
    with pytest.raises(RunError, match="No picture says anything about 'colour'"):
        ran(gallery, settings.home, model=blank)


def test_pictures_that_fit_no_cluster_have_their_like(gallery, settings):
    """Yellow pictures say nothing about the criterion: pictures like them are unassigned, too, and that is right."""

    def says(request):
        if request.task == "describe" and planted(gallery)[request.pictures[0].path.name] == "yellow":
            return Reply('{"answers": [{"item": 0, "description": "Hm.", "label": "none"}]}')
        return None

    result = ran(gallery, settings.home, HALF, Scripted(says), Alike(0.1))
    left = [r for r in result.rows if r.how == "unassigned"]
    assert {planted(gallery)[r.file] for r in left} == {"yellow"}
    assert len(left) == 40
    guesses = [r for r in left if r.is_guess]
    assert guesses
    assert all(r.why == "not described; like those that fit no cluster" for r in guesses)
    assert result.economy
    assert result.economy.agreement == 1


def test_words_of_a_fixed_list_are_clusters_as_they_are(gallery, settings):
    exact = ModelSpec("fake", "fake", options={"exact": True})
    model = Scripted(spec=exact)
    result = ran(gallery, settings.home, model=model)
    assert set(model.tasks) == {"describe"}
    assert {r.file: r.cluster for r in result.rows} == planted(gallery)


def test_names_come_from_labels_as_common_as_they_are_in_the_gallery(gallery, settings):
    """Of 200 pictures 80 are red: the naming is told about as many, though odd ones are described more often."""
    model = Scripted()
    ran(gallery, settings.home, model=model, likeness=Alike(0.1))
    told = [r.payload["labels"] for r in model.requests if r.task == "name_clusters"]
    assert told
    for labels in told:
        assert sum(labels.values()) == 200
        assert labels["red"] == 80


# A person's changes


def test_changes_work_on_guesses(gallery, settings):
    result = ran(gallery, settings.home)
    guess = next(r for r in result.rows if r.is_guess and r.cluster == "green")
    log = [
        {"kind": "rename", "cluster": "green", "to": "leaf"},
        {"kind": "move", "files": [guess.file], "to": "red"},
        {"kind": "merge", "clusters": ["blue", "yellow"], "into": "flag"},
    ]
    edited = edits.apply(result, log)
    assert edited.notes == ()
    assert {c.name: c.size for c in edited.result.clusters} == {"red": 81, "leaf": 39, "flag": 80}
    moved = next(r for r in edited.result.rows if r.file == guess.file)
    assert (moved.how, moved.cluster, moved.is_guess) == ("person", "red", False)
    assert tables(edited.result)["clusters"][0].keys() >= {"confidence"}


def test_models_of_a_request(gallery):
    matcher = {"vision": FAKE, "chat": FAKE, "matcher": SPEC}
    assert clusters.helping(COLOUR, matcher) == {}
    assert clusters.helping(FIFTH, matcher) == {"matcher": SPEC}
    assert list(clusters.helping(FIFTH, {"vision": FAKE, "chat": FAKE})) == ["embedder"]
