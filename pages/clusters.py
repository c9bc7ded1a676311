"""Clusters: the groups that are there, seen through one question."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.analyses.clusters import Criterion, Params, edits
from engine.errors import SettingsError
from engine.gallery import Gallery
from engine.jobs import asking
from engine.jobs.asking import make_request
from engine.models import profiles
from engine.models.measured import CAN_TELL
from engine.store.runs import Run
from engine.typed import read_names, written_names
from pages.parts import cluster_carrying, clusters_view, run_panel, sidebar, workspace
from pages.parts.analysis_page import page
from pages.parts.clusters_economy import LOOKS, SHARES, share_name
from pages.parts.grid import picture_grid
from pages.parts.shut_fields import fill, first, key
from pages.parts.workspace import plain

_HOW = """
Each picture is described once by a vision model with your criterion in mind; the same answer holds a short label. A
language model names clusters for the labels that cover 95 % of the pictures. Labels, not pictures, are then sorted into
clusters, and every description is sorted a second time: where the two disagree, the picture is put up for review. What
fits no cluster stays **unassigned**; nothing is placed at random. Another number of clusters joins these names and asks
one question at most.

What you say of pictures and clusters is kept apart from what the models said and can be taken back; asked again, it is
carried over to the new run where the cluster is still there. **The least sure** are the pictures that are likeliest to
be wrong: of the rest they say nothing. **At random** estimates how right all of it is; intervals are Wilson's, 95 %.

*Agreement with the labels* compares clusters with labels that came with the pictures, best one-to-one match, 95 %
bootstrap interval; an unassigned picture never counts as right. The labels may follow another criterion than yours.

Where fewer than **every picture** are described, the first ones are chosen to cover all that pictures look like to the
matcher. A classifier on its vectors learns their clusters, says of what it is unsure, and more of that is described,
until the chosen share is used up or hardly anything would go wrong. The rest is placed **by likeness**; what is not
more likely than not stays **undecided**. At last some of what was placed is drawn at random and described after all:
that tells how far the result agrees with describing every picture, with a 95 % interval. A larger share later asks only
the difference.

