"""Where only a part of the pictures was described: how the rest was decided, how right that is, and describing more."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st
from pydantic import TypeAdapter

from engine.analyses.clusters import ROLES, Params, Result, Row
from engine.analyses.clusters.result import Economy
from engine.jobs.asking import told
from engine.models.profiles import PIXELS
from engine.store.runs import Request, Run
from pages.parts import cluster_carrying, run_panel, workspace
from pages.parts.workspace import plain

# Shares that can be chosen, from every picture to the cheapest.
SHARES = (1.0, 0.75, 0.5, 0.3, 0.2, 0.1, 0.05)
LOOKS = (
    "No matcher plays here, so likeness goes by colours and edges, which tell little of what a picture shows: much "
    "will stay undecided. CLIP on the Models page tells more."
)


def share_name(share: float) -> str:
    """What a share is called on the slider."""
    return {1.0: "every picture", min(SHARES): "cheapest"}.get(share, f"{share:.0%}")


def line(economy: Economy, is_changed: bool) -> str:
    """What was described, what was not, and how right that is, in one line of Markdown."""
    n = economy.described + economy.spread + economy.undecided
    parts = [f"described **{economy.described:,}** of {n:,}", f"{economy.spread:,} by likeness"]
    if economy.undecided:
        parts.append(f":orange[{economy.undecided:,} undecided]")
    if economy.undecided and not (economy.spread or economy.audit):
        return " · ".join([*parts, "nothing was alike enough to what was described to be placed"])
    when = ", before your changes," if is_changed else ""
    right = f"**{economy.agreement:.2f}** [{economy.low:.2f}, {economy.high:.2f}]"
    parts.append(f"estimated agreement with describing all{when} {right}, audited on {len(economy.audit):,}")
    return " · ".join(parts)


def by_likeness(row: Row) -> str:
    """How sure a guess is, in words."""
    return f"by likeness, {row.confidence:.0%}" if row.is_guess else ""


def describe_more(run: Run) -> None:
    """Under the undecided pictures: the same question with a larger share."""
    st.caption("Not described, and likeness is more unsure than sure.")
    if st.button("Describe more", key="describe_more", type="tertiary", icon=":material/add_photo_alternate:"):
        _more(run)


@st.dialog("Describe more")
def _more(run: Run) -> None:
    able = [share for share in SHARES if share > run.request.params["share"]]
    share = able[-1]
    if len(able) > 1:
        share = st.select_slider("Pictures to describe, at most", able[::-1], share, format_func=share_name)
    st.caption("What was described stays known: only the difference is asked.")
    request, params = with_share(run, share)
    carry = cluster_carrying.offered(cluster_carrying.source(run), request, "carry_more")
    gallery = workspace.gallery(request.gallery)
    run_panel.price_and_run(request, gallery, params, st.container(), key="run_more", then=carry)


def with_share(run: Run, share: float) -> tuple[Request, Params]:
    """The same question with another share; of every picture, nothing has to be alike."""
    params = replace(TypeAdapter(Params).validate_python(run.request.params), share=share)
    used = {role: spec for role, spec in run.request.models.items() if share < 1 or role in ROLES}
    return replace(run.request, params=told(params), models=used), params


def evidence(result: Result) -> None:
    """What the estimate stands on."""
    economy = result.economy
    if not economy:
        return
    with st.expander("How right likeness is"):
        who = "colours and edges" if economy.by == PIXELS else plain(economy.by.label)
        right = sum(one.guess == one.cluster for one in economy.audit)
        sure = sum(one.confidence for one in economy.audit)
        st.markdown(
            f"What was not described was placed by likeness to what was, by vectors of {who}. Of all that was placed "
            f"so, {len(economy.audit):,} pictures were drawn at random and described after all: **{right:,}** were "
            f"right, where {sure:.1f} were expected. From that follows, exactly, the 95 % interval of the share of all "
            "pictures that are where they would be, had each been described and sorted into these very clusters. "
            "Undecided ones count as wrong. That all descriptions might have led to other clusters is not in it."
        )
        table = [
            {"file": a.file, "guess": a.guess or "none", "sure": a.confidence, "described": a.cluster or "none"}
            for a in sorted(economy.audit, key=lambda a: (a.guess == a.cluster, a.confidence))
        ]
        percent = st.column_config.NumberColumn("sure", format="percent")
        st.dataframe(pd.DataFrame(table), hide_index=True, column_config={"sure": percent})
