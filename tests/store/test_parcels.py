"""A run as one file: the same bytes whoever packs it; what comes in is refused unless it is what it says it is."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import asdict, replace
from typing import Any

import pytest

from engine.errors import RunError, StoreError
from engine.gallery import load_gallery, recent
from engine.jobs.execute import execute, read_result
from engine.store import parcels, unpacking
from engine.store.arriving import clashes, take_in
from engine.store.parcels import pack
from engine.store.remarks import Remarks, remark, remarks_of
from engine.store.runs import Runs
from engine.store.unpacking import unpack
from tests.planted import gallery_of, many, submitted


@pytest.fixture
def run(tmp_path, settings):
    """A finished run with a person's change, a tag and a note."""
    done = submitted(gallery_of(tmp_path, settings, many(8)), settings)
    with done.hold():
        assert execute(done, settings).state == "done"
    done.add_edit({"kind": "move", "files": ["000.png"], "to": "blue"})
    remark(done, ["paper"], "Two\nlines")
    return done


@pytest.fixture
def packed(run, settings):
    return pack(run, load_gallery(run.request.gallery, settings.home))


@pytest.fixture
def home(tmp_path):
    """Another workspace."""
    return tmp_path / "elsewhere"


def opened(data: bytes):
    return unpack(io.BytesIO(data))


def files_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def forged(data, change, true_manifest=True):
    """The file with its parts changed by `change`, and a manifest that tells of what is in it."""
    files = files_of(data)
    manifest = json.loads(files.pop("manifest.json"))
    change(files, manifest)
    if true_manifest:
        manifest["files"] = {
            n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in files.items()
        }  # fmt: skip
    return zipped({"manifest.json": json.dumps(manifest).encode(), **files})


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


# There and back


def test_what_was_packed_comes_out_and_is_packed_alike(run, packed, settings, home):
    arrival = take_in(opened(packed), home, name="x.vitrine.zip")
    assert (arrival.is_new, arrival.has_gallery) == (True, False)
    there = arrival.run
    assert there.request == run.request
    assert read_result(there) == read_result(run)
    assert there.edits() == run.edits()
    assert remarks_of(there) == remarks_of(run) == Remarks(("paper",), "Two\nlines")
    assert there.is_imported
    assert not run.is_imported
    assert pack(there, load_gallery(run.request.gallery, home)) == packed
    assert pack(run, load_gallery(run.request.gallery, settings.home)) == packed


def test_it_holds_no_picture_no_path_and_no_process(packed, tmp_path):
    files = files_of(packed)
    assert set(files) == {
        "manifest.json", "request.json", "status.json", "result.json", "edits.jsonl", "remarks.json", "gallery.json",
    }  # fmt: skip
    assert str(tmp_path) not in b"".join(files.values()).decode()
    assert json.loads(files["status.json"])["pid"] == 0
    manifest = json.loads(files["manifest.json"])
    assert manifest["files"]["result.json"]["sha256"] == hashlib.sha256(files["result.json"]).hexdigest()


def test_every_revision_goes_along(run, settings, home):
    run.write("result.2.json", json.loads(run.result_path(1).read_text()))
    run.set_status(replace(run.status, revision=2))
    data = pack(run, load_gallery(run.request.gallery, settings.home))
    assert sorted(opened(data).results) == [1, 2]
    there = take_in(opened(data), home).run
    assert there.status.revision == 2
    assert pack(there, load_gallery(run.request.gallery, home)) == data


def test_names_that_are_no_text_go_along(tmp_path, settings, home):
    gallery = gallery_of(tmp_path, settings, {"a\udcff.png": "red", "b\\c.png": "blue"})
    run = submitted(gallery, settings)
    with run.hold():
        execute(run, settings)
    data = pack(run, gallery)
    assert take_in(opened(data), home).run.request == run.request


def test_only_finished_runs_are_packed(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, many(4))
    with pytest.raises(RunError, match="finished"):
        pack(submitted(gallery, settings), gallery)


# The gallery


