"""Which diffusion model is asked: the profile's, one that was taught here, or another by its folder or name."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.errors import VitrineError
from engine.finetuning import shelf
from engine.finetuning.shelf import OwnModel
from engine.gallery import Gallery
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.store.runs import Run
from pages.parts import workspace
from pages.parts.workspace import plain

NONE = "No diffusion model knows these pictures: name one under Model."
_OF = "typical_model_of"  # gallery, run and address that the field was filled for
_HELP = (
    "The profile's, one that was taught here, or another in Stable Diffusion's format: type its folder, or its name on "
    "the hub. A large one takes seconds an evaluation without a GPU: ten minutes a picture at 512 pixels and 100 draws."
)


def pick(gallery: Gallery, width: int) -> ModelSpec | None:
    """The field, so many pixels wide; None where nobody is named."""
    mine, own = _of_profile(gallery), {one.spec.name: one for one in _models()}
    usual = "bundled" if mine and mine.name.startswith(profiles.BUNDLED) else mine.name if mine else "none yet"
    titles = {"": usual} | {name: one.title for name, one in own.items()}
    now = st.session_state.get(_key()) or ""
    said = st.selectbox(
        "Model", list(dict.fromkeys([*titles, now])), key=_key(), width=width, accept_new_options=True, help=_HELP,
        format_func=lambda name: str(titles.get(name, name)),
    )  # fmt: skip
    named = str(said or "").strip()
    if named not in own or own[named].id != st.query_params.get("model"):
        st.query_params.pop("model", None)  # what is chosen by hand wins over what the address said
    return ModelSpec("diffusion", named) if named else mine


def prefill(run: Run | None, gallery: Gallery) -> None:
    """The model of the run, or of `?model=` (a run that taught one); else the one chosen before, for this gallery."""
    state, wanted = st.session_state, st.query_params.get("model", "")
    now = gallery.fingerprint, run.id if run else "", wanted
    before = state.get(_OF, ("", "", ""))
    if _key() in state and (before == now or (now[1:] == ("", "") and before[0] == now[0])):
        return
    state[_OF] = now
    spec = run.request.models.get("denoiser") if run else next((o.spec for o in _models() if o.id == wanted), None)
    state[_key()] = spec.name if spec and spec != _of_profile(gallery) else ""


def _key() -> str:
    """Another one whenever the field says what somebody else chose: a browser tells again what it showed before."""
    return "typical_model_" + "".join(st.session_state.get(_OF, ("", "", ""))[1:])


def warn(spec: ModelSpec, gallery: Gallery, labels: Sequence[str]) -> None:
    """Say it where a model that was taught here was taught none of these labels."""
    own = next((one for one in _models() if one.spec == spec), None)
    asked = set(labels) or {p.label for p in gallery.pictures if p.label}
    if own and not asked & set(own.labels):
        taught = ", ".join(sorted(own.labels)[:8])
        st.warning(f"This model was taught {plain(taught)}: none of these labels.", icon=":material/warning:")


def named(spec: ModelSpec) -> str:
    """What a model is called, where it was taught here; else its name."""
    return next((one.title for one in _models() if one.spec == spec), spec.name)


def _models() -> list[OwnModel]:
    return shelf.models(workspace.settings().home)


def _of_profile(gallery: Gallery) -> ModelSpec | None:
    config = workspace.settings()
    try:
        return profiles.specs(config.models, config, gallery.root).get("denoiser")
    except VitrineError:  # said in the sidebar
        return None
