"""A finished run of each analysis, without any model, whose every name and text is hostile."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace

import numpy as np
from PIL import Image
from pydantic import TypeAdapter

from engine import finetuning
from engine.analyses import differences, diversity, structure, typicality
from engine.analyses.clusters import Criterion, Params, Review
from engine.analyses.diversity.rows import Rows
from engine.analyses.diversity.telling import tell
from engine.analyses.typicality import Element, Patch, Row
from engine.analyses.typicality.parallel import Parallel
from engine.gallery import Gallery, open_folder
from engine.jobs.asking import make_request
from engine.jobs.execute import execute
from engine.jobs.sharing import source_of
from engine.models.checkpoints import Known
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.report.source import Source
from engine.settings import Settings
from engine.store.annotations import Predictions, annotate
from engine.store.runs import Run, Runs
from engine.translation import Translation, making
from tests.analyses.differences.test_run import Chat, Matcher, NoCopies, Vision
from tests.planted import FAKE, paint

SCRIPT = "<script>window.hurt=1</script>"
IMAGE = "<img src=x onerror=window.hurt=1>"
HOSTILE = f"{SCRIPT} {IMAGE} \"'`{{{{7*7}}}}${{x}}--> \u202eright to left\u202c \U0001f3d6 雪 سلام &amp; ]]></style>"
LABELS = ("beach <img src=x onerror=hurt()>", "forest & 雪 {{7*7}}")
DENOISER = {"denoiser": ModelSpec("diffusion", "assets/models/diffusion")}
WORDS = "style='background:url(http://evil.example/x)'"


def hostile_gallery(tmp_path, settings: Settings) -> Gallery:
    """Two labels of 28 pictures, most of one red, most of the other blue; no name is text."""
    names = {f"{label}/{i:02} <svg onload=hurt()> \udcff \u202e.png": colour if i < 24 else "green"
             for label, colour in zip(LABELS, ("red", "blue"), strict=True) for i in range(28)}  # fmt: skip
    return open_folder(paint(tmp_path / "Holidays <b>", names), settings)


def sources(gallery: Gallery, settings: Settings) -> dict[str, Source]:
    """By analysis; clusters and structure have a person's changes."""
    made = {
        "clusters": _clusters(gallery, settings),
        "structure": structure_run(gallery, settings),
        "differences": _differences(gallery, settings),
        "diversity": _diversity(gallery, settings),
    }
    told = {name: source_of(run, settings) for name, run in made.items()}
    review = tuple(Review(p.name, f"it is odd {IMAGE}") for p in gallery.pictures[-3:])
    told["clusters"] = replace(told["clusters"], result=replace(told["clusters"].result, review=review))
    made = {"finetuning": _finetuning(gallery, settings), "translation": _translation(gallery, settings)}
    return told | {"typicality": _typicality(gallery, settings)} | {n: source_of(r, settings) for n, r in made.items()}


def _clusters(gallery: Gallery, settings: Settings) -> Run:
    params = Params(Criterion("colour <script>", "the <b>middle</b>", WORDS))
    run = Runs(settings.home).submit(make_request("clusters", gallery, params, {"vision": FAKE, "chat": FAKE}))
    with run.hold():
        assert execute(run, settings).state == "done", run.status.error
    run.add_edit({"kind": "rename", "cluster": "red", "to": HOSTILE})
    run.add_edit({"kind": "move", "files": [gallery.pictures[0].name, gallery.pictures[1].name], "to": ""})
    return run


def structure_run(gallery: Gallery, settings: Settings) -> Run:
    models = {"vision": ModelSpec("fake", "colours"), "chat": ModelSpec("keywords", "keywords")}
    params = structure.Params(count=0, given=(structure.Given("colour"),))
    run = Runs(settings.home).submit(make_request("structure", gallery, params, models))
    with run.hold():
        assert execute(run, settings).state == "done", run.status.error
    run.add_edit({"kind": "rename", "dimension": "colour", "attribute": "red", "to": f"red {IMAGE}"})
    annotate(run, Predictions("p.csv", {p.name: p.label == LABELS[0] for p in gallery.pictures}))
    return run


