"""Models: who answers, and how to connect them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from engine.errors import SettingsError
from engine.gallery import Gallery
from engine.jobs import live
from engine.models import profiles
from engine.models.roles import DOES
from engine.settings import Endpoint, Prices, save_endpoint, save_profile
from engine.settings import load as load_settings
from pages.parts import own_models, sidebar, workspace
from pages.parts.workspace import address, plain

_TOML = """[vision]
backend = "transformers_vlm"
name = "/models/llava"

[chat]
backend = "openai_endpoint"  # the endpoint that is connected below
name = "llama"

[matcher]
backend = "clip"
name = "/models/ViT-B-32"

[embedder]
backend = "sscd"
name = "/models/sscd_disc_mixup.torchscript.pt"

[denoiser]
backend = "diffusion"
name = "/models/stable-diffusion-v1-5"
"""


def _form() -> None:
    config = workspace.settings()
    end, prices = config.endpoint, config.prices
    st.subheader("Connect an endpoint")
    st.markdown(
        "Any OpenAI-compatible server: a hosted one, vLLM, Ollama, llama.cpp. The key is read from "
        "`VITRINE_ENDPOINT_KEY` or `.streamlit/secrets.toml`, never typed here and never stored: "
        + (":green-badge[a key is set]" if end.key else ":gray-badge[no key is set]")
    )
    url = st.text_input("Address", end.url, key="endpoint_url", placeholder="http://127.0.0.1:8000/v1")
    listed = _listed(url)
    left, right = st.columns(2)
    vision = _model(left, "Vision model", end.vision_model, listed, "vision_model")
    chat = _model(right, "Chat model", end.chat_model, listed, "chat_model")
    with st.expander("Speed and prices"):
        a, b, c, d = st.columns(4)
        concurrency = a.number_input("Questions at once", 1, 512, end.concurrency, key="concurrency")
        timeout = b.number_input("Time-out (s)", 1.0, 3600.0, end.timeout, key="timeout")
        cost_in = c.number_input("Money a million tokens in", 0.0, None, prices.input_per_million, key="price_in")
        cost_out = d.number_input("Money a million tokens out", 0.0, None, prices.output_per_million, key="price_out")
    wanted = {"an address": url, "a vision model": vision, "a chat model": chat}
    missing = [what for what, said in wanted.items() if not said.strip()]
    if st.button("Save", type="primary", key="save_endpoint", disabled=bool(missing)):
        if not url.strip().startswith(("http://", "https://")):
            st.error(f"{plain(url.strip())} is no web address; it should look like http://127.0.0.1:8000/v1.")
            return
        if "@" in url.partition("//")[2].partition("/")[0]:
            st.error("An address with a user and password would be stored. Set VITRINE_ENDPOINT_URL to it instead.")
            return
        chosen = Endpoint(url.strip(), "", vision.strip(), chat.strip(), int(concurrency), float(timeout))
        try:
            save_endpoint(config, chosen, Prices(cost_in, cost_out))
        except (SettingsError, OSError) as problem:
            st.error(plain(str(problem)))
            return
        st.session_state["saved"] = True
        st.rerun()
    if missing:
        st.caption(f"To save, name {' and '.join(missing)}.")
    if st.session_state.pop("saved", False):
        _saved(url.strip())


def _saved(url: str) -> None:
    """What came of saving: whether it is in force, and whether the server is known to be there."""
    now = load_settings()
    if now.models != "endpoint" or replace(now.endpoint, key="") != replace(now.endpoint, url=url.rstrip("/"), key=""):
        st.warning("Saved, but a VITRINE_ variable or ./vitrine.toml says otherwise and wins.")
    elif _last_listing(url).get("state", "done") != "done":
        st.warning("Saved, but the server did not answer when last asked.")
    else:
        st.success("Saved.", icon=":material/check:")


def _listed(url: str) -> list[str]:
    """The models that the server lists, once asked for."""
    if not url.strip():
        return []
    if st.button("List its models", key="list_models", icon=":material/list:"):
        st.session_state["listed"] = {"url": url.strip(), **_asked("list_models", url=url.strip())}
    said = _last_listing(url.strip())
    if said.get("error"):
        st.error(f"{plain(said['error'])} {plain(said['hint'])}", icon=":material/error:")
    return said.get("models", [])


def _last_listing(url: str) -> dict[str, Any]:
    """What the server said when last asked for its models; empty where it was not asked."""
    said = st.session_state.get("listed", {})
    return said if said.get("url") == url else {}


def _model(where: Any, title: str, now: str, listed: list[str], key: str) -> str:  # noqa: ANN401
    if not listed:
        return where.text_input(title, now, key=key)
    names = list(dict.fromkeys([*([now] if now else []), *listed]))
    return where.selectbox(title, names, key=f"{key}_listed", accept_new_options=True) or ""


def _asked(op: str, **words: str) -> dict[str, Any]:
    """One live question, waited for; its longest wait is bounded by the model's own time-out."""
    with st.spinner("Asking"):
        said = live.ask(workspace.settings().home, op, wait=4.0, **words)
        while said["state"] == "working":
            said = live.ask(workspace.settings().home, op, wait=4.0, **words)
    return said


