"""Structure: the dimensions on which a set varies, the attributes of each, and what goes together."""

from __future__ import annotations

from engine.errors import VitrineError
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from engine.models import profiles
from pages.parts import run_panel, sidebar, structure_form, structure_view, workspace
from pages.parts.analysis_page import page

_HOW = """
After **SSD-LLM**, subpopulation structure discovery (Luo et al., ECCV 2024, arXiv 2405.02363). Every picture is
described without being told its label. Dimensions are proposed from samples of 20 descriptions, and kept where enough
samples name them: **votes**, and **stability** over other draws of the samples. Values of each are read until hardly
anything new is said (Good-Turing), what fell into *other* is read once more, and all dimensions are assigned in one
question: one attribute, several, *other*, or *not said*.

**What goes together**: Cramér's V and mutual information of label and attribute, p by permutation, corrected (BH);
adjusted residuals of every cell. **Slices**: attributes and pairs with more errors of a model, found on one half of the
pictures and confirmed on the other. **Deficits**: what each cell lacks to a target; weights with which all weigh alike.
"""


def _ask(gallery: Gallery) -> None:
    params, button = structure_form.form(gallery)
    if params is None:
        return
    config = workspace.settings()
    try:
        specs = profiles.specs(config.models, config, gallery.root)
        request = make_request("structure", gallery, params, specs, part=sidebar.set_in_use(gallery))
    except VitrineError as problem:
        run_panel.refuse(button, "Run", problem)
        return
    run_panel.price_and_run(request, gallery, params, button)


page(
    "structure",
    "On what do these pictures vary, what goes together, and what is missing?",
    structure_form.prefill,
    _ask,
    structure_view.draw,
    _HOW,
)
