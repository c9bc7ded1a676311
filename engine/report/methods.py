"""How each analysis comes to its answer, after whom, and what its numbers' doubt means; for who reads a report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """How it works, who published it and where, and what to make of the doubt."""

    works: str
    source: str
    address: str
    doubt: str


METHODS = {
    "clusters": Method(
        "Every picture is described once by a vision model with the criterion in mind; the same answer holds a short "
        "label. A language model names clusters for the labels that cover 95 % of the pictures, and labels, not "
        "pictures, are sorted into them. Every description is sorted a second time: where the two disagree, the "
        "picture is put up for review. What fits no cluster stays unassigned. Where only a part is described, a "
        "classifier on vectors of what pictures look like places the rest, or leaves it undecided.",
        "After IC|TC, Image Clustering Conditioned on Text Criteria, Kwon et al., ICLR 2024",
        "https://arxiv.org/abs/2310.18297",
        "Agreement with the labels is a comparison, not a truth: best one-to-one match, 95 % bootstrap interval, an "
        "unassigned picture is never right. The labels may follow another criterion. Agreement with describing all is "
        "estimated from placed pictures that were drawn at random and described after all; its 95 % interval is exact "
        "for such a draw, and knows nothing of other names that all descriptions might have led to.",
    ),
    "structure": Method(
        "Every picture is described without being told its label. Dimensions are proposed from samples of 20 "
        "descriptions and kept where enough samples name them; their values are read until hardly anything new is said "
        "(Good & Turing), and all dimensions are assigned in one question a picture.",
        "After SSD-LLM, subpopulation structure discovery, Luo et al., ECCV 2024",
        "https://arxiv.org/abs/2405.02363",
        "Shares have Wilson's 95 % intervals. Residuals beyond 2 are more than chance would give. Slices are found on "
        "one half of the pictures and confirmed on the other, corrected for all that were tested.",
    ),
    "differences": Method(
        "Statements are proposed from descriptions of one half of the pictures and scored on the other half, which "
        "took no part in finding them. Near copies are counted once.",
        "After VisDiff, Dunlap, Zhang et al., CVPR 2024",
        "https://arxiv.org/abs/2312.02974",
        "AUROC is how often a picture of one side scores above one of the other: .5 is chance. Intervals are of 95 %, "
        "p is corrected for every statement that was tried (Benjamini & Hochberg), and an answer may be that there is "
        "no reliable difference.",
    ),
    "typicality": Method(
        "A diffusion model is asked to tell the noise of a picture with and without a label's words. T is by how much "
        "the words help, place by place. Patches where they help most are joined into elements by what the model sees "
        "in them.",
        "After Diffusion Models as Data Mining Tools, Siglidis et al., ECCV 2024",
        "https://arxiv.org/abs/2408.02752",
        "T is a mean over draws of noise and time, its interval of 95 % says how far other draws would move it. "
        "Elements are confirmed on held-out pictures (Fisher's test, corrected for all).",
    ),
    "finetuning": Method(
        "A diffusion model learns to tell the noise in the pictures of each label by the label's words: all of U-Net "
        "and text encoder, or small additions to both (LoRA). A tenth of the pictures, at least one a label, is never "
        "trained on; what is kept is the step at which the words help most there.",
        "After Diffusion Models as Data Mining Tools, Siglidis et al., ECCV 2024",
        "https://arxiv.org/abs/2408.02752",
        "The gap is a mean over pictures that were held out, with the same noise at every look: differences between "
        "looks are sharper than their level. It says how well words go with pictures, not how well the model draws.",
    ),
    "translation": Method(
        "A picture is turned into noise step by step and told back as another label; features and self-attention of "
        "the way in are put into the way out, which keeps the layout. Parallel elements are places whose translations "
        "look alike to the model in all labels together.",
        "After Plug-and-Play Diffusion Features, Tumanyan et al., CVPR 2023, as Siglidis et al., ECCV 2024, use them",
        "https://arxiv.org/abs/2211.12572",
        "All that was made is synthetic. T is measured by the model that translated, so it judges its own work.",
    ),
    "diversity": Method(
        "An embedder gives every picture a vector. The spectrum of their covariance tells how many directions they "
        "use: effective rank is the exponential of its entropy, participation ratio counts rare directions less, and "
        "the score is the root of both, each over the number of directions.",
        "After FineVision's visual diversity, on SSCD's space, Pizzi et al., CVPR 2022",
        "https://arxiv.org/abs/2202.10261",
        "Intervals are of 95 %, by the jackknife over all pictures: where the figure of as many other pictures of the "
        "same source would lie. Sets are compared at the same number of pictures only.",
    ),
}
