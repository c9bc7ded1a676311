"""A program that only tests start: the app's routes, and one page with one map."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import streamlit as st  # noqa: E402

from app import ROUTES  # noqa: E402

app = st.App(HERE / "map_page.py", routes=ROUTES)
