"""Profiles fill all the roles at once: bundled, local, endpoint, or a TOML file with a table a role."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import SettingsError
from engine.models import checked
from engine.models.checkpoints import vouched
from engine.models.measured import SPEC as MEASURED
from engine.models.roles import ROLES, ModelSpec
from engine.settings import Settings, public_url

PROFILES = ("bundled", "local", "endpoint")
ROOT = Path(__file__).resolve().parents[2]
POSTCARDS = ROOT / "assets" / "postcards"
BUNDLED = "assets/models"  # specs name bundled models relative to the program, wherever it lies

_COPIES = ModelSpec("sscd", f"{BUNDLED}/copies.pt")
_KEYWORDS = ModelSpec("keywords", "keywords")
_COCA = ModelSpec("clip", f"{BUNDLED}/coca", options={"json": False, "captioner": True})
PIXELS = ModelSpec("pixels", "colours and edges", "1")  # says what looks alike where no matcher does
_DIFFUSION = ModelSpec("diffusion", f"{BUNDLED}/diffusion")


@dataclass(frozen=True)
class Weights:
    """Open weights that the local profile fetches on first use: who, for which role, how large (GB on disk)."""

    role: str
    spec: ModelSpec
    repo: str  # on the Hugging Face hub
    gigabytes: float
    licence: str


_QWEN, _TERMS, _LAION = "Qwen/Qwen2.5", "Qwen Research", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
# Sizes as their pages state them; none of them could be run where this was written.
LOCAL = (
    Weights("vision", ModelSpec("transformers_vlm", f"{_QWEN}-VL-3B-Instruct"), f"{_QWEN}-VL-3B-Instruct", 7.5, _TERMS),
    Weights("chat", ModelSpec("transformers_vlm", f"{_QWEN}-3B-Instruct"), f"{_QWEN}-3B-Instruct", 6.2, _TERMS),
    Weights("matcher", ModelSpec("clip", "ViT-B-32", "laion2b_s34b_b79k"), _LAION, 0.6, "MIT"),
)


def specs(profile: str, settings: Settings, root: str = "") -> dict[str, ModelSpec]:
    """Which model plays which role.

    Args:
        profile: bundled, local, endpoint, or the path of a TOML file; empty for the endpoint if one is connected, else
            bundled.
        settings: where the endpoint is.
        root: folder of the gallery asked about: the bundled models know only Postcards, so any other gallery is
            looked at by measuring.

    Raises:
        SettingsError: an unknown profile, a file that says nonsense, or an endpoint nobody has named yet.
    """
    profile = profile or ("endpoint" if settings.endpoint.url else "bundled")
    if profile == "bundled":
        return _bundled_specs(root)
    if profile == "local":
        return {weights.role: weights.spec for weights in LOCAL}
    if profile == "endpoint":
        return _endpoint_specs(settings) | _beside_endpoint(root)
    path = Path(profile).expanduser()
    if path.suffix == ".toml":
        return _file_specs(path, settings)
    raise SettingsError(
        f"There is no model profile {profile!r}.", "Use bundled, local, endpoint, or the path of a .toml file."
    )


def hub_cache() -> Path:
    """Where weights from the hub lie on this machine."""
    said = os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or "~/.cache/huggingface") / "hub"
    return Path(said).expanduser()


def to_fetch(specs: Mapping[str, ModelSpec]) -> list[Weights]:
    """Open weights among these that are not on this machine yet: the first question fetches them."""
    here = hub_cache()
    return [
        w
        for w in LOCAL
        if w.spec in specs.values() and not (here / f"models--{w.repo.replace('/', '--')}" / "snapshots").is_dir()
    ]


def is_postcards(root: str) -> bool:
    """Whether a gallery's folder is the one that ships with the program."""
    return bool(root) and Path(root).resolve() == POSTCARDS


def strangers(specs: Mapping[str, ModelSpec], root: str) -> list[str]:
    """The roles that are played by models made for Postcards, on any other gallery: whatever they see, they guess."""
    made_here = (ROOT / BUNDLED).resolve()
    of = {role for role, spec in specs.items() if made_here in (ROOT / Path(spec.name).expanduser()).resolve().parents}
    return [] if is_postcards(root) else [role for role in specs if role in of]


def _bundled_specs(root: str) -> dict[str, ModelSpec]:
    if is_postcards(root):
        return {"vision": _COCA, "chat": _KEYWORDS, "matcher": _COCA, "embedder": _COPIES, "denoiser": _DIFFUSION}
    return {"vision": MEASURED, "chat": _KEYWORDS}


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


def _beside_endpoint(root: str) -> dict[str, ModelSpec]:
    """The roles that no endpoint plays: bundled models on Postcards, elsewhere open weights that are here already."""
    bundled = _bundled_specs(root)
    mine = {role: bundled[role] for role in ("matcher", "embedder", "denoiser") if role in bundled}
    here = {w.role: w.spec for w in LOCAL if w.role == "matcher" and w not in to_fetch({w.role: w.spec})}
    return mine or here


def _with_address(options: Mapping[str, Any], settings: Settings, where: str) -> dict[str, Any]:
    """Options that name the server: the one said there, else the endpoint that is connected."""
    url = public_url(str(options.get("url") or settings.endpoint.url))
    if not url.startswith(("http://", "https://")):
        raise SettingsError(
            f"{where} names no server.", 'Write options = { url = "http://127.0.0.1:8000/v1" }, or connect an endpoint.'
        )
    side = options.get("max_side", 1)
    if isinstance(side, bool) or not isinstance(side, int) or side < 1:
        raise SettingsError(f"{where}: max_side is {side!r}.", "Give pixels, such as 768.")
    return {**options, "url": url}


def _file_specs(path: Path, settings: Settings) -> dict[str, ModelSpec]:
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
        options = table.get("options", {})
        if not isinstance(options, dict) or not all(isinstance(v, str | int | float) for v in options.values()):
            raise SettingsError(f"{path}: [{role}] has options of another kind.", "Write options = { json = false }.")
        if table["backend"] == "openai_endpoint":
            options = _with_address(options, settings, f"{path}: [{role}]")
        if table["backend"] == "sscd":
            options = {**vouched(table["name"]), **options}
        found[role] = checked(role, ModelSpec(table["backend"], table["name"], str(table.get("revision", "")), options))
    if not found:
        raise SettingsError(f"{path} names no model.", "It needs a table a role, such as [vision].")
    return found
