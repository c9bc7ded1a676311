"""Translation as a run: pictures in the run's folder that have addresses, kept when it stops or is killed."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from engine.errors import SettingsError
from engine.gallery import find_picture, open_folder, recent
from engine.gallery.thumbs import thumbnail
from engine.gallery.uploads import is_allowed
from engine.jobs.asking import estimate
from engine.jobs.execute import read_result
from engine.models.diffusion import Diffusion
from engine.models.profiles import POSTCARDS
from engine.settings import Settings
from engine.store.export import export
from engine.translation.making import Params, tables
from tests import makings
from tests.makings import carried_out

pytestmark = pytest.mark.usefixtures("quick_translation")
FORTH = Params("beach", ("mountains", "city"))


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("g") / "cards"
    for place, n in (("beach", 3), ("city", 1), ("mountains", 1)):
        (folder / place).mkdir(parents=True)
        for path in sorted((POSTCARDS / place).iterdir())[:n]:
            shutil.copy(path, folder / place / path.name.replace("_", " "))
    return folder


def submitted(cards, settings, params=FORTH, **words):
    return makings.submitted("translation", cards, params, settings, **words)


@pytest.fixture(scope="module")
def whole(cards, tmp_path_factory):
    """An unbroken run, and its settings."""
    settings = Settings(home=tmp_path_factory.mktemp("w") / "home")
    return makings.done("translation", cards, FORTH, settings), settings


def files(run):
    (folder,) = (p for p in run.path.iterdir() if p.is_dir())
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_pictures_have_addresses_and_say_what_they_are(whole, cards, tmp_path):
    run, settings = whole
    result = read_result(run)
    assert [(one.source, one.to) for one in result.rows[:3]] == [
        ("beach/beach 001.webp", "mountains"), ("beach/beach 001.webp", "city"), ("beach/beach 002.webp", "mountains"),
    ]  # fmt: skip
    assert (len(result.rows), result.folder, result.template) == (6, "beach-as-mountains-city", "An image of {}")
    assert run.status.asked["translations"] == 6
    assert run.partial == {}
    folder = run.path / result.folder
    for one in result.rows:
        assert find_picture(settings.home, result.hashes[one.file]) == folder / one.file
        assert thumbnail(settings.home, result.hashes[one.file]).is_file()
    assert [card.title for card in recent(settings.home)] == ["cards"]  # it is a gallery only where it is opened as one
    assert is_allowed(folder, replace(settings, roots=()), "0.0.0.0")
    made = open_folder(folder, settings, "to")
    assert {p.label for p in made.pictures} == {"mountains", "city"}
    assert made.pictures[0].metadata["synthetic"] == "yes"
    assert {p.name for p in export(run, result, tmp_path)} == {"result.json", "translations.csv", "parallels.csv"}


def test_what_is_parallel_is_of_both_labels(whole):
    run, _ = whole
    found = read_result(run).parallels
    assert found
    assert [one.co_typicality for one in found] == sorted((one.co_typicality for one in found), reverse=True)
    for one in found:
        assert set(one.typicality) == {"mountains", "city"}
        assert one.sources >= 2
        assert {source for source, _ in one.patches} <= {row.source for row in read_result(run).rows}
    table = tables(read_result(run))["parallels"]
    assert list(table[0]) == ["element", "co_typicality", "pictures", "patches", "t mountains", "t city"]


def test_one_label_has_nothing_parallel_and_a_count_is_kept_to(cards, settings):
    run = submitted(cards, settings, Params("beach", ("city",), count=1, guidance=3.0))
    assert carried_out(run, settings).state == "done", run.status.error
    result = read_result(run)
    assert (len(result.rows), result.parallels) == (1, ())
    again = submitted(cards, settings, Params("beach", ("city",), count=1, guidance=3.0), again=True)
    before = files(run)
    assert carried_out(again, settings).state == "done"
    assert again.status.asked["translations"] == 1  # it was there
    assert files(run) == before


def test_stopped_it_shows_what_is_there_and_goes_on_to_the_same(whole, cards, settings):
    run = submitted(cards, settings)

    def watch(progress):
        if progress.step == "translating" and progress.done >= 1:
            run.stop()

    assert carried_out(run, settings, watch=watch).state == "stopped"
    partial = run.partial
    n = partial["done"]
    assert 1 <= n < 3
    assert len(partial["rows"]) == 2 * n
    assert set(partial["hashes"]) >= {row["file"] for row in partial["rows"]}
    assert 0 <= partial["rose"] <= 1
    assert carried_out(submitted(cards, settings), settings).state == "done"
    assert run.status.asked["translations"] == 6  # none of them twice
    assert files(run) == files(whole[0])
    assert read_result(run) == read_result(whole[0])


def test_a_killed_worker_is_followed_by_one_that_goes_on(whole, cards, settings):
    run = submitted(cards, settings)
    makings.kill_at(run, settings, lambda status: status.step == "translating" and status.done >= 1)
    assert carried_out(run, settings).state == "done"
    assert files(run) == files(whole[0])
    assert read_result(run) == read_result(whole[0])


def test_a_torn_table_loses_its_last_picture_only(whole, cards, settings, monkeypatch):
    run, asked, real = submitted(cards, settings), list[str](), Diffusion.translate
    folder = run.path / "beach-as-mountains-city"
    folder.mkdir()
    for name, data in files(whole[0]).items():
        (folder / name).write_bytes(data[:-20] if name == "metadata.csv" else data)
    (folder / "beach_beach_002--to-city.png").unlink()

    def translate(self, picture, *more):
        asked.append(picture.source.name)
        return real(self, picture, *more)

    monkeypatch.setattr(Diffusion, "translate", translate)
    assert carried_out(run, settings).state == "done", run.status.error
    assert asked == ["beach/beach 002.webp", "beach/beach 003.webp"]
    made, wanted = files(run), files(whole[0])
    assert sorted(made.pop("metadata.csv").splitlines()) == sorted(wanted.pop("metadata.csv").splitlines())
    assert made == wanted


def test_a_price_before_and_what_cannot_be_asked(cards, settings):
    gallery = open_folder(cards, settings)
    run = submitted(cards, settings)
    price = estimate(run.request, gallery, FORTH, settings)
    assert price.pictures == 3
    # into the noise 2 x 50, back 50 x 5, T 32 x 3 x 4; maps of what is parallel 2 x (2 x 16 + 8)
    assert price.questions == 3 * (100 + 250 + 384) + 3 * 80
    for params, why in (
        (lambda: Params("beach", ()), "cannot become 0"), (lambda: Params("beach", ("city",), -1), "cannot be"),
        (lambda: Params("beach", ("city",), features=2.0), "Shares are 0 to 1"),
        (lambda: Params("beach", ("city",), guidance=-1.0), "not below 0"),
    ):  # fmt: skip
        with pytest.raises(SettingsError, match=why):
            params()
    wrong = submitted(cards, settings, Params("sea", ("city",)))
    status = carried_out(wrong, settings)
    assert (status.state, status.error) == ("failed", "No picture has the label 'sea'.")
