"""Checkpoints known by their sha256: what their vectors mean is read here, without loading any model library."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


_LARGE = 5_000  # entries of a vocabulary from which one speaks of language, not of a few hundred words
_SPACE = "Ġ"  # how byte-level tokenizers write the space before a word


@dataclass(frozen=True)
class Known:
    """A checkpoint known by its sha256: whether it is SSCD, and the cosine above which two pictures are copies."""

    name: str
    is_sscd: bool
    threshold: float


# The bundled detector's card is assets/models/copies.md. The published checkpoint's hash is the one that several
# projects pin it by, its threshold the authors' (precision .9 on their validation set); it could not be run here.
KNOWN = {
    "7f3b2197ff26030d1e8b5c309bac74c9136c1f0d8e3584ca3c1d2f7d2cf5ea88": Known("bundled", False, 0.80),
    "9f26bd4c848cc19b73d2ae92eea6e04886f61a7b764ceb7a13aeee62e6a6db56": Known("sscd_disc_mixup", True, 0.75),
}


def file_of(name: str) -> Path | None:
    """The file that a spec's name means: as it stands, or below the program (the bundled models)."""
    return next((path for path in (Path(name).expanduser(), ROOT / name) if path.is_file()), None)


def digest(path: Path) -> str:
    """A file's sha256, in hex, read anew: what is opened as a program must not rest on its date."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known(name: str, sha256: str = "") -> Known | None:
    """What is known of the checkpoint that a spec's name means; None where it is none of these, or no file.

    Args:
        name: of the file.
        sha256: that the spec's options say, if they do: a file that was changed since is not known.
    """
    found = _digest_of(name)
    return None if sha256 and sha256.lower() != found else KNOWN.get(found)


def vouched(name: str) -> dict[str, str]:
    """The option that ties a spec to the content of its file, where that is known: another file has other vectors."""
    found = _digest_of(name)
    return {"sha256": found} if found in KNOWN else {}


def _digest_of(name: str) -> str:
    path = file_of(name)
    return _digest(path, path.stat().st_mtime_ns) if path else ""


@lru_cache(maxsize=16)
def _digest(path: Path, changed: int) -> str:
    del changed
    return digest(path)


def vocabulary(name: str) -> frozenset[str] | None:
    """The words that a matcher's own small tokenizer knows whole: of others it has seen pieces at most.

    None where a spec's name is no folder with such a tokenizer: large vocabularies know nearly every word.
    """
    folder = next((path for path in (Path(name).expanduser(), ROOT / name) if path.is_dir()), None)
    path = folder / "tokenizer.json" if folder else None
    return _vocabulary(path, path.stat().st_mtime_ns) if path and path.is_file() else None


@lru_cache(maxsize=4)
def _vocabulary(path: Path, changed: int) -> frozenset[str] | None:
    del changed
    try:
        known = json.loads(path.read_text("utf-8"))["model"]["vocab"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    if not isinstance(known, dict) or len(known) >= _LARGE:
        return None
    return frozenset(token[1:].casefold() for token in known if token.startswith(_SPACE))
