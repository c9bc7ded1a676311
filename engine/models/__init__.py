"""Back-ends by name. Each is one file with its heavy imports at its own top, loaded when first asked for."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path
from typing import Any

from engine.errors import SettingsError
from engine.models.roles import ROLES, ModelSpec
from engine.settings import Settings, public_url

# name: (module, the roles it can play). Each module has load(role, spec, settings) -> the role's Protocol.
BACKENDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "openai_endpoint": ("engine.models.openai_endpoint", ("vision", "chat")),
    "transformers_vlm": ("engine.models.transformers_vlm", ("vision", "chat")),
    "fake": ("engine.models.fake", ("vision", "chat")),
}


def specs(profile: str, settings: Settings) -> dict[str, ModelSpec]:
    """Which model plays which role under a profile: `endpoint`, or the path of a TOML file with a table a role.

    Raises:
        SettingsError: an unknown profile, a file that says nonsense, or an endpoint nobody has named yet.
    """
    if profile == "endpoint":
        return _endpoint_specs(settings)
    path = Path(profile).expanduser()
    if path.suffix == ".toml":
        return _file_specs(path)
    raise SettingsError(f"There is no model profile {profile!r}.", "Use endpoint, or the path of a .toml file.")


def load(role: str, spec: ModelSpec, settings: Settings) -> Any:  # noqa: ANN401  the role's Protocol, by name
    """The model that plays `role`, ready to be asked; heavy libraries are imported here.

    Raises:
        SettingsError: no such back-end, or one that cannot play this role.
        ModelError: the model itself cannot be loaded.
    """
    _checked(role, spec)
    return importlib.import_module(BACKENDS[spec.backend][0]).load(role, spec, settings)


def _checked(role: str, spec: ModelSpec) -> ModelSpec:
    if spec.backend not in BACKENDS:
        raise SettingsError(f"There is no back-end {spec.backend!r}.", f"Use one of: {', '.join(BACKENDS)}.")
    if role not in BACKENDS[spec.backend][1]:
        raise SettingsError(
            f"{spec.backend} cannot play the role {role!r}.", f"It plays: {', '.join(BACKENDS[spec.backend][1])}."
        )
    return spec


def _endpoint_specs(settings: Settings) -> dict[str, ModelSpec]:
    end = settings.endpoint
    if not end.url:
        raise SettingsError(
            "No endpoint is connected.",
            "Connect one on the Models page, or set VITRINE_ENDPOINT_URL, VITRINE_VISION_MODEL and VITRINE_CHAT_MODEL.",
        )
    if not public_url(end.url).startswith(("http://", "https://")):
        raise SettingsError(
            f"The endpoint's address {public_url(end.url)!r} is no web address.",
            "It should look like http://127.0.0.1:8000/v1.",
        )
    named = {"vision": end.vision_model, "chat": end.chat_model}
    if missing := [role for role, name in named.items() if not name]:
        raise SettingsError(
            f"No model is named for: {', '.join(missing)}.",
            "Name it on the Models page, or set VITRINE_VISION_MODEL and VITRINE_CHAT_MODEL.",
        )
    options = {"url": public_url(end.url)}
    return {role: ModelSpec("openai_endpoint", name, options=options) for role, name in named.items()}


def _file_specs(path: Path) -> dict[str, ModelSpec]:
    try:
        tables = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise SettingsError(
            f"{path} cannot be read: {problem}.", "It needs a table a role, such as [vision]."
        ) from None
    found = {}
    for role, table in tables.items():
        if role not in ROLES or not isinstance(table, dict):
            raise SettingsError(f"{path}: {role!r} is no role.", f"Roles are: {', '.join(ROLES)}.")
        if unknown := set(table) - {"backend", "name", "revision", "options"}:
            raise SettingsError(f"{path}: [{role}] has unknown words {sorted(unknown)}.", "Put them under options.")
        if not isinstance(table.get("backend"), str) or not isinstance(table.get("name"), str):
            raise SettingsError(f"{path}: [{role}] needs backend and name.", 'Such as backend = "transformers_vlm".')
        spec = ModelSpec(
            table["backend"], table["name"], str(table.get("revision", "")), dict(table.get("options", {}))
        )
        found[role] = _checked(role, spec)
    if not found:
        raise SettingsError(f"{path} names no model.", "It needs a table a role, such as [vision].")
    return found
