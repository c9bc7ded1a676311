"""A run's file, as parcels.py packs it, that comes in: hostile until proven otherwise.

Only names of our own are read, and none of them ever becomes a path; sizes count as they come out; the id has to be the
fingerprint of what was asked, and the gallery's that of its list; every part has to be what it says it is. Nothing in
it goes to the store of answers, where it would be believed of other runs.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError

from engine.analyses import ANALYSES, analysis
from engine.errors import GalleryError, RunError, SettingsError
from engine.gallery import Gallery, Picture
from engine.gallery.archives import members, read_safely
from engine.models.roles import ROLES
from engine.store.annotations import ASKED_BY, Annotation, read_annotation
from engine.store.annotations import FILES as ANNOTATIONS
from engine.store.parcels import ENDING, FORMAT, VERSION, at_rest
from engine.store.remarks import FILE as REMARKS
from engine.store.remarks import Remarks, read_remarks
from engine.store.run_arrays import LIST, NUMBERS, unpacked
from engine.store.runs import Request, Status

MOST_FILES, MOST_BYTES, MOST_EDITS = 120, 1 << 30, 100_000
_RATIO, _RATIO_FROM = 200, 64 << 20  # bytes out for each byte in, once more than so many came out
_PIECE = 1 << 20
_OURS = re.compile(
    r"(?:manifest|request|status|gallery|remarks|predictions|boxes|arrays|result(?:\.[1-9]\d?)?)\.json|edits\.jsonl|arrays\.bin"
)
_RESULT = re.compile(r"result(?:\.(\d+))?\.json")
_HASH, _FINGERPRINT = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{32}")
_FIELDS = {"file", "files", "low", "high"}  # of results, that hold names of pictures; low and high of an axis


@dataclass(frozen=True)
class Parcel:
    """A run out of a file, proven to be one.

    Args:
        request: what was asked; its id is the run's.
        status: how it ended; done, and of nobody's process.
        results: JSON by revision.
        edits: a person's changes, in order.
        remarks: tags and note.
        gallery: the pictures that were looked at, which may be elsewhere: its root is empty.
        arrays: as run_arrays packs them.
        known: what people know of the pictures, by the name of its file.
    """

    request: Request
    status: Status
    results: Mapping[int, bytes]
    edits: tuple[Mapping[str, Any], ...]
    remarks: Remarks
    gallery: Gallery
    arrays: tuple[bytes, bytes] | None = None
    known: Mapping[str, Annotation] = field(default_factory=dict)


def unpack(file: BinaryIO) -> Parcel:
    """A run out of a file that nobody vouches for.

    Raises:
        RunError: it is no such file, damaged, too large, or not what it says it is.
    """
    files = _read(file)
    try:
        manifest = _object(files.pop("manifest.json", b""), "manifest.json")
        _check_manifest(manifest, files)
        request = _request(files["request.json"], manifest.get("run"))
        status, results = _status(files["status.json"]), _results(files, request)
        if status.revision not in results:
            raise _wrong("its newest answer is missing")
        gallery = _gallery(_object(files["gallery.json"], "gallery.json"))
        if gallery.fingerprint != request.gallery:
            raise _wrong("its list of pictures is not the one that was asked about")
        _check_names(request, results, gallery)
        said = read_remarks(_object(files[REMARKS], REMARKS)) if REMARKS in files else Remarks()
        edits = tuple(_edits(files.get("edits.jsonl", b"")))
        known = _known(files, request)
        return Parcel(request, status, results, edits, said, gallery, _arrays(files, request), known)
    except KeyError as problem:
        raise _wrong(f"{problem.args[0]} is missing") from None


def read(path: Path) -> Parcel:
    """The same of a file on this machine.

    Raises:
        RunError: as there, or it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return unpack(file)
    except OSError as problem:
        raise RunError(f"{path} cannot be opened: {problem.strerror}.", "Check the path.") from None