def test_a_gallery_that_is_known_is_tied_one_that_is_not_is_listed(run, packed, tmp_path, settings, home):
    assert take_in(opened(packed), settings.home).has_gallery
    take_in(opened(packed), home)
    (card,) = recent(home)
    assert card.count == 8
    absent = load_gallery(card.fingerprint, home)
    assert absent.fingerprint == run.request.gallery
    assert not any(p.path.exists() for p in absent.pictures)
    assert all(p.path.is_relative_to(home) for p in absent.pictures)
    from engine.gallery import open_folder

    open_folder(tmp_path / "pictures", replace(settings, home=home))  # whoever has them sees them
    assert all(p.path.exists() for p in load_gallery(card.fingerprint, home).pictures)
    take_in(opened(packed), home)
    assert load_gallery(card.fingerprint, home).root == str((tmp_path / "pictures").resolve())


# A run that is here already


def test_the_same_twice_changes_nothing(packed, run, settings):
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    arrival = take_in(opened(packed), settings.home)
    assert (arrival.is_new, arrival.took) == (False, ())
    assert "here already, with all" in arrival.words
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


def test_what_goes_on_from_what_is_here_is_taken(packed, run, settings, home):
    there = take_in(opened(packed), home).run
    run.add_edit({"kind": "pin", "name": "red"})
    run.write("result.2.json", json.loads(run.result_path(1).read_text()))
    run.set_status(replace(run.status, revision=2))
    later = pack(run, load_gallery(run.request.gallery, settings.home))
    assert take_in(opened(later), home).took == ("result", "changes")
    assert there.status.revision == 2
    assert [edit["kind"] for edit in there.edits()] == ["move", "pin"]
    assert take_in(opened(packed), home).took == ()  # the older file takes nothing back
    assert len(there.edits()) == 2


def test_changes_of_two_people_are_asked_about_and_none_is_lost(packed, run, settings, home):
    there = take_in(opened(packed), home).run
    there.drop_edit()
    there.add_edit({"kind": "pin", "name": "mine"})
    remark(there, ["mine"], "")
    assert clashes(opened(packed), home) == ("changes", "remarks")
    before = there.edits()
    with pytest.raises(RunError, match="other changes and other tags") as said:
        take_in(opened(packed), home)
    assert "--keep" in said.value.hint
    assert there.edits() == before
    assert take_in(opened(packed), home, "mine").took == ()
    assert there.edits() == before
    assert take_in(opened(packed), home, "theirs").took == ("changes", "remarks")
    assert [edit["kind"] for edit in there.edits()] == ["move"]
    aside = next(there.path.glob("edits.before-*.jsonl"))
    assert json.loads(aside.read_text())["name"] == "mine"
    assert remarks_of(there).tags == ("paper",)


def test_what_is_empty_here_is_filled(packed, run, settings):
    run.drop_edit()
    remark(run, [], "")
    assert take_in(opened(packed), settings.home).took == ("changes", "remarks")
    assert len(run.edits()) == 1


def test_another_answer_to_the_same_question_is_asked_about(packed, run, settings):
    said = json.loads(run.result_path(1).read_text())
    run.write("result.json", said | {"notes": ["another"]})
    assert clashes(opened(packed), settings.home) == ("result",)
    with pytest.raises(RunError, match="another answer"):
        take_in(opened(packed), settings.home)
    take_in(opened(packed), settings.home, "theirs")
    assert read_result(run).notes == ()


def test_a_run_that_goes_on_is_left_alone(packed, run, settings):
    run.add_edit({"kind": "pin", "name": "x"})
    with run.hold(), pytest.raises(RunError, match="being executed"):
        take_in(opened(packed), settings.home)


def test_a_run_that_never_ended_here_gets_its_answer(packed, tmp_path, settings, home):
    other = replace(settings, home=home)
    waiting = submitted(gallery_of(tmp_path, other, many(8)), other)
    waiting.set_status(replace(waiting.status, state="failed", error="no"))
    assert "result" in take_in(opened(packed), home).took
    assert waiting.status.state == "done"
    assert not waiting.is_imported  # it was asked here


def test_a_damaged_folder_is_replaced(packed, run, settings):
    (run.path / "request.json").write_text("{}")
    assert take_in(opened(packed), settings.home).is_new
    assert Runs(settings.home).get(run.id).request.id == run.id


# Whom it may ask


