"""From what a person wants to a Request, its price, and a run: what pages, command line and scripts share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from engine import models
from engine.analyses import analysis
from engine.analyses.clusters.economical import most_described
from engine.analyses.estimating import Estimate
from engine.errors import GalleryError, ModelError, SettingsError
from engine.gallery import Gallery, Picture, sets
from engine.gallery.copies import near_copies
from engine.gallery.looking import look_over, looks
from engine.gallery.sets import PictureSet
from engine.models import keywords, measured
from engine.models.roles import DOES, ModelSpec
from engine.progress import Progress
from engine.prompts import digest
from engine.settings import Settings, is_loopback
from engine.steps import embeddings
from engine.steps.answers import Remembered
from engine.steps.denoising import Denoising
from engine.steps.embeddings import Embedded
from engine.store.answers import Store
from engine.store.runs import Request


def make_request(
    name: str,
    gallery: Gallery,
    params: Any,  # noqa: ANN401  the analysis' own Params
    specs: Mapping[str, ModelSpec],
    seed: int = 0,
    sample: int | None = None,
    part: PictureSet | None = None,
) -> Request:
    """Name everything that can change the result.

    Args:
        name: the analysis.
        gallery: what is looked at.
        params: its Params.
        specs: models by role; those the analysis does not need are left out.
        seed: of everything drawn at random.
        sample: so many pictures at random instead of all.
        part: the set to look at instead of the whole gallery.

    Raises:
        SettingsError: a role that the analysis needs is empty, or a seed below 0. GalleryError: there is nothing to
            look at. ModelError: these models cannot answer it.
    """
    if seed < 0:
        raise SettingsError(f"The seed is {seed}.", "Give a whole number from 0 on.")
    if why := refusal(params, specs):
        raise ModelError(why, "Connect an endpoint or open weights on the Models page or with --models, or reword it.")
    module = analysis(name)
    if why := getattr(module, "refusal", lambda _: "")(specs):
        raise ModelError(why, "Connect an endpoint or open weights on the Models page or with --models.")
    if missing := [role for role in module.ROLES if role not in specs]:
        named = ", or name it with --model" if missing == ["denoiser"] else ""
        hint = f"Name one as the Models page shows, or with --models{named}."
        lacking = ", ".join(f"{role}, which {DOES[role]}" for role in missing)
        raise SettingsError(f"No model plays: {lacking}.", hint)
    optional = getattr(module, "OPTIONAL", ())
    if optional and not any(role in specs for role in optional):
        raise SettingsError(f"No model plays any of: {', '.join(optional)}.", "Choose one on the Models page.")
    members, selection = _members(gallery, seed, sample, part)
    used = {role: specs[role] for role in (*module.ROLES, *optional) if role in specs}
    used |= getattr(module, "helping", lambda *_: {})(params, specs)
    return Request(
        analysis=name,
        version=module.VERSION,
        prompts=digest(module.TASKS),
        gallery=gallery.fingerprint,
        params=told(params),
        models=used,
        seed=seed,
        selection=selection,
        members=members,
    )


def _members(
    gallery: Gallery, seed: int, sample: int | None, part: PictureSet | None
) -> tuple[tuple[str, ...] | None, str]:
    """Names of the pictures that are looked at (None: all), and what that selection is called."""
    members, selection = None, "everything"
    if part is not None:
        members, selection = sets.in_order(gallery, part.members), part.name
        if not members:
            raise GalleryError(f"No picture of the set {part.name} is in this gallery any more.", "Choose another set.")
    if sample is not None:
        if sample < 1:
            raise SettingsError(f"A sample of {sample} pictures is empty.", "Ask for one picture or more.")
        names = [p.name for p in gallery.pictures] if members is None else members
        if sample < len(names):
            drawn = sets.sample(names, sample, seed)
            members, selection = tuple(sorted(drawn)), f"{sample} at random" + (f" of {selection}" if part else "")
    return (None if members is not None and len(members) == len(gallery) else members), selection


def told(params: Any) -> dict[str, Any]:  # noqa: ANN401
    """An analysis' Params as a request holds them: what came later (LATER) is left out where it changes nothing.

    So the same question keeps its name, and a run that was finished before is opened.
    """
    later = {one.name: one.default for one in fields(params) if one.name in getattr(params, "LATER", ())}
    return {name: value for name, value in asdict(params).items() if name not in later or value != later[name]}


def refusal(params: Any, specs: Mapping[str, ModelSpec]) -> str:  # noqa: ANN401
    """Why models without understanding cannot answer this question, known without asking; empty where they may."""
    criterion, vision, chat = getattr(params, "criterion", None), specs.get("vision"), specs.get("chat")
    if criterion is None or vision is None or chat is None:
        return ""
    if vision.backend == "measured":
        return measured.refusal(criterion.name, criterion.look_at, criterion.ignore)
    writes_labels = vision.options.get("json") is not False  # else keywords have to find them in its prose
    return "" if writes_labels or chat.backend != "keywords" else keywords.refusal(criterion.name, criterion.look_at)


def chosen(gallery: Gallery, members: tuple[str, ...] | None) -> Gallery:
    """The part of a gallery that a request is about."""
    if members is None:
        return gallery
    wanted = set(members)
    return replace(gallery, pictures=[p for p in gallery.pictures if p.name in wanted])


@dataclass
class Embedder:
    """A matcher or embedder as analyses see it: vectors of pictures and texts, each computed once."""

    spec: ModelSpec
    role: str
    settings: Settings
    progress: Progress
    _model: Any = None

    def embed(self, pictures: Sequence[Picture]) -> Embedded:
        """A vector for every picture that can be read; see embeddings.embed."""
        return embeddings.embed(pictures, self.spec, self.settings, self.progress, self.role)

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (n, d) float32 of texts; see embeddings.embed_texts."""
        return embeddings.embed_texts(texts, self.spec, self.settings, self._loaded)

    def known(self, pictures: Sequence[Picture]) -> tuple[int, int]:
        """How many different pictures there are, and how many of them have a vector already."""
        return embeddings.known(pictures, self.spec, self.settings.home)

    def _loaded(self) -> Any:  # noqa: ANN401  a roles.Matcher
        if self._model is None:
            self._model = _loaded(self.role, self.spec, self.settings, self.progress)
        return self._model


