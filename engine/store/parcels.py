"""A run as one file: what was asked, how it ended, every revision of the answer, a person's changes, tags and note.

A zip that is the same byte for byte whoever packs it, without pictures: the gallery is told by its names and hashes, so
that whoever has the same pictures sees them. It is read by unpacking.py.

manifest.json   the format's version, the run's id, and sha256 and size of every other file
request.json    what was asked
status.json     how it ended, and what it cost
result.json, result.2.json, ...
edits.jsonl     a person's changes
remarks.json    tags and note
predictions.json, boxes.json    what people know of the pictures (annotations)
gallery.json    names, hashes, sizes and labels of the gallery's pictures, its title, and how labels were found
arrays.json, arrays.bin     maps and features of a typicality run (run_arrays)
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine.analyses import ANALYSES
from engine.errors import RunError, StoreError
from engine.gallery import Gallery
from engine.store.annotations import annotations_of
from engine.store.remarks import FILE as REMARKS
from engine.store.remarks import remarks_of
from engine.store.run_arrays import LIST, NUMBERS, Arrays, packed
from engine.store.runs import Run, Status

FORMAT, VERSION, ENDING = "vitrine run", 1, ".vitrine.zip"
_WHEN = (1980, 1, 1, 0, 0, 0)  # of every file: the same run is the same bytes


def name_of(run: Run) -> str:
    """What the file of a run is called."""
    return f"{run.request.analysis}-{run.id}{ENDING}"


def pack(run: Run, gallery: Gallery, arrays: Arrays | None = None) -> bytes:
    """A finished run as one file; the same run is the same bytes.

    Args:
        run: with a result.
        gallery: that it was asked about.
        arrays: what goes along beside the result.

    Raises:
        RunError: it is not finished, no answer to a question, or its files cannot be read.
    """
    request, status = run.request, run.status
    if request.analysis not in ANALYSES:
        raise RunError(f"What a {request.analysis} run made is a folder of files.", "Copy that folder.")
    if status.state != "done" or not run.result_path(status.revision).exists():
        raise RunError("Only a finished run can be packed.", "Wait for its end, or let it go on.")
    results = {n: path for n in range(1, status.revision + 1) if (path := run.result_path(n)).exists()}
    try:
        files = {path.name: path.read_bytes() for path in results.values()}
    except OSError as problem:
        raise RunError(f"{run.path} cannot be read: {problem.strerror}.", "Check the disk.") from None
    files["request.json"] = _json(asdict(request))
    files["status.json"] = _json(asdict(at_rest(status)))
    files["gallery.json"] = _json(_listed(gallery))
    if edits := run.edits():
        files["edits.jsonl"] = edits_text({k: v for k, v in edit.items() if k != "n"} for edit in edits).encode()
    if said := remarks_of(run):
        files[REMARKS] = _json(asdict(said))
    files |= {name: _json(asdict(known)) for name, known in annotations_of(run).items()}
    if arrays:
        files[LIST], files[NUMBERS] = packed(arrays)
    told = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    manifest = {"format": FORMAT, "version": VERSION, "run": run.id, "files": dict(sorted(told.items()))}
    return _zipped({"manifest.json": _json(manifest), **dict(sorted(files.items()))})


def write(data: bytes, to: Path) -> None:
    """Put a packed run into a file, made beside and renamed.

    Raises:
        StoreError: it cannot be written.
    """
    beside = to.with_name(f".{to.name}.new")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(to)
    except OSError as problem:
        raise StoreError(f"{to} cannot be written: {problem.strerror or problem}.", "Choose another place.") from None


def edits_text(edits: Iterable[Mapping[str, Any]]) -> str:
    """Changes as the lines of a run's log."""
    return "".join(json.dumps(dict(edit)) + "\n" for edit in edits)


def at_rest(status: Status) -> Status:
    """How it stands without what belongs to one machine's process."""
    return replace(status, pid=0, heartbeat=0.0, again=False, background=False, fruitless=0)


def _listed(gallery: Gallery) -> dict[str, Any]:
    pictures = gallery.pictures
    return {
        "title": gallery.title,
        "labels": gallery.labels,
        "name": [p.name for p in pictures],
        "hash": [p.hash for p in pictures],
        "width": [p.width for p in pictures],
        "height": [p.height for p in pictures],
        "label": [p.label for p in pictures],
    }


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in files.items():
            about = zipfile.ZipInfo(name, _WHEN)
            about.compress_type, about.create_system, about.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
            archive.writestr(about, data)
    return out.getvalue()


def _json(value: Any) -> bytes:  # noqa: ANN401
    return json.dumps(value).encode()