def _wrong(why: str) -> RunError:
    return RunError(
        f"This is no run that can be taken in: {why}.",
        f"Ask for it again: Save as one file on the Runs page, or `export RUN --to NAME{ENDING}`.",
    )


def _read(file: BinaryIO) -> dict[str, bytes]:
    """All files of ours in a zip; a single one that is not ours refuses the whole."""
    packed, total, found = file.seek(0, io.SEEK_END), 0, dict[str, bytes]()
    file.seek(0)
    if file.read(2) != b"PK":
        raise _wrong("it is no zip")
    most = min(MOST_BYTES, max(_RATIO_FROM, _RATIO * packed))
    try:
        with read_safely():
            for member in members(file):
                if member.open is None or not _OURS.fullmatch(member.name):
                    raise _wrong(f"it holds {member.name[:80]!a}")
                if member.name in found or len(found) >= MOST_FILES:
                    raise _wrong(f"it holds {member.name} twice" if member.name in found else "it holds too many files")
                pieces = []
                with member.open() as source:
                    while piece := source.read(_PIECE):
                        total += len(piece)
                        if total > most:
                            raise _wrong(f"it unpacks to more than {most >> 20:,} MiB")
                        pieces.append(piece)
                found[member.name] = b"".join(pieces)
    except GalleryError as problem:
        raise _wrong(problem.message[:1].lower() + problem.message[1:].rstrip(".")) from None
    return found


def _object(data: bytes, name: str) -> dict[str, Any]:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise _wrong(f"{name} is damaged")
    return said


