"""Whom a run that came as a file may ask: the models that are chosen here, and no others.

Its own may be anybody's: an address that would get pictures, a folder or a name whose weights would be loaded.
"""

from __future__ import annotations

from engine.errors import RunError
from engine.gallery import load_gallery
from engine.models import profiles
from engine.settings import Settings
from engine.store.runs import Run


def refuse_strangers(run: Run, settings: Settings) -> None:
    """Does nothing for a run that was asked here.

    Raises:
        RunError: it came as a file and asks other models. GalleryError, SettingsError: it cannot be told.
    """
    if not run.is_imported:
        return
    request = run.request
    own = profiles.specs(settings.models, settings, load_gallery(request.gallery, settings.home).root)
    if strange := sorted(role for role, spec in request.models.items() if own.get(role) != spec):
        raise RunError(
            f"This run came from elsewhere and asks other models than those in use here ({', '.join(strange)}).",
            "Repeat it with changes on the Runs page: your own models answer.",
        )
