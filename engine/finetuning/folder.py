"""The folder of a fine-tuned model: who may write into it, what is half done, and what it is when all is done.

DIR/training holds checkpoint, latents and the best weights. model_index.json is moved into place last: where it lies,
the model is whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.disk import writing, written
from engine.errors import StoreError
from engine.gallery import Picture
from engine.models.roles import ModelSpec
from engine.models.templates import Template, write_template

if TYPE_CHECKING:
    from engine.finetuning import Params, Result

CHECKPOINT, LATENTS, BEST = "checkpoint.pt", "latents.npz", "best.safetensors"
RECORD, MARK = "finetuning.json", "model_index.json"
_WORK, _ASKED = "training", "asked.json"


def asked(pictures: Sequence[Picture], spec: ModelSpec, params: Params) -> dict[str, Any]:
    """All that can change the outcome, as plain values; pictures as a digest of hashes and labels."""
    digest = hashlib.sha256("".join(f"{p.hash}\0{p.label}\0" for p in pictures).encode("utf-8", "surrogateescape"))
    said = {"model": spec.name, "revision": spec.revision, "options": dict(spec.options), **asdict(params)}
    del said["labels"]  # the digest tells
    said["template"] = {"label": params.template.label, "null": params.template.null}
    return {**said, "pictures": digest.hexdigest()[:32]}


def finished(to: Path, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The result where the same words have ended in this folder.

    Raises:
        StoreError: it holds something else.
    """
    if not (to / MARK).exists():
        return None
    record = read(to / RECORD)
    if record.get("asked") != asked:
        raise StoreError(f"{to} holds a model already.", "Choose a new folder: nothing is replaced.")
    shutil.rmtree(to / _WORK, ignore_errors=True)  # killed while it tidied up
    return record["result"]


@contextmanager
def work_in(to: Path, asked: dict[str, Any]) -> Iterator[Path]:
    """The work folder inside `to`, new or as the same words left it, for one process at a time.

    Raises:
        StoreError: `to` holds something else, is worked in by another process, or cannot be written.
    """
    work = to / _WORK
    with writing(to):
        if to.exists() and not (work / _ASKED).exists() and any(p.name != _WORK for p in to.iterdir()):
            raise StoreError(f"{to} holds other files.", "Choose a new folder: nothing is replaced.")
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / "lock").open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(f"Another process works in {to}.", "Wait for it, or choose another folder.") from None
        _begin(work, asked)
        yield work


def _begin(work: Path, asked: dict[str, Any]) -> None:
    """Go on with what is there; where nothing was learned yet, other words may begin anew."""
    before = read(work / _ASKED)
    if before == asked:
        return
    if (work / CHECKPOINT).exists():
        differ = ", ".join(name for name in asked if before.get(name) != asked[name])
        raise StoreError(
            f"In {work.parent} something else was begun: it differs in {differ}.",
            "Ask the same as then, or choose a new folder.",
        )
    with writing(work):
        for name in (LATENTS, BEST):
            (work / name).unlink(missing_ok=True)
    with written(work / _ASKED) as new:
        new.write_text(json.dumps(asked), "utf-8")


def finish(
    to: Path, work: Path, asked: dict[str, Any], result: Result, title: str, save: Callable[[Path], None]
) -> None:
    """Save the model into the work folder, move it to its place, and remove the work folder."""
    model = work / "model"
    with writing(to):
        shutil.rmtree(model, ignore_errors=True)
        model.mkdir()
        save(model)
        write_template(Template(**asked["template"]), model)
        record = {"asked": asked, "result": asdict(result), "gallery": title}
        (model / RECORD).write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        (model / "README.md").write_text(_card(asked, result, title), "utf-8")
        for path in sorted(model.iterdir(), key=lambda path: path.name == MARK):
            if (to / path.name).is_dir():
                shutil.rmtree(to / path.name)
            path.replace(to / path.name)
        shutil.rmtree(work)


def read(path: Path) -> dict[str, Any]:
    """A JSON object; an empty one where there is none."""
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _card(asked: dict[str, Any], result: Result, title: str) -> str:
    labels = sorted(result.labels.items())
    shown = ", ".join(f"{label} ({n:,})" for label, n in labels[:30]) + ", …" * (len(labels) > 30)
    pictures = sum(result.labels.values())
    told, null = (json.dumps(asked["template"][name], ensure_ascii=False) for name in ("label", "null"))
    return f"""# {asked["model"]}, fine-tuned on {title}

A pipeline in Stable Diffusion's format, made by `python -m engine finetune` (Vitrine) from `{asked["model"]}`.

- {pictures:,} pictures of {len(labels):,} labels: {shown}
- {result.held_out:,} of them held out: their sha256's first 8 hex digits divide by ten (or they stand for their label)
- prompts: {told}; without a label, a tenth of the time, {null}
- {asked["how"]}, {result.steps:,} steps of {asked["batch"]} pictures, seed {asked["seed"]}; kept: step {result.kept:,}
- held-out gap, mean of loss(null) - loss(label): {result.before:+.6f} before, {result.gap:+.6f} now

Ask it in these prompts only. What it says of pictures that it was trained on is too good: look at held-out ones.
"""