def _differences(gallery: Gallery, settings: Settings) -> Run:
    sides = [differences.Side(f"label={label}", tuple(p.name for p in gallery.pictures if p.label == label))
             for label in LABELS]  # fmt: skip
    params = differences.Params(sides[0], sides[1])
    run = Runs(settings.home).submit(make_request("differences", gallery, params, {"matcher": ModelSpec("fake", "m")}))
    given = {"matcher": Matcher(), "vision": Vision(), "chat": Chat({"beach": ("beaches <b>", "a beach")})}
    result = differences.run(gallery, params, **given, copies=NoCopies(), progress=Progress(), seed=0)
    return _written(run, TypeAdapter(differences.Result).dump_python(result, mode="json"))


def _diversity(gallery: Gallery, settings: Settings) -> Run:
    vectors = np.random.default_rng(0).standard_normal((len(gallery.pictures), 16)).astype(np.float32)
    vectors[1] = vectors[0] + 0.02 * vectors[5]
    params = diversity.Params(by="label", coreset=5)
    spec = ModelSpec("sscd", "assets/models/copies.pt")
    run = Runs(settings.home).submit(make_request("diversity", gallery, params, {"embedder": spec}))
    known = Known("bundled", False, 0.8)
    result = tell(vectors, Rows(len(vectors), gallery), params, f"embedder {IMAGE}", known, 0, Progress())
    return _written(run, TypeAdapter(diversity.Result).dump_python(result, mode="json"))


def _typicality(gallery: Gallery, settings: Settings) -> Source:
    """Its maps are made up: the store has none."""
    rng = np.random.default_rng(0)
    run = Runs(settings.home).submit(make_request("typicality", gallery, typicality.Params(LABELS), DENOISER))
    rows, patches = [], []
    for k, picture in enumerate(gallery.pictures):
        t = 0.01 - 0.001 * k
        rows.append(Row(picture.name, picture.label, t, t - 0.002, t + 0.002))
        patches.append(Patch(picture.name, (0.25, 0.0, 0.25, 0.25), t))
    by = {label: tuple(p for p in patches if p.file.startswith(label)) for label in LABELS}
    found = tuple(Element(label, 1, some, 0.01, 0.0, 0.02, 28, 1.0, 0.9, 0.1, 0.01) for label, some in by.items())
    result = typicality.Result(tuple(rows), found, None, 32, "An image of {} <b>", "An image", (HOSTILE,))
    _written(run, asdict(result))
    maps = {p.name: rng.standard_normal((8, 8)) for p in gallery.pictures}
    boxes = {p.name: [(f"palm {IMAGE}", (0.25, 0.25, 0.5, 0.5))] for p in gallery.pictures[:5]}
    return Source(run.id, run.request, run.status, result, gallery, (), maps, boxes=boxes)


def _finetuning(gallery: Gallery, settings: Settings) -> Run:
    params = finetuning.Params(labels=LABELS)
    run = Runs(settings.home).submit(make_request("finetuning", gallery, params, DENOISER))
    history = [(0, -0.001), (100, 0.002), (200, 0.0015)]
    return _written(run, asdict(finetuning.Result(200, 100, 0.002, -0.001, history, dict.fromkeys(LABELS, 28), 6)))


def _translation(gallery: Gallery, settings: Settings) -> Run:
    """Four pictures of one label as two others, whose names are hostile, too."""
    to = (f"sea {IMAGE}", "<b>snow")
    run = Runs(settings.home).submit(make_request("translation", gallery, making.Params(LABELS[0], to), DENOISER))
    (run.path / "made").mkdir()
    rows, hashes = [], {}
    for k, picture in enumerate([p for p in gallery.pictures if p.label == LABELS[0]][:4]):
        for i, label in enumerate(to):
            name = f"{k}-{i} &amp;.png"
            Image.new("RGB", (16, 16), ("teal", "white")[i]).save(run.path / "made" / name)
            hashes[name] = hashlib.sha256((run.path / "made" / name).read_bytes()).hexdigest()
            rows.append(Translation(name, picture.name, LABELS[0], label, 0.01, 0.002, -0.01, 0.02))
    patches = tuple((row.source, (0.25, 0.0, 0.5, 0.5)) for row in rows[::2])
    parallel = Parallel(patches, 4, dict.fromkeys(to, 0.01), 0.01)
    return _written(run, asdict(making.Result(tuple(rows), hashes, "made", (parallel,), "An image of {} <b>")))


def _written(run: Run, result: object) -> Run:
    status = run.status
    status.state, status.revision = "done", 1
    run.write(run.result_path(1).name, result)
    run.set_status(status)
    return run