@dataclass(frozen=True)
class Copies:
    """Near copies as analyses see them: every picture is looked at once, what was seen before is known."""

    settings: Settings
    progress: Progress

    def groups(self, pictures: Sequence[Picture]) -> np.ndarray:
        """(n,) int64: the group each picture is in; most are alone, as is what could not be looked at."""

        def count(done: int, total: int) -> None:
            self.progress.done, self.progress.total = done, total
            self.progress.show()
            self.progress.check()

        home = self.settings.home
        self.progress.start("looking for near copies", 0)
        look_over(pictures, home, self.settings.max_pixels, count)
        seen = looks(pictures, home)
        groups = np.arange(len(pictures))
        some = np.flatnonzero(seen.known)
        groups[some] = some[near_copies(seen.hash[some], seen.mirrored[some], seen.sketch[some])]
        return groups


_WITH_VECTORS = ("matcher", "embedder")


def askers(specs: Mapping[str, ModelSpec], settings: Settings, store: Store, progress: Progress) -> dict[str, Any]:
    """Models by role that answer nothing twice; each is loaded when its first question has to be asked."""

    def asker(role: str, spec: ModelSpec) -> Remembered | Embedder | Denoising:
        if role in _WITH_VECTORS:
            return Embedder(spec, role, settings, progress)
        if role == "denoiser":
            return Denoising(spec, settings, progress, lambda: _loaded(role, spec, settings, progress))
        return Remembered(spec, lambda: _loaded(role, spec, settings, progress), store, progress)

    return {role: asker(role, spec) for role, spec in specs.items()}


def helpers(name: str, settings: Settings, progress: Progress) -> dict[str, Any]:
    """What an analysis is given beside its models."""
    return {"copies": Copies(settings, progress)} if getattr(analysis(name), "COPIES", False) else {}


def _loaded(role: str, spec: ModelSpec, settings: Settings, progress: Progress) -> Any:  # noqa: ANN401
    if spec.backend not in models.WITH_WEIGHTS:
        return models.load(role, spec, settings)
    with progress.interlude(f"loading {spec.name}"):
        return models.load(role, spec, settings)


def estimate(request: Request, gallery: Gallery, params: Any, settings: Settings) -> Estimate:  # noqa: ANN401
    """The price of a request, from what the store knows; asks nothing and loads no model."""
    with closing(Store(settings.home)) as store:
        progress = Progress()

        def asker(role: str, spec: ModelSpec) -> Remembered | Embedder | Denoising:
            if role in _WITH_VECTORS:
                return Embedder(spec, role, settings, progress)
            if role == "denoiser":
                return Denoising(spec, settings, progress, None, request.seed)
            return Remembered(spec, None, store, progress)

        asks = {role: asker(role, spec) for role, spec in request.models.items()}
        module, more = analysis(request.analysis), helpers(request.analysis, settings, progress)
        more |= {"seed": request.seed} if getattr(module, "SEEDED", False) else {}
        return module.estimate(chosen(gallery, request.members), params, **asks, **more, progress=progress)


def is_remote(spec: ModelSpec) -> bool:
    """Whether what this model is asked leaves this machine."""
    url = str(spec.options.get("url", ""))
    return bool(url) and not is_loopback(url)


def pictures_sent(request: Request, gallery: Gallery) -> tuple[int, str]:
    """How many pictures a request sends at most to who describes them, and the same in words."""
    pictures = chosen(gallery, request.members).pictures
    share, n = request.params.get("share", 1.0), len(pictures)
    most = most_described(share, len({p.hash for p in pictures})) if share < 1 else n
    return most, f"up to {most:,} of {n:,} pictures" if most < n else f"{n:,} pictures"


def has_consent(request: Request, host: str, pictures: int, settings: Settings) -> bool:
    """Whether somebody agreed before that so many of this gallery's pictures go to `host`."""
    with closing(Store(settings.home)) as store:
        agreed = store.found(_consent(request, host), "consent")
    return int(agreed) >= pictures if agreed.isdecimal() else bool(agreed)  # once, the host was kept: for all of them


def give_consent(request: Request, host: str, pictures: int, settings: Settings) -> None:
    """Remember that so many of this gallery's pictures may go to `host`."""
    with closing(Store(settings.home)) as store:
        store.set_found(_consent(request, host), "consent", str(pictures))


def _consent(request: Request, host: str) -> str:
    return hashlib.sha256(f"{request.gallery}\0{host}".encode()).hexdigest()[:16]


def leaves_for(specs: Mapping[str, ModelSpec]) -> str:
    """The host that pictures would be sent to, or an empty string where they stay on this machine."""
    spec = specs.get("vision")
    return str(spec.options["url"]).partition("//")[2].partition("/")[0] if spec and is_remote(spec) else ""
