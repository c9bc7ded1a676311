"""Every page's frame: the list of pages, the gallery in use, who answers, what runs."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from pages.parts import sidebar, tour  # noqa: E402

HERE = Path(__file__).resolve().parent


def start() -> None:
    """The bare address leads to the clusters page, with what it carries; at first to the question asked first."""
    said = dict(st.query_params)
    if set(said) <= {"gallery"} and (first := sidebar.first_run()):  # the sidebar has named the gallery already
        said = {"run": first}
        st.session_state["first_shown"] = True
    st.switch_page(PAGES[2], query_params=said)


PAGES = [
    st.Page(start, title="Vitrine", default=True, visibility="hidden"),
    st.Page(HERE / "gallery.py", title="Look", icon=":material/photo_library:", url_path="look"),
    st.Page(HERE / "clusters.py", title="Clusters", icon=":material/workspaces:", url_path="clusters"),
    st.Page(HERE / "structure.py", title="Structure", icon=":material/account_tree:", url_path="structure"),
    st.Page(HERE / "differences.py", title="Differences", icon=":material/compare:", url_path="differences"),
    st.Page(HERE / "typicality.py", title="Typicality", icon=":material/thermostat:", url_path="typicality"),
    st.Page(HERE / "diversity.py", title="Diversity", icon=":material/donut_large:", url_path="diversity"),
    st.Page(HERE / "runs.py", title="Runs", icon=":material/history:", url_path="runs"),
    st.Page(HERE / "compare.py", title="Compare", icon=":material/compare_arrows:", url_path="compare"),
    st.Page(HERE / "models.py", title="Models", icon=":material/memory:", url_path="models"),
]

st.set_page_config(page_title="Vitrine", page_icon=ROOT / "assets" / "icon.png", layout="wide")
st.logo(ROOT / "assets" / "logo.svg", size="large")
if st.context.theme.type == "dark":
    st.html(HERE / "parts" / "dark.css")
page = st.navigation(PAGES)
sidebar.show()
tour.show(page.url_path)
page.run()
