"""Back-ends by name. Each is one file with its heavy imports at its own top, loaded when first asked for."""

from __future__ import annotations

import importlib
from typing import Any

from engine.errors import SettingsError
from engine.models.roles import ModelSpec
from engine.settings import Settings

# name: (module, the roles it can play). Each module has load(role, spec, settings) -> the role's Protocol.
BACKENDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "openai_endpoint": ("engine.models.openai_endpoint", ("vision", "chat")),
    "transformers_vlm": ("engine.models.transformers_vlm", ("vision", "chat")),
    "clip": ("engine.models.clip", ("matcher", "vision")),
    "measured": ("engine.models.measured", ("vision",)),
    "pixels": ("engine.models.pixels", ("embedder",)),
    "keywords": ("engine.models.keywords", ("chat",)),
    "sscd": ("engine.models.sscd", ("embedder",)),
    "diffusion": ("engine.models.diffusion", ("denoiser",)),
    "fake": ("engine.models.fake", ("vision", "chat")),
}

WITH_WEIGHTS = {"transformers_vlm", "clip", "sscd", "diffusion"}  # loading, let alone fetching, takes a while


def load(role: str, spec: ModelSpec, settings: Settings) -> Any:  # noqa: ANN401  the role's Protocol, by name
    """The model that plays `role`, ready to be asked; heavy libraries are imported here.

    Raises:
        SettingsError: no such back-end, or one that cannot play this role.
        ModelError: the model itself cannot be loaded.
    """
    checked(role, spec)
    return importlib.import_module(BACKENDS[spec.backend][0]).load(role, spec, settings)


def checked(role: str, spec: ModelSpec) -> ModelSpec:
    """The spec, if its back-end is there and can play this role; else SettingsError."""
    if spec.backend not in BACKENDS:
        raise SettingsError(f"There is no back-end {spec.backend!r}.", f"Use one of: {', '.join(BACKENDS)}.")
    if role not in BACKENDS[spec.backend][1]:
        raise SettingsError(
            f"{spec.backend} cannot play the role {role!r}.", f"It plays: {', '.join(BACKENDS[spec.backend][1])}."
        )
    return spec
