"""Typicality: how typical pictures are of their label, where in the picture, and what recurs there."""

from __future__ import annotations

import streamlit as st

from engine.errors import VitrineError
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from pages.parts import (
    run_panel,
    sidebar,
    teach_form,
    teach_view,
    translate_form,
    translate_view,
    typicality_form,
    typicality_view,
    workspace,
)
from pages.parts.analysis_page import page

_HOW = """
After **Diffusion Models as Data Mining Tools** (Siglidis et al., ECCV 2024, arXiv 2408.02752). Noise is added to a
picture, and a text-conditioned denoiser tells that noise twice: told the label, and told nothing. Where the label
helps, the picture is typical of it: **T** is the mean, over noises and times from 100 to 700 of 1,000, of the squared
error without the label less the one with it. Four draws of the time make a block, one in each stratum; blocks are kept
in eight groups, whose spread gives every interval (Student's, 95 %).

**Elements** are patches with the largest T, clustered by what the denoiser sees in them, ranked by median T. Clusters
come from half of the pictures; *held out* is how often the element is seen in the other half, *elsewhere* in pictures
of other labels, q corrected for all elements. Of several sizes of patches the one that fits a place best is taken, by
mean T times side, as the smallest would win by mean T alone. What you merge or split is told anew; it was made by
somebody who has seen the held-out pictures, so its q is no strict test. A patch's interval does not know that the
patch was chosen for its large T, so the largest are too large. T says what helps the denoiser: watermarks and borders
are typical, too, and marked. Scores compare only within one model and one template.
"""


def _ask(gallery: Gallery) -> None:
    params, spec, button = typicality_form.form(gallery)
    if params is None or spec is None:
        return
    try:
        request = make_request("typicality", gallery, params, {"denoiser": spec}, part=sidebar.set_in_use(gallery))
    except VitrineError as problem:
        run_panel.refuse(button, "Run", problem)
        return
    run_panel.price_and_run(request, gallery, params, button)


_HOW_TEACH = """
A model in Stable Diffusion's format learns to tell the noise in these pictures when it is told their labels; a tenth of
the time it is told none. U-Net and text encoder learn, all of them or by small additions (LoRA) that are merged in the
end. A tenth of the pictures is **held out**: by how much the label helps there is shown while it learns, ends it when
it no longer rises, and says which weights are kept. What comes out is an ordinary pipeline's folder in the workspace,
with the prompt that it was taught; it can be chosen under *Model*. It can be stopped, and goes on from its checkpoint,
which is written every two minutes. What it says of pictures that it was taught is too good: look at held-out ones.
"""
_HOW_TRANSLATE = """
After **plug-and-play** (Tumanyan et al., CVPR 2023, arXiv 2211.12572): the picture is turned into noise in 50 steps
that can be gone back, and drawn from there with the other label, while features and self-attention of the network are
those of the picture, so that its layout stays. **T** of both labels is measured before and after with the same noise.
Where a picture becomes several labels, **parallel elements** are patches at one place of all of them that look alike to
the model, ordered by co-typicality, the median over labels of T (Siglidis et al., ECCV 2024). Every picture is marked
as synthetic in the file itself.
"""
_NAMES = {
    "typicality": ("What is typical", ":material/thermostat:"),
    "finetuning": ("Teach a model", ":material/school:"),
    "translation": ("See as another label", ":material/compare:"),
}
_WAYS = {
    "typicality": (
        "What is typical of a label, and where in the picture?", typicality_form.prefill, _ask, typicality_view.draw,
        _HOW, typicality_view.partial,
    ),
    "finetuning": (
        "Which model knows my labels?", teach_form.prefill, teach_form.ask, teach_view.draw, _HOW_TEACH,
        teach_view.partial,
    ),
    "translation": (
        "How would a picture look as another label?", translate_form.prefill, translate_form.ask, translate_view.draw,
        _HOW_TRANSLATE, translate_view.partial,
    ),
}  # fmt: skip


def _way() -> str:
    """Which of the three the address is about: that of its run, or the one it names."""
    id = sidebar.run_in_address() or sidebar.run_in_address("repeat")
    said = workspace.runs().get(id).request.analysis if id else st.query_params.get("do", "")
    return said if said in _WAYS else "typicality"


def _choose(now: str) -> None:
    """A row of buttons that open another one of the three; the run that is open closes."""
    with st.container(horizontal=True, gap="xsmall"):
        for way, (name, icon) in _NAMES.items():
            kind = "primary" if way == now else "secondary"
            if st.button(name, key=f"way_{way}", icon=icon, type=kind) and way != now:
                run_panel.close_run()
                if way != "typicality":
                    st.query_params["do"] = way
                st.rerun()


way = _way()
page(way, *_WAYS[way], title="Typicality", ways=lambda: _choose(way))
