"""What the page of an analysis is made of: title, form, runs asked before, the run in the address, how it works."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from engine.gallery import Gallery
from engine.store.runs import ACTIVE, Run, Status
from pages.parts import look_pictures, run_panel, sidebar, workspace


def page(
    analysis: str,
    question: str,
    prefill: Callable[[Run | None, Gallery], None],
    ask: Callable[[Gallery], None],
    draw: Callable[[Run, Status, Gallery], None],
    how: str,
    partial: Callable[[dict], None] = lambda _: None,
    title: str = "",
    ways: Callable[[], None] = lambda: None,
) -> None:
    """Draw the whole page.

    Args:
        analysis: its name, or a making's; capitalised it is the title.
        question: what people ask here.
        prefill: makes the form say what the run in the address was asked.
        ask: the form, its price and its button.
        draw: a finished run.
        how: how it works, as Markdown.
        partial: what a run has found that goes on, or was stopped.
        title: where it is another one.
        ways: what else the page of this title can do, drawn below it.
    """
    st.title(title or analysis.capitalize())
    ways()
    st.markdown(question)
    id = sidebar.run_in_address()
    run = workspace.runs().get(id) if id else None
    if run is not None and run.request.analysis != analysis:
        run = None
    gallery = sidebar.gallery_in_use()
    if st.query_params.get("run") and run is None:
        st.warning(f"The run in this address is no {analysis} run of this workspace.")
    if gallery is None:
        st.info("Choose a folder of pictures first.", icon=":material/photo_library:")
        st.page_link("gallery.py", label="Open a folder", icon=":material/arrow_forward:")
    else:
        prefill(run or _repeated(analysis), gallery)
        ask(gallery)
        run_panel.asked_before(gallery, analysis, run)
        if run is not None:
            st.divider()
            _show(run, draw, partial)
        else:
            look_pictures.glimpse(gallery)
    with st.expander("How this works"):
        st.markdown(how)


def _repeated(analysis: str) -> Run | None:
    """The run that is to be asked once more with changes, if there is one of this analysis in the address."""
    id = sidebar.run_in_address("repeat")
    run = workspace.runs().get(id) if id else None
    return run if run and run.request.analysis == analysis else None


def _show(run: Run, draw: Callable[[Run, Status, Gallery], None], partial: Callable[[dict], None]) -> None:
    status = run.status
    if status.state in ACTIVE:
        run_panel.wait(run, partial)
    elif status.state == "done":
        draw(run, status, workspace.gallery(run.request.gallery))
    else:
        run_panel.ended_badly(run, status, partial)
