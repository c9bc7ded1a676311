"""Two sets or more in one picture: parts of this run, or another run by the same model; at equal size."""

from __future__ import annotations

import streamlit as st

from engine.analyses.diversity import Figures, Result
from engine.charts import diversity as charts
from engine.gallery import Gallery
from engine.store.runs import Run
from pages.parts import run_panel, workspace
from pages.parts.diversity_figures import NAMES, PLAIN, table_of, title

_MOST = 4  # parts in one chart


def draw(run: Run, result: Result, gallery: Gallery) -> None:
    """The whole view."""
    others = _others(run)
    if not others and not result.parts:
        st.info(
            "Nothing to compare with yet: run it on another set (choose one in the sidebar), or compare by a column or "
            "by saved sets above.",
            icon=":material/compare_arrows:",
        )
        return
    spectra = {run.request.selection: result.eigenvalues}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = lambda id: others[id] if id else "no other run"  # noqa: E731
        second = st.selectbox("With another run", ["", *others], key="compare_run", format_func=name, width=420)
        names = [part.name for part in result.parts if part.eigenvalues]
        some = st.multiselect("With parts of this run", names, key="compare_parts", max_selections=_MOST)
    spectra |= {part.name: part.eigenvalues for part in result.parts if part.name in some}
    other = run_panel.result(workspace.runs().get(second), "other_unreadable") if second else None
    label = _label(others[second], spectra) if second else ""
    if other:
        spectra[label] = other.eigenvalues
    st.plotly_chart(charts.spectrum(spectra, result.is_sscd), key="two_spectra", config=PLAIN)
    if other:
        _two(run, result, label, other)
    equal: dict[str, Figures] = {p.name: p.equal for p in result.parts if p.name in some and p.equal}
    if equal:
        st.markdown("### Parts, at equal size")
        st.dataframe(table_of(equal), hide_index=True)


def _two(run: Run, result: Result, label: str, other: Result) -> None:
    """Rarefaction of both, and their figures at the largest number of pictures that both were measured at."""
    shown = st.segmented_control("Figure", list(NAMES), default="score", key="compare_figure", format_func=title)
    curves = {run.request.selection: result.rarefaction, label: other.rarefaction}
    longer = max(result.gaussian, other.gaussian, key=len)
    st.plotly_chart(
        charts.rarefaction(curves, longer, shown or "score", result.is_sscd), key="two_curves", config=PLAIN
    )
    sizes = {f.n for f in result.rarefaction} & {f.n for f in other.rarefaction}
    if not sizes:
        return
    at = max(sizes)
    st.markdown(f"### At {at:,} pictures each")
    pick = lambda told: next(f for f in told if f.n == at)  # noqa: E731
    st.dataframe(table_of({name: pick(told) for name, told in curves.items()}), hide_index=True)


def _others(run: Run) -> dict[str, str]:
    """Finished diversity runs by the same model, of any gallery here, by what they were asked about."""
    mine, cards = run.request, {card.fingerprint: card.title for card in workspace.galleries()}
    found = {}
    for one in workspace.history():
        said = one.asked
        same = said.analysis == "diversity" and said.models == mine.models and said.gallery in cards
        if one.id != run.id and one.status.state == "done" and same:
            about = [cards[said.gallery], said.selection, *run_panel.choices(said.params)]
            found[one.id] = ", ".join(about)
    return found


def _label(name: str, taken: dict) -> str:
    return name if name not in taken else f"{name} (other)"
