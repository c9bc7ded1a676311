"""Low-rank additions: nothing at first, merged without a change, and no trace of them left."""

from __future__ import annotations

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline

from engine.models import low_rank
from tests.models.tiny_checkpoints import save_diffusion


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_diffusion(tmp_path_factory.mktemp("diffusion"))


@pytest.mark.parametrize("name", ["unet", "text_encoder"])
def test_added_and_merged(folder, name):
    part = getattr(StableDiffusionPipeline.from_pretrained(folder, safety_checker=None), name)
    torch.manual_seed(0)
    seen = (torch.randn(1, 4, 8, 8), torch.tensor([5]), torch.randn(1, 12, 32)) if name == "unet" else (
        torch.arange(12)[None],
    )  # fmt: skip
    before, names = part(*seen)[0].detach(), set(part.state_dict())
    part.requires_grad_(False)
    low_rank.add(part, name)
    torch.testing.assert_close(part(*seen)[0], before)
    learns = {n: weight for n, weight in part.named_parameters() if weight.requires_grad}
    assert learns
    assert all("lora" in n for n in learns)
    assert (name == "text_encoder") == any("token_embedding" in n for n in learns)
    for weight in learns.values():
        weight.data.normal_(0, 0.1)
    changed = part(*seen)[0].detach()
    assert not torch.allclose(changed, before, atol=1e-3)
    low_rank.merge(part)
    torch.testing.assert_close(part(*seen)[0], changed, rtol=1e-4, atol=1e-5)
    assert set(part.state_dict()) == names
