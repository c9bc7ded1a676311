"""Form -> price -> Run -> wait -> what came of it: the same for every analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from engine.analyses import MAKINGS
from engine.errors import RunError, VitrineError
from engine.gallery import Gallery
from engine.jobs import asking
from engine.models import profiles
from engine.report.cost import cost_line
from engine.report.cost import time_told as _time
from engine.settings import Settings
from engine.store.runs import ACTIVE, Request, Run, Status
from engine.typed import written_names
from pages.parts import workspace
from pages.parts.workspace import plain

_OF_A_RUN = (
    "repeat",
    "do",
    "model",
    "check",
    "split",
    "cluster",
    "picture",
    "rev",
    "part",
    "axis",
    "threshold",
    "finding",
    "of",
    "cell",
    "element",
)
_CHOSEN = ("typical_", "deficit_", "cross_", "tree_")  # what widgets of a finished run put into the address


def price_and_run(
    request: Request,
    gallery: Gallery,
    params: Any,  # noqa: ANN401
    slot: Any,  # noqa: ANN401
    key: str = "run",
    label: str = "Run",
    then: Callable[[Run], None] = lambda _: None,
) -> None:
    """The price of a request under the form, its button in `slot`; pressing it puts the run into the address.

    Args:
        request: what to ask.
        gallery: of which pictures.
        params: of the request.
        slot: the button's place.
        key: of the button.
        label: of the button.
        then: told of the run before it is shown.
    """
    config = workspace.settings()
    same = st.query_params.get("run") == request.id
    known = (config.home / "runs" / request.id / "status.json").exists()
    state = workspace.runs().get(request.id).status.state if known else ""
    if same and state in ("stopped", "failed"):
        st.caption("Asked, and not ended: below it can go on.")
        return
    if state == "done" or state in ACTIVE:
        there = {"done": "Asked before", "queued": "Asked, waiting", "running": "Asked, running"}[state]
        st.caption(
            "Asked before: the answer is below."
            if same and state == "done"
            else "Asked: it is below."
            if same
            else f"{there}: opening it asks nothing."
        )
        with slot:
            if st.button("Open", type="primary", disabled=same, key=key):
                then(workspace.runs().get(request.id))
                open_run(request.id)
        return
    try:
        price = asking.estimate(request, gallery, params, config)
    except VitrineError as problem:
        st.error(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    st.caption(_price_line(price, config))
    if wanted := profiles.to_fetch(request.models):
        size, names = sum(w.gigabytes for w in wanted), ", ".join(w.spec.name for w in wanted)
        st.caption(f"{size:.1f} GB will be fetched first, to {plain(str(profiles.hub_cache()))}: {plain(names)}.")
    host = asking.leaves_for(request.models)
    allowed = not host or _consent(request, host, gallery, config, key)
    with slot:
        if st.button(label, type="primary", disabled=not allowed, key=key):
            budget = st.session_state.get("budget")
            run = workspace.runs().submit(request, budget or None)
            then(run)
            open_run(run.id)


def page_of(analysis: str) -> str:
    """The file of the page that shows runs of an analysis, or of a making: these belong to typicality."""
    return f"{'typicality' if analysis in MAKINGS else analysis}.py"


def refuse(button: Any, label: str, problem: VitrineError) -> None:  # noqa: ANN401  a place on the page
    """What cannot be asked so: its button rests, and why and the mend are said."""
    button.button(label, type="primary", disabled=True, key="run", help=plain(problem.message))
    st.warning(f"{plain(problem.message)} {plain(problem.hint)}")


def open_run(id: str) -> None:
    """Put a run into the address and show it."""
    close_run()
    st.query_params["run"] = id
    st.rerun()


def close_run() -> None:
    """Take the run, and what is chosen of it, out of the address."""
    for word in ("run", *_OF_A_RUN, *[word for word in st.query_params if word.startswith(_CHOSEN)]):
        st.query_params.pop(word, None)


def asked_before(gallery: Gallery, analysis: str, now: Run | None) -> None:
    """Finished runs of an analysis of this gallery, one click away."""
    mine = [run for run, _ in workspace.runs_of(gallery, analysis)]
    if not mine:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption("asked before", width="content")
        for run in mine[:8]:
            here = now is not None and now.id == run.id
            said, selection = choices(run.request.params), run.request.selection
            if criterion := run.request.params.get("criterion"):
                said = [criterion["name"], *said, *([] if selection == "everything" else [f"of {selection}"])]
            else:
                said = [selection, *said]
            who = plain(" · ".join(dict.fromkeys(spec.label for spec in run.request.models.values())))
            kind = "primary" if here else "secondary"
            if st.button(plain(", ".join(said)), key=f"before_{run.id}", type=kind, disabled=here, help=who):
                open_run(run.id)
        others = len(mine) > 1 and analysis not in MAKINGS
        if now is not None and others and st.button(
            "Compare with ...", key="compare_with", type="tertiary", icon=":material/compare_arrows:",
            help="Another run side by side: what moved, was renamed, came and went, cost",
        ):  # fmt: skip
            st.switch_page("compare.py", query_params={"a": now.id})


def result(run: Run, key: str = "unreadable") -> Any:  # noqa: ANN401  the analysis' Result, or None
    """A finished run's result; None where its file is gone or damaged, and why and the way on are said."""
    try:
        return workspace.result(run)
    except RunError as problem:
        st.error(plain(problem.message), icon=":material/error:")
    if st.button("Ask again", type="primary", key=key, help="Answers are kept: only the result is told anew."):
        workspace.runs().submit(run.request, again=True)
        open_run(run.id)
    return None


