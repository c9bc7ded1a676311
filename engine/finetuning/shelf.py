"""The workspace's own models: what fine-tuning runs made, `<home>/models/<run>`, each an ordinary pipeline's folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.disk import writing
from engine.errors import StoreError
from engine.finetuning.folder import MARK, RECORD, read
from engine.models.roles import ModelSpec

_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class OwnModel:
    """A model that was made here.

    Args:
        id: of the run that made it.
        spec: by which it is asked.
        origin: the model it began with.
        gallery: the title of what it was taught.
        how: full or lora.
        labels: pictures by label.
        steps: until the weights that are kept.
        before: the held-out gap of the model it began with.
        gap: its own.
        made: seconds since 1970.
    """

    id: str
    spec: ModelSpec
    origin: str
    gallery: str
    how: str
    labels: Mapping[str, int]
    steps: int
    before: float
    gap: float
    made: float

    @property
    def title(self) -> str:
        """What people are shown: the gallery, and its labels while they are few."""
        some = sorted(self.labels)
        named = ", ".join(some[:3]) + (f" and {len(some) - 3} more" if len(some) > 3 else "")
        return f"{self.gallery}: {named} ({self.how}, {self.id[:4]})"

    @property
    def bytes(self) -> int:
        """On disk."""
        return sum(path.stat().st_size for path in Path(self.spec.name).rglob("*") if path.is_file())


def place(home: Path, id: str) -> Path:
    """Where the model of a run lies, or would.

    Raises:
        StoreError: this is no run's id.
    """
    if not _ID.fullmatch(id):
        raise StoreError(f"There is no model {id[:40]!r} here.", "The Models page lists them.")
    return (home / "models" / id).absolute()


def keep(made: Path, place: Path) -> None:
    """Move a whole model to its place; what is left there of a removed one gives way.

    Raises:
        StoreError: the disk does not take it.
    """
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        made.replace(place)


def models(home: Path) -> list[OwnModel]:
    """All that are whole, newest first; what cannot be read is left out."""
    folder = home / "models"
    names = sorted(p.name for p in folder.iterdir() if _ID.fullmatch(p.name)) if folder.is_dir() else []
    found = [one for name in names if (one := _model(place(home, name)))]
    return sorted(found, key=lambda one: -one.made)


def delete(home: Path, id: str) -> None:
    """Remove a model's folder; its run stays, and can make it again.

    Raises:
        StoreError: there is none, or it cannot be removed.
    """
    folder = place(home, id)
    if not folder.is_dir():
        raise StoreError(f"There is no model {id} here any more.", "The Models page lists them.")
    with writing(folder):
        (folder / MARK).unlink(missing_ok=True)  # first: what is half removed is no model
        shutil.rmtree(folder)


def _model(folder: Path) -> OwnModel | None:
    record = read(folder / RECORD)
    try:
        asked, result = record["asked"], record["result"]
        return OwnModel(
            id=folder.name,
            spec=ModelSpec("diffusion", str(folder)),
            origin=str(asked["model"]),
            gallery=str(record.get("gallery", "")),
            how=str(asked["how"]),
            labels={str(label): int(n) for label, n in result["labels"].items()},
            steps=int(result["kept"]),
            before=float(result["before"]),
            gap=float(result["gap"]),
            made=(folder / MARK).stat().st_mtime,
        )
    except (OSError, LookupError, TypeError, ValueError, AttributeError):
        return None
