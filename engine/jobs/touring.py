"""The questions of the guided tour: one of each analysis, asked of the gallery that ships with the program."""

from __future__ import annotations

from engine.analyses.clusters import Criterion
from engine.analyses.clusters import Params as Clusters
from engine.analyses.differences import Params as Differences
from engine.analyses.diversity import Params as Diversity
from engine.analyses.structure import Params as Structure
from engine.analyses.typicality import Params as Typicality
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from engine.jobs.comparing import together, two_sides
from engine.models import profiles
from engine.settings import Settings
from engine.store.runs import Request


def questions(gallery: Gallery, settings: Settings) -> dict[str, Request]:
    """A request of each analysis, in the order in which the tour comes to them; of Postcards, by the bundled models.

    Raises:
        VitrineError: the gallery is another one.
    """
    specs = profiles.specs("bundled", settings, gallery.root)
    a, b = two_sides(gallery, "label=beach", "label=forest", settings.home)
    both = together(gallery, a, b)
    return {
        "clusters": make_request("clusters", gallery, Clusters(Criterion("place")), specs),
        "structure": make_request("structure", gallery, Structure(), specs),
        "differences": make_request("differences", gallery, Differences(a, b), specs, part=both),
        "diversity": make_request("diversity", gallery, Diversity(coreset=24), specs),
        "typicality": make_request("typicality", gallery, Typicality(("beach",), draws=16), specs),
    }
