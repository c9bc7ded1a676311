"""Compare: what differs between two runs, and what several criteria say together."""

from __future__ import annotations

import streamlit as st

from pages.parts import criteria_flow, criteria_view, diff_view

_TWO, _SEVERAL = "Two runs", "Several criteria"
_HOW = """
**Two runs** of a kind are joined picture by picture: by name where both looked at one gallery, else by content. A
cluster is *kept* where it shares more than half of all pictures that either has (Jaccard above ½) with one of the same
name, *renamed* where it shares two thirds with one of another name, *joined* where most of it went into one that holds
more besides, *split* where most of it went into several that come mostly from it. A picture has *moved* where it
neither went where most of its cluster went, nor came whence most of its new one came. *With the labels* is the accuracy
of the best one-to-one match with the labels the pictures came with, with its 95 % bootstrap interval; *B less A* is
paired: on the same pictures, so it may be sure where the two intervals overlap.

**Several criteria** of one gallery: clusters by one criterion against clusters by another, dimensions of a structure,
or the label. Cramér's V (0: nothing goes together, 1: one tells the other), p by permuting the pictures (Good 2005),
corrected for all pairs (Benjamini & Hochberg 1995); a cell's residual says whether it holds more or fewer pictures than
chance would give (Haberman 1973). *Not in B* is the share of A's entropy that is left once B is known, with the mutual
information that permutations reach on average taken off (Vinh, Epps & Bailey 2010), and a 95 % bootstrap interval.
"""

st.title("Compare")
st.markdown("What differs between two runs, and what do several criteria say together?")
first = _SEVERAL if st.query_params.get("of") and not st.query_params.get("a") else _TWO
st.session_state.setdefault("compare_what", first)
what = st.segmented_control("Compare", [_TWO, _SEVERAL], key="compare_what", label_visibility="collapsed")
if what == _SEVERAL:
    for word in ("a", "b", "from", "to", "dimension"):
        st.query_params.pop(word, None)
    criteria_view.draw()
else:
    for word in ("of", "criteria_two", "criteria_row", "criteria_column", *criteria_flow.WORDS):
        st.query_params.pop(word, None)
    diff_view.draw()
with st.expander("How this works"):
    st.markdown(_HOW)