After IC|TC, *Image Clustering Conditioned on Text Criteria* (Kwon et al., ICLR 2024, arXiv 2310.18297), with one
question a picture instead of three.
"""


_SHARE = """How many pictures are described at most. The rest goes by likeness, with an estimate of how right that is. A
larger share later asks only the difference."""

_NAMES = 'With commas between them; a name that has a comma itself stands in quotes: dog, "Rome, at night".'


def _form() -> tuple[Params | None, DeltaGenerator, DeltaGenerator]:
    """Criterion, K, share and the rest; also the places of the Run button and of the price."""
    said, number, more, button = st.columns([5, 2, 2, 1.7], vertical_alignment="bottom", gap="small")
    part, price = st.columns([4, 6.7], gap="medium")
    criterion = said.text_input("Criterion", key="criterion", placeholder="mood, place, what people do, ...")
    k = number.text_input("Clusters", key="k", help="`auto`, a number such as 10, or a range such as 5-12.")
    shares = sorted({*SHARES, st.session_state["share"]}, reverse=True)  # a script may have asked for another
    share = part.select_slider("Pictures to describe", shares, key="share", format_func=share_name, help=_SHARE)
    with more.popover("More", width="stretch"):
        look_at = _text("Look at", "clusters", "look_at", "the background")
        ignore = _text("Ignore", "clusters", "ignore", "the people")
        keep = _text("Names to keep", "clusters_names", "keep", "dog, cat", _NAMES)
        avoid = _text("Names to avoid", "clusters_names", "avoid", help=_NAMES)
        opinions = {"auto": None, "yes": True, "no": False}
        at = list(opinions.values()).index(first("clusters", "second", None))
        second = st.selectbox("Second opinion by description", opinions, at, key=key("clusters", "second"))
        if workspace.settings().prices.known:
            st.number_input("Budget (0: none)", min_value=0.0, key="budget")
    if not criterion.strip():
        button.button("Run", type="primary", disabled=True, key="run", help="Say first what to group by.")
        return None, button, price
    asked = Criterion(criterion.strip(), look_at.strip(), ignore.strip())
    way = st.session_state.get("way", {}).get((asked.name, k), ())
    try:
        named = read_names(keep), read_names(avoid)
        params = Params(asked, (k or "auto").strip(), *named, opinions[second], via=way, share=share)
        return params, button, price
    except SettingsError as problem:
        run_panel.refuse(button, "Run", problem)
        return None, button, price


def _text(label: str, form: str, name: str, placeholder: str = "", help: str | None = None) -> str:
    """A field in the popover."""
    return st.text_input(label, first(form, name, ""), key=key(form, name), placeholder=placeholder, help=help)


def _prefill(run: Run | None, gallery: Gallery) -> None:
    """The form says what the open run was asked; without one it keeps what was typed."""
    del gallery
    st.session_state.setdefault("k", "auto")
    st.session_state.setdefault("share", 1.0)
    if run is None:
        return
    params = run.request.params
    names = [written_names(some) for some in edits.names_for(run.edits(), params["keep"], params["avoid"])]
    before = st.session_state.get("form_of", [])
    is_new = before[:1] != [run.id] or "criterion" not in st.session_state
    if is_new or before[1:] != names:  # anew, too, when a name was pinned or forbidden
        fill("clusters_names", dict(zip(("keep", "avoid"), names, strict=True)))
    st.session_state["form_of"] = [run.id, *names]
    if not is_new:
        return
    st.session_state["way"] = {(params["criterion"]["name"], params["k"]): tuple(params.get("via", ()))}
    st.session_state["criterion"] = params["criterion"]["name"]
    st.session_state["k"] = params["k"]
    st.session_state["share"] = params.get("share", 1.0)
    fill("clusters", {**params["criterion"], "second": params["second_opinion"]})


def _ask(gallery: Gallery) -> None:
    if not sidebar.run_in_address() and profiles.is_postcards(gallery.root) and sidebar.set_in_use(gallery) is None:
        _first_answer()
    params, button, price = _form()
    config = workspace.settings()
    try:
        specs = profiles.specs(config.models, config, gallery.root)
    except SettingsError as problem:
        st.info(f"{plain(problem.message)} {plain(problem.hint)}", icon=":material/power:")
        st.page_link("models.py", label="Connect a model", icon=":material/arrow_forward:")
        return
    why = asking.refusal(params, specs) if params else ""
    if "vision" in specs and specs["vision"].backend == "measured":
        _no_model(why)
    elif why:
        st.info(plain(why), icon=":material/help:")
    if why:
        button.button("Run", type="primary", disabled=True, key="run", help=plain(why))
    elif params:
        part = sidebar.set_in_use(gallery)
        if part is not None and not len(workspace.places(gallery, part.members)):
            st.warning(f"No picture of the set {plain(part.name)} is in this gallery any more.")
            return
        request = make_request("clusters", gallery, params, specs, part=part)
        id = sidebar.run_in_address() or sidebar.run_in_address("repeat")
        before = cluster_carrying.source(workspace.runs().get(id)) if id else None
        carry = cluster_carrying.offered(before, request)
        with price:
            run_panel.price_and_run(request, gallery, params, button, then=carry)
            if params.share < 1 and "matcher" not in specs:
                st.caption(LOOKS)


def _no_model(why: str) -> None:
    """What can be told of these pictures without a model, and the two ways on."""
    told = f"{plain(why)} " if why else f"Measuring can tell: {', '.join(CAN_TELL)}. "
    st.info(f"{told}The bundled models know only Postcards.", icon=":material/straighten:")
    st.page_link("models.py", label="Connect an endpoint, or use open weights", icon=":material/arrow_forward:")


def _first_results(partial: dict) -> None:
    """Labels as they come, most frequent first, and the latest descriptions."""
    gallery = sidebar.gallery_in_use()
    assert gallery
    clusters = partial.get("clusters", [])
    answers = partial.get("distinct", 0)
    some = f"Short answers so far: {answers:,} different ones. They become clusters at the end."
    st.caption(some if answers else "Short answers come after the descriptions, clusters at the end.")
    with st.grid(3):
        for c in clusters[:6]:
            with st.container(border=True):
                st.markdown(f"**{plain(c['name'])}** · {c['size']:,}")
                shown = [gallery.by_name[f] for f in c["files"] if f in gallery.by_name]
                picture_grid(shown, f"partial_{c['name']}", across=3)
    latest = [last for last in partial.get("latest", [])[:4] if last["file"] in gallery.by_name]
    for i, (place, last) in enumerate(zip(st.columns(4), latest, strict=False)):
        with place:  # a grid draws its pictures anew; st.image shows the one before until the next has come
            picture_grid([gallery.by_name[last["file"]]], f"latest_{i}", across=2)
            st.caption(f"{plain(last['file'])}: {plain(last['description'])}")


@st.fragment(run_every=1)
def _first_answer() -> None:
    """On a first start the answer to the first question comes into view as soon as it was asked, once."""
    if not st.session_state.get("first_shown") and (first := sidebar.first_run()):
        st.session_state["first_shown"] = True
        run_panel.open_run(first)


page(
    "clusters",
    "What groups are there, seen through one question?",
    _prefill,
    _ask,
    clusters_view.draw,
    _HOW,
    _first_results,
)