def _check_manifest(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    if manifest.get("format") != FORMAT:
        raise _wrong("it is another kind of file")
    if manifest.get("version") != VERSION:
        raise RunError("This file was written by a newer Vitrine.", "Bring this one up to date.")
    told = manifest.get("files")
    if not isinstance(told, dict) or told.keys() != files.keys():
        raise _wrong("its list of files is not true")
    for name, data in files.items():
        if told[name] != {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}:
            raise _wrong(f"{name} is damaged")


def _request(data: bytes, id: Any) -> Request:  # noqa: ANN401  whatever the manifest says
    said = _object(data, "request.json")
    try:
        request = TypeAdapter(Request).validate_python(said)
        module = analysis(request.analysis if request.analysis in ANALYSES else "")
        TypeAdapter(module.Params).validate_python(request.params)
    except KeyError:
        raise _wrong("it asks something that is not known here") from None
    except (ValidationError, SettingsError, TypeError, RecursionError):
        raise _wrong("request.json is damaged, or of another version") from None
    if not set(module.ROLES) <= request.models.keys() <= set(ROLES):
        raise _wrong("its models do not play the roles that it takes")
    if request.id != id or json.loads(json.dumps(asdict(request))) != said:
        raise _wrong("its id is not that of what was asked")
    if not _FINGERPRINT.fullmatch(request.gallery) or not 0 <= request.seed < 1 << 63:
        raise _wrong("request.json is damaged")
    return request


def _status(data: bytes) -> Status:
    said = _object(data, "status.json")
    try:
        status = TypeAdapter(Status).validate_python(said)
    except (ValidationError, RecursionError):
        raise _wrong("status.json is damaged") from None
    numbers = [value for value in asdict(status).values() if isinstance(value, float)]
    if status.state != "done" or not all(map(math.isfinite, numbers)) or min([0, *numbers]) < 0:
        raise _wrong("status.json is damaged, or the run is not finished")
    return at_rest(status)


def _results(files: Mapping[str, bytes], request: Request) -> dict[int, bytes]:
    found, form = {}, TypeAdapter(analysis(request.analysis).Result)
    for name, data in files.items():
        if told := _RESULT.fullmatch(name):
            try:
                form.validate_python(json.loads(data))
            except (ValueError, TypeError, SettingsError, RecursionError):
                raise _wrong(f"{name} is damaged, or of another version") from None
            found[int(told[1] or 1)] = data
    return found


def _edits(data: bytes) -> list[dict[str, Any]]:
    lines = data.split(b"\n")[:-1] if data else []
    if len(lines) > MOST_EDITS:
        raise _wrong(f"it holds more than {MOST_EDITS:,} changes")
    edits = [_object(line, "edits.jsonl") for line in lines]
    if not all(isinstance(edit.get("kind"), str) for edit in edits):
        raise _wrong("edits.jsonl is damaged")
    return edits


def _known(files: Mapping[str, bytes], request: Request) -> dict[str, Annotation]:
    names = ANNOTATIONS.keys() & files.keys()
    if any(ASKED_BY[name] != request.analysis for name in names):
        raise _wrong("it holds what its analysis does not ask for")
    try:
        return {name: read_annotation(ANNOTATIONS[name], files[name]) for name in sorted(names)}
    except RunError:
        raise _wrong(f"{' or '.join(sorted(names))} is damaged") from None


def _arrays(files: Mapping[str, bytes], request: Request) -> tuple[bytes, bytes] | None:
    if LIST not in files and NUMBERS not in files:
        return None
    if request.analysis != "typicality":
        raise _wrong("it holds arrays, of which its analysis knows nothing")
    unpacked(files[LIST], files[NUMBERS])
    return files[LIST], files[NUMBERS]


def _gallery(said: Mapping[str, Any]) -> Gallery:
    """The list of pictures, none of whose names leads out of a folder."""
    names, hashes, labels = (said.get(column) for column in ("name", "hash", "label"))
    sizes = [said.get(column) for column in ("width", "height")]
    columns = [names, hashes, labels, *sizes]
    if not all(isinstance(column, list) and len(column) == len(names or ()) for column in columns) or not names:
        raise _wrong("its list of pictures is damaged")
    texts = [*names, *hashes, *labels, said.get("title"), said.get("labels")]  # type: ignore[misc]
    if not all(isinstance(text, str) for text in texts) or len(set(names)) < len(names):
        raise _wrong("its list of pictures is damaged")
    if not all(type(n) is int and 0 < n < 1 << 20 for column in sizes for n in column or ()):
        raise _wrong("its list of pictures is damaged")
    if not all(map(_HASH.fullmatch, hashes)) or not all(map(_stays_inside, names)):  # type: ignore[arg-type]
        raise _wrong("its list of pictures holds names that cannot be")
    rows = zip(names, hashes, *sizes, labels, strict=True)  # type: ignore[arg-type]
    pictures = tuple(Picture(name, digest, w, h, "", label) for name, digest, w, h, label in rows)
    return Gallery("", str(said["title"])[:200] or "a gallery", str(said["labels"]), pictures)


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    plain = bool(name) and len(name) < 4096 and "\0" not in name and str(path) == name
    return plain and not path.is_absolute() and ".." not in path.parts


def _check_names(request: Request, results: Mapping[int, bytes], gallery: Gallery) -> None:
    """What results tell of is on the list of pictures: what is drawn is looked up there by name."""
    said = {name for data in results.values() for name in _names(json.loads(data))}
    if (said | set(request.members or ())) - gallery.by_name.keys():
        raise _wrong("it tells of pictures that are not on its list")


def _names(value: Any) -> Iterator[str]:  # noqa: ANN401  plain values
    """Names of pictures in a result, by the names of the fields that hold them."""
    inside: Iterable[Any] = value if isinstance(value, list) else ()
    if isinstance(value, dict):
        inside = value.values()
        for field in _FIELDS & value.keys():
            some = [value[field]] if field == "file" else value[field]
            groups = some.values() if isinstance(some, dict) else [some]  # attributes with their pictures
            yield from (name for group in groups if isinstance(group, list) for name in group if isinstance(name, str))
    for inner in inside:
        if isinstance(inner, dict | list):
            yield from _names(inner)
