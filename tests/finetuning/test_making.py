"""Fine-tuning as a run: a model of the workspace, stopped, killed and gone on with, made again when it was deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.__main__ import main
from engine.errors import StoreError
from engine.finetuning import Params, shelf
from engine.finetuning.making import tables
from engine.gallery import open_folder
from engine.jobs.asking import estimate
from engine.jobs.execute import read_result
from engine.models.roles import ModelSpec
from engine.models.templates import Template, template_of
from engine.store.export import export
from engine.store.runs import Runs
from tests import makings
from tests.makings import carried_out
from tests.models.tiny_checkpoints import save_diffusion
from tests.test_finetuning import painted, weights

pytestmark = pytest.mark.usefixtures("one_thread")
FEW = Params(steps=12, batch=3, every=4, rate=1e-3, template=Template("A {} thing", "A thing"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return ModelSpec("diffusion", str(save_diffusion(tmp_path_factory.mktemp("diffusion"))))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return painted(tmp_path_factory.mktemp("gallery"))


def submitted(folder, tiny, settings, params=FEW, **words):
    return makings.submitted("finetuning", folder, params, settings, tiny, **words)


@pytest.fixture
def done(folder, tiny, settings):
    return makings.done("finetuning", folder, FEW, settings, tiny)


def test_what_comes_out_is_a_model_of_the_workspace(done, tiny, settings, folder, tmp_path):
    result, (model,) = read_result(done), shelf.models(settings.home)
    assert (model.id, model.origin, model.how) == (done.id, tiny.name, "full")
    assert (model.labels, model.gap, model.before) == (result.labels, result.gap, result.before)
    assert model.bytes == sum(p.stat().st_size for p in (settings.home / "models" / done.id).rglob("*") if p.is_file())
    assert model.title == f"{folder.name}: quimby, zorblat (full, {done.id[:4]})"
    assert template_of(model.spec) == Template("A {} thing", "A thing", is_known=True)
    assert {p.name for p in done.path.iterdir()} == {"request.json", "status.json", "result.json", "lock"}
    assert done.status.asked == {"steps": 12}
    assert [look["step"] for look in tables(result)["looks"]] == [0, 4, 8, 12]
    assert {p.name for p in export(done, result, tmp_path / "out")} == {"result.json", "looks.csv", "labels.csv"}
    gallery = open_folder(folder, settings)
    price = estimate(done.request, gallery, FEW, settings)
    assert (price.pictures, price.questions, price.roles[0].measured) == (24, 12, True)
    assert not estimate(done.request, gallery, replace(FEW, how="lora"), settings).roles[0].measured


def test_its_looks_and_its_report_are_exported(done, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    assert main(["export", done.id, "--to", str(tmp_path / "csv")]) == 0
    assert (tmp_path / "csv" / "looks.csv").read_text().splitlines()[0] == "step,gap,kept"
    assert main(["export", done.id, "--to", str(tmp_path / "html"), "--as", "html"]) == 0
    (report,) = (tmp_path / "html").iterdir()
    assert "quimby" in report.read_text()


def test_a_deleted_model_is_made_again(done, folder, tiny, settings):
    before = weights(settings.home / "models" / done.id)
    shelf.delete(settings.home, done.id)
    assert shelf.models(settings.home) == []
    assert submitted(folder, tiny, settings).status.state == "done"  # the run knows what came of it
    run = submitted(folder, tiny, settings, again=True)
    assert carried_out(run, settings).state == "done"
    assert weights(settings.home / "models" / done.id) == before
    assert submitted(folder, tiny, settings, again=True).id == run.id
    carried_out(run, settings)
    assert run.status.asked == {"steps": 24}  # it was there: nothing was learned anew
    Runs(settings.home).delete(run.id)
    assert [one.id for one in shelf.models(settings.home)] == [run.id]  # a model outlives its run


def test_only_these_labels_are_taught(tmp_path, tiny, settings):
    folder = painted(tmp_path / "g")
    (folder / "zorblat").rename(folder / "aa")
    for i, path in enumerate(sorted((folder / "quimby").iterdir())[:6]):
        (folder / "third").mkdir(exist_ok=True)
        path.rename(folder / "third" / f"{i}.png")
    run = submitted(folder, tiny, settings, replace(FEW, steps=1, labels=("aa", "third")))
    assert carried_out(run, settings).state == "done", run.status.error
    assert read_result(run).labels == {"aa": 12, "third": 6}
    assert run.id != submitted(folder, tiny, settings, replace(FEW, steps=1)).id


def test_stopped_it_shows_its_looks_and_goes_on_to_the_same(folder, tiny, settings, tmp_path):
    longer = replace(FEW, steps=40, every=10)  # whether it is to stop is asked ten times a second
    done, other = submitted(folder, tiny, settings, longer), replace(settings, home=tmp_path / "other")
    carried_out(done, settings)
    run = submitted(folder, tiny, other, longer)

    def watch(progress):
        if progress.step.startswith("training") and progress.done >= 5:
            run.stop()

    status = carried_out(run, other, watch=watch)
    assert status.state == "stopped"
    assert "Asked again, it goes on at step " in status.hint
    assert [step for step, _ in run.partial["history"]] in ([0], [0, 10], [0, 10, 20], [0, 10, 20, 30])
    assert (run.path / "model" / "training" / "checkpoint.pt").exists()
    assert shelf.models(other.home) == []
    again = submitted(folder, tiny, other, longer)
    assert carried_out(again, other).state == "done"
    assert again.status.asked == {"steps": 40}  # both tries together
    assert read_result(again) == read_result(done)
    assert weights(other.home / "models" / run.id) == weights(settings.home / "models" / done.id)


def test_a_killed_worker_is_followed_by_one_that_goes_on(done, folder, tiny, settings, tmp_path, monkeypatch):
    other = replace(settings, home=tmp_path / "other")
    run = submitted(folder, tiny, other)
    monkeypatch.setattr("engine.finetuning._KEPT_EVERY", 1e-9)
    monkeypatch.setattr("engine.finetuning._SPARED", 0)
    makings.kill_at(run, other, lambda status: status.step.startswith("training") and 6 <= status.done < 12)
    assert (run.path / "model" / "training" / "checkpoint.pt").exists()
    seen: list[int] = []
    watch = lambda progress: seen.append(progress.done) if progress.step.startswith("training") else None  # noqa: E731
    assert carried_out(run, other, watch=watch).state == "done"
    assert seen[0] >= 5  # it did not begin anew
    assert read_result(run) == read_result(done)
    assert weights(other.home / "models" / run.id) == weights(settings.home / "models" / done.id)


def test_what_cannot_be_learned_fails_with_the_mend(tmp_path, tiny, settings):
    status = carried_out(submitted(painted(tmp_path / "few", 3), tiny, settings), settings)
    assert (status.state, status.error) == ("failed", "Fewer than two labels have 5 pictures or more.")
    assert status.hint == "Give more pictures of each, or fewer labels."


def test_models_that_are_none_are_not_listed(settings, tmp_path):
    (settings.home / "models" / ("a" * 16)).mkdir(parents=True)
    (settings.home / "models" / "notes").mkdir()
    assert shelf.models(settings.home) == []
    for id, why in (("../../x", "There is no model '../../x'"), ("b" * 16, "any more")):
        with pytest.raises(StoreError, match=why):
            shelf.delete(settings.home, id)
