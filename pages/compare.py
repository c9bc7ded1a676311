"""Compare: what differs between two runs, and what several criteria say together."""

from __future__ import annotations

import streamlit as st

from pages.parts import diff_view

_HOW = """
Two runs of a kind are joined picture by picture: by name where both looked at one gallery, else by content. A cluster
is *kept* where it shares more than half of all pictures that either has (Jaccard above ½) with one of the same name,
*renamed* where it shares two thirds with one of another name, *joined* where most of it went into one that holds more
besides, *split* where most of it went into several that come mostly from it. A picture has *moved* where it neither
went where most of its cluster went, nor came whence most of its new one came.

*With the labels* is the accuracy of the best one-to-one match with the labels the pictures came with, with its 95 %
bootstrap interval; *B less A* is paired: on the same pictures, so it may be sure where the two intervals overlap.
"""

st.title("Compare")
st.markdown("What differs between two runs?")
diff_view.draw()
with st.expander("How this works"):
    st.markdown(_HOW)