def test_models_of_a_run_that_came_as_a_file_are_not_asked(packed, tmp_path, settings, home):
    other = replace(settings, home=home)
    gallery_of(tmp_path, other, many(8))
    there = take_in(opened(packed), home).run
    Runs(home).submit(there.request, again=True)
    with there.hold():
        status = execute(there, other)
    assert (status.state, status.revision) == ("failed", 1)
    kept = there.status
    assert kept.state == "done"  # the answer that it has stays
    assert "came from elsewhere and asks other models" in kept.notes[-1]


# Hostile files


def edited(name, change):
    def forge(files, manifest):
        del manifest
        said = json.loads(files[name])
        change(said)
        files[name] = json.dumps(said).encode()

    return forge


def put(name, data):
    return lambda files, _: files.__setitem__(name, data)


def rows(change):
    return edited("result.json", lambda said: change(said["rows"][0]))


HOSTILE: dict[str, tuple[Any, str]] = {
    "a file that is not ours": (put("extra.txt", b"x"), "holds 'extra.txt'"),
    "a way out": (put("../../evil.json", b"x"), "holds '../../evil.json'"),
    "an absolute path": (put("/etc/cron.d/x", b"x"), "holds '/etc/cron.d/x'"),
    "a folder's file": (put("runs/request.json", b"{}"), "holds 'runs/request.json'"),
    "no request": (lambda files, _: files.pop("request.json"), "request.json is missing"),
    "no status": (lambda files, _: files.pop("status.json"), "status.json is missing"),
    "no gallery": (lambda files, _: files.pop("gallery.json"), "gallery.json is missing"),
    "no result": (lambda files, _: files.pop("result.json"), "newest answer is missing"),
    "a request that is no JSON": (put("request.json", b"{"), "request.json is damaged"),
    "a request of another shape": (put("request.json", b"[]"), "request.json is damaged"),
    "deep JSON": (put("status.json", b"[" * 200_000), "status.json is damaged"),
    "deep JSON in a result": (put("result.json", b'{"a":' * 200_000), "result.json is damaged"),
    "a result that is none": (put("result.json", b'{"rows": 3}'), "result.json is damaged"),
    "a remark that is none": (put("remarks.json", b'{"tags": 3}'), "no tags"),
    "a change that is none": (put("edits.jsonl", b"[]\n"), "edits.jsonl is damaged"),
    "a change without a kind": (put("edits.jsonl", b'{"a": 1}\n'), "edits.jsonl is damaged"),
    "another seed": (edited("request.json", lambda said: said.update(seed=9)), "its id is not that"),
    "another word": (edited("request.json", lambda s: s["params"]["criterion"].update(name="x")), "its id is not that"),
    "another name": (lambda _, manifest: manifest.update(run="0" * 16), "its id is not that"),
    "a name that is a path": (lambda _, manifest: manifest.update(run="../../x"), "its id is not that"),
    "more in the request": (edited("request.json", lambda said: said.update(evil=1)), "its id is not that"),
    "an unknown analysis": (edited("request.json", lambda said: said.update(analysis="../x")), "not known here"),
    "a making": (edited("request.json", lambda said: said.update(analysis="finetuning")), "not known here"),
    "no role": (edited("request.json", lambda said: said.update(models={})), "roles"),
    "not finished": (edited("status.json", lambda said: said.update(state="running")), "not finished"),
    "no number": (edited("status.json", lambda said: said.update(seconds=float("nan"))), "damaged"),
    "a time before time": (edited("status.json", lambda said: said.update(queued=-1.0)), "damaged"),
    "a revision that is not there": (edited("status.json", lambda said: said.update(revision=7)), "newest answer"),
    "another picture": (edited("gallery.json", lambda said: said["hash"].__setitem__(0, "0" * 64)), "not the one"),
    "another label": (edited("gallery.json", lambda said: said["label"].__setitem__(0, "x")), "not the one"),
    "a picture outside": (edited("gallery.json", lambda s: s["name"].__setitem__(0, "../../etc/passwd")), "cannot be"),
    "an absolute picture": (edited("gallery.json", lambda s: s["name"].__setitem__(0, "/etc/passwd")), "cannot be"),
    "a hash that is none": (edited("gallery.json", lambda s: s["hash"].__setitem__(0, "../x")), "cannot be"),
    "columns of other lengths": (edited("gallery.json", lambda said: said["width"].pop()), "list of pictures"),
    "two of one name": (edited("gallery.json", lambda s: s["name"].__setitem__(1, s["name"][0])), "list of pictures"),
    "a size that is none": (edited("gallery.json", lambda s: s["width"].__setitem__(0, "9")), "list of pictures"),
    "no pictures": (put("gallery.json", b"{}"), "list of pictures"),
    "a row of another picture": (rows(lambda row: row.update(file="../../x")), "not on its list"),
    "another kind of file": (lambda _, manifest: manifest.update(format="x"), "another kind"),
    "a newer version": (lambda _, manifest: manifest.update(version=2), "newer Vitrine"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused_and_leave_nothing(what, packed, home):
    change, why = HOSTILE[what]
    with pytest.raises(RunError, match=re.escape(why)) as said:
        take_in(opened(forged(packed, change)), home)
    assert said.value.hint
    assert not home.exists()


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip", b"PK\x03\x04" + b"\0" * 400, b"\x1f\x8b" + b"x" * 50])
def test_what_is_no_zip_is_refused(data):
    with pytest.raises(RunError, match="no run that can be taken in"):
        opened(data)


def test_a_cut_file_and_a_turned_bit_are_refused(packed):
    for data in (packed[: len(packed) // 2], packed[:-30]):
        with pytest.raises(RunError):
            opened(data)
    refused = 0
    for at in range(40, len(packed), len(packed) // 60):
        turned = bytearray(packed)
        turned[at] ^= 0x55
        try:
            assert asdict(opened(bytes(turned)).status) == asdict(opened(packed).status)
        except RunError:
            refused += 1
    assert refused > 40  # what is left lies in what a zip says of itself


def test_a_manifest_that_lies_is_refused(packed):
    lies = forged(packed, lambda files, _: files.__setitem__("edits.jsonl", b'{"kind": "x"}\n'), true_manifest=False)
    with pytest.raises(RunError, match=r"edits\.jsonl is damaged"):
        opened(lies)
    with pytest.raises(RunError, match="list of files"):
        opened(forged(packed, lambda files, _: files.pop("edits.jsonl"), true_manifest=False))


def test_two_files_of_one_name_are_refused(packed):
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("request.json", b"{}")
    with pytest.raises(RunError, match="twice"):
        opened(out.getvalue())


def test_links_and_passwords_are_refused(packed):
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a") as archive:
        link = zipfile.ZipInfo("result.2.json")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(RunError, match="link"):
        opened(out.getvalue())
    data = bytearray(packed)
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    with pytest.raises(RunError, match="password"):
        opened(bytes(data))


def test_bombs_are_stopped_while_they_unpack(packed, monkeypatch):
    monkeypatch.setattr(unpacking, "_RATIO_FROM", 1 << 16)
    with pytest.raises(RunError, match="unpacks to more"):
        opened(forged(packed, put("result.2.json", b" " * (64 << 20))))
    monkeypatch.setattr(unpacking, "MOST_BYTES", 1 << 10)
    with pytest.raises(RunError, match="unpacks to more"):
        opened(packed)


def test_too_many_files_and_changes(packed, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_FILES", 3)
    with pytest.raises(RunError, match="too many files"):
        opened(packed)
    monkeypatch.undo()
    monkeypatch.setattr(unpacking, "MOST_EDITS", 2)
    with pytest.raises(RunError, match="changes"):
        opened(forged(packed, put("edits.jsonl", b'{"kind": "x"}\n' * 3)))


def test_texts_are_data(packed, home):
    """Markup in a note or a cluster's name comes in as it is: pages show it as text."""
    hostile = "<img src=x onerror=alert(1)>"
    data = forged(packed, put("remarks.json", json.dumps({"tags": [hostile], "note": hostile}).encode()))
    assert remarks_of(take_in(opened(data), home).run).tags == (hostile,)


def test_files_on_disk(run, packed, tmp_path):
    path = tmp_path / "deep" / parcels.name_of(run)
    parcels.write(packed, path)
    assert path.name == f"clusters-{run.id}.vitrine.zip"
    assert unpacking.read(path).request == run.request
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    with pytest.raises(RunError, match="cannot be opened"):
        unpacking.read(tmp_path / "none.vitrine.zip")
    with pytest.raises(StoreError, match="cannot be written"):
        parcels.write(packed, path / "below a file")
