"""A finished run as one file, with what the store keeps of it beside the result."""

from __future__ import annotations

from engine.gallery import shared_gallery
from engine.settings import Settings
from engine.store.parcels import pack
from engine.store.run_arrays import Arrays
from engine.store.runs import Run

MOST_ARRAYS = 512 << 20  # bytes; beyond, a file goes without them


def packed(run: Run, settings: Settings) -> bytes:
    """The file's bytes.

    Raises:
        RunError: the run is not finished, or no answer to a question. GalleryError: its gallery is gone.
    """
    return pack(run, shared_gallery(run.request.gallery, settings.home), _arrays(run, settings))


def _arrays(run: Run, settings: Settings) -> Arrays:
    """Maps and features of a typicality run; none of others, and none where they are too large for a file."""
    if run.request.analysis != "typicality" or run.status.state != "done":
        return {}
    from engine.jobs.typical import of_run

    kept = of_run(run, settings)
    found = {"maps": kept.maps, "features": kept.features, "beside": kept.beside}
    size = sum(one.nbytes for some in found.values() for one in some.values())
    return {name: some for name, some in found.items() if some} if size <= MOST_ARRAYS else {}