def _try(gallery: Gallery | None) -> None:
    st.subheader("Try it on one picture")
    if gallery is None:
        st.caption("Open a gallery first.")
        return
    names = [p.name for p in gallery.pictures[:500]]
    left, right = st.columns([1, 2], gap="medium")
    name = right.selectbox("Picture", names, key="try_picture", format_func=lambda n: n)
    criterion = right.text_input("Criterion", "what it shows", key="try_criterion")
    left.image(address(gallery.by_name[name].hash), alt=name, width=200)
    with right:
        if st.button("Ask both models", key="try"):
            said = _asked("try", gallery=gallery.fingerprint, name=name, criterion=criterion)
            if said["state"] != "done":
                st.error(f"{plain(said['error'])} {plain(said['hint'])}", icon=":material/error:")
                if workspace.settings().models == "local":
                    _own_weights()
                return
            st.success(f"Both answered in {said['seconds']:.1f} s, {said['tokens']:,} tokens.", icon=":material/check:")
            st.markdown(f"{plain(said['description'])}\n\nLabel: **{plain(said['label']) or 'none'}**")
            if said["prose"]:
                st.caption("The vision model writes prose: labels will come from the chat model.")


def _profiles() -> None:
    """Which profile answers; what each is, what it fetches and how large that is, before anything is fetched."""
    config = workspace.settings()
    now = config.models or ("endpoint" if config.endpoint.url else "bundled")
    names = [*profiles.PROFILES, *([now] if now not in profiles.PROFILES else [])]
    titles = {"bundled": "Bundled", "local": "Open weights on this machine", "endpoint": "An endpoint"}
    st.session_state["profile"] = now  # what the settings say, also where another widget changed them
    winner = _above_this_page()
    st.radio(
        "Who answers",
        names,
        key="profile",
        format_func=lambda n: titles.get(n, str(n)),
        horizontal=True,
        disabled=bool(winner),
        on_change=lambda: save_profile(workspace.settings(), st.session_state["profile"]),
    )
    if winner:
        st.caption(f"{winner} says so and wins over this page; remove it to choose here.")
    if now == "bundled":
        st.markdown(
            "Small models trained on **Postcards**, the gallery that ships with Vitrine: offline, nothing to download. "
            "They know nothing else; of other pictures only colour, light and the like can be told, by measuring."
        )
    elif now == "local":
        st.markdown("Fetched from the Hugging Face hub on first use, into its cache; asked on this machine afterwards.")
        table = [
            {"role": w.role, "model": w.spec.name, "GB": w.gigabytes, "licence": w.licence} for w in profiles.LOCAL
        ]
        st.dataframe(pd.DataFrame(table), hide_index=True)
        st.caption(
            f"{sum(w.gigabytes for w in profiles.LOCAL):.1f} GB together, to {plain(str(profiles.hub_cache()))}."
        )
    elif now not in profiles.PROFILES:
        st.markdown(f"Models are named by {plain(now)}.")


def _above_this_page() -> str:
    """Who names the profile so that this page cannot: a variable or the program's own file; empty for nobody."""
    if os.environ.get("VITRINE_MODELS"):
        return "The variable VITRINE_MODELS"
    without_workspace = load_settings({"VITRINE_HOME": os.devnull})
    return "models in ./vitrine.toml" if without_workspace.models else ""


def _own_weights() -> None:
    """How weights of one's own are named, or a folder's path is given: there is no field for it."""
    st.markdown(
        "Weights of your own, by name or by their folder, go into a TOML file, say `models.toml`; a role that you do "
        "not need is left out. Start Vitrine with `VITRINE_MODELS=models.toml`, or say `--models models.toml` on the "
        "command line:"
    )
    st.code(_TOML, language=None)


def _roles(gallery: Gallery | None) -> None:
    """Who plays which role for the gallery in use."""
    config = workspace.settings()
    try:
        specs = profiles.specs(config.models, config, gallery.root if gallery else "")
    except SettingsError:  # said in the sidebar
        return
    table = [
        {
            "role": role,
            "what it does": does,
            "played by": specs[role].name if role in specs else "nobody",
            "through": specs[role].backend if role in specs else "",
        }
        for role, does in DOES.items()
    ]
    st.dataframe(pd.DataFrame(table), hide_index=True)


st.title("Models")
st.markdown("Who looks at the pictures, and who sorts the answers?")
_profiles()
_roles(sidebar.gallery_in_use())
with st.expander("Name weights of your own for a role"):
    _own_weights()
own_models.draw()
_form()
_try(sidebar.gallery_in_use())