def warn_of_strangers(run: Run, gallery: Gallery) -> None:
    """Say it where a run was told by models that do not know such pictures."""
    if roles := profiles.strangers(run.request.models, gallery.root):
        st.warning(
            f"Told by models that know only Postcards ({', '.join(roles)}): of these pictures it says nothing.",
            icon=":material/warning:",
        )


def wait(run: Run, draw_partial: Any) -> None:  # noqa: ANN401
    """Show a run that is queued or running, until it ends."""

    @st.fragment(run_every=0.6)
    def waiting() -> None:
        status = run.status
        if status.state not in ACTIVE:
            st.rerun()
        _progress(run, status)
        if partial := run.partial:
            draw_partial(partial)

    waiting()


def ended_badly(run: Run, status: Status, draw_partial: Any) -> None:  # noqa: ANN401
    """A failed or stopped run: why, what can be done, and what was found until then."""
    stopped = status.state == "stopped"
    text = f"{plain(status.error)} {plain(status.hint)}"
    (st.warning if stopped else st.error)(text, icon=":material/pause_circle:" if stopped else ":material/error:")
    st.caption(cost_line(status))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if workspace.settings().prices.known:
            st.number_input("Budget", min_value=0.0, value=status.budget or 0.0, key="budget_more", width=140)
        if st.button("Go on", type="primary", key="go_on"):
            budget = st.session_state.get("budget_more") or None
            workspace.runs().submit(run.request, budget)
            st.rerun()
    if partial := run.partial:
        draw_partial(partial)


def choices(params: Mapping[str, Any]) -> list[str]:
    """What was asked other than the form would by itself."""
    criterion = params.get("criterion", {})
    said = {
        "K": params.get("k") if params.get("k") != "auto" else "",
        "look at": criterion.get("look_at"),
        "ignore": criterion.get("ignore"),
        "keep": written_names(params.get("keep", ())),
        "avoid": written_names(params.get("avoid", ())),
        "by way of": ", ".join(map(str, params.get("via", ()))),
        "described": f"{params.get('share', 1.0):.0%} at most" if params.get("share", 1.0) < 1 else "",
        "second opinion": {None: "", True: "yes", False: "no"}[params.get("second_opinion")],
        "by": params.get("by"),
        "sets": ", ".join(params.get("groups", ())),
        "core-set of": params.get("coreset"),
        "duplicates from": params.get("threshold"),
        "goal": params.get("goal"),
        "with": ", ".join(params.get("statements", ())),
        "dimensions": params.get("count") if "rounds" in params and "given" in params else "",
        "given": ", ".join(one["name"] for one in params.get("given", ())),
        "paired": "by name" if params.get("paired") else "",
        "verified on": params.get("verify"),
        "labels": ", ".join(params.get("labels", ())),
        "against": params.get("against") if params.get("against") != "null" else "",
        "draws": params.get("draws") if "per_picture" in params else "",
        "through": params.get("how") if params.get("how") == "lora" else "",
        "at most": f"{params['steps']:,} steps" if "patience" in params else "",
        "from": params.get("label") if "to" in params else "",
        "to": ", ".join(params.get("to", ())),
        "pictures": params.get("count") if "to" in params else "",
    }
    return [f"{name} {value}" for name, value in said.items() if value]


def _progress(run: Run, status: Status) -> None:
    if status.state == "queued":
        text = "Waiting for the worker"
        ahead = [r for r, s in workspace.asked() if s.state in ACTIVE and s.queued < status.queued]
        text += f"; {len(ahead)} ahead" if ahead else ""
        part = 0.0
    else:
        left = f" · {_time(status.seconds_left)} left" if status.seconds_left else ""
        slow = status.rate < 0.1
        rate = f" · {60 * status.rate:.1f} a minute" if slow else f" · {status.rate:.1f} a second"
        count = f" {status.done:,} of {status.total:,}{rate * bool(status.rate)}{left}" if status.total else ""
        text = f"{status.step.capitalize()}{count}"
        part = min(1.0, status.done / status.total) if status.total else 0.0
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(part, text=text)
        if st.button("Stopping" if run.cancelled else "Stop", key="stop_run", disabled=run.cancelled):
            run.stop()
            st.rerun()
    if status.unanswered:
        st.caption(f":orange[{status.unanswered:,} without an answer so far]; each is asked once more.")
    st.caption(cost_line(status))
    for note in status.notes:
        st.caption(plain(note))


def _price_line(price: Any, config: Settings) -> str:  # noqa: ANN401
    parts = []
    for role in price.roles:
        known = f" ({role.known:,} known already)" if role.known else ""
        of, about = f"of {price.pictures:,} pictures to describe", f"questions about {price.pictures:,} pictures"
        some = of if role.questions <= price.pictures else about  # where pictures are asked more than one thing
        many = "s" * (role.questions != 1)
        said = {
            "vision": f"{'up to ' * (role.at_most and role.questions > 0)}{role.questions:,} {some}{known}",
            "chat": f"{'up to ' if role.questions else ''}{role.questions:,} chat question{many}",
            "denoiser": f"{role.questions:,} evaluations of the denoiser for {price.pictures:,} pictures",
            "steps": f"at most {role.questions:,} steps on {price.pictures:,} pictures",
        }
        parts.append(said.get(role.role, f"{role.questions:,} of {price.pictures:,} pictures need a vector{known}"))
    if price.tokens:
        parts.append(f"about {price.tokens:,.0f} tokens")
        money = price.money(config.prices)
        parts.append(f"about {money:.4g} money" if money is not None else "no prices set")
    if not any(asking.is_remote(r.model) for r in price.roles):
        parts.append("nothing leaves this machine")
    measured = "" if all(r.measured for r in price.roles) else " (a guess: this model was not timed here yet)"
    parts.append(f"about {_time(price.seconds)}{measured}")
    return " · ".join(parts)


def _consent(request: Request, host: str, gallery: Gallery, config: Settings, key: str) -> bool:
    """Asked once a gallery and host, and again for more pictures: whether they may leave this machine."""
    most, told = asking.pictures_sent(request, gallery)
    if asking.has_consent(request, host, most, config):
        return True
    if st.checkbox(f"{told} will be sent to **{plain(host)}**. I agree.", key=f"consent_{key}_{host}_{most}"):
        asking.give_consent(request, host, most, config)
        return True
    return False
