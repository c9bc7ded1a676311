"""Vision without a model: descriptions and labels from what can be measured of any picture (gallery.measures).

It answers `describe` for the few criteria in CAN_TELL, in the words people use for them, and for the whole picture
only. Anything else (mood, object, place ...) is refused before the first answer: nothing is guessed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from engine.errors import ModelError
from engine.gallery.measures import COLOURS, SIDE, Measures, measure
from engine.gallery.reading import Unreadable, read_picture
from engine.models.roles import Check, ModelSpec, Reply, Request, Shown
from engine.settings import Settings

CAN_TELL = ("colour", "lighting", "brightness", "contrast", "colourfulness", "sharpness", "orientation", "aspect ratio")
REVISION = "2"  # raised when the same picture would be answered otherwise
SPEC = ModelSpec("measured", "measured words", REVISION, {"exact": True})

_WAYS_ON = "Connect an endpoint or open weights on the Models page or with --models."
_WORDS = {  # what is asked for, by each word that asks for it
    "colour": "colour colours color colors hue hues palette colouring coloring",
    "lighting": "light lighting illumination lit",
    "brightness": "brightness bright lightness darkness dark dim exposure exposed luminosity luminance",
    "contrast": "contrast contrasts contrasty tonal",
    "colourfulness": "colourfulness colorfulness colourful colorful saturation saturated vividness vivid vibrance "
    "vibrancy vibrant greyscale grayscale monochrome",
    "sharpness": "sharpness sharp focus focused focussed blur blurry blurred blurriness crispness softness",
    "orientation": "orientation format",
    "aspect ratio": "aspect ratio ratios",
}
_ASKED = {word: aspect for aspect, words in _WORDS.items() for word in words.split()}
_OF_PICTURES = {"shape": "orientation", "proportions": "aspect ratio", "proportion": "aspect ratio"}  # else of things
_OR = "(and|or|vs|versus|&)"
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = (  # one thing said by two words that alone ask for something else
    (re.compile(rf"\bblack {_OR} white\b( {_OR} (in )?colou?r)?"), "greyscale"),
    (re.compile(rf"\b(light {_OR} dark|dark {_OR} light)\b"), "brightness"),
    (re.compile(rf"\b(landscape {_OR} portrait|portrait {_OR} landscape)\b"), "format"),
    (re.compile(rf"\b(horizontal {_OR} vertical|vertical {_OR} horizontal)\b"), "format"),
)
_TOGETHER = {  # two words for one thing: colour saturation, low-light exposure
    frozenset(("colour", "colourfulness")): "colourfulness",
    frozenset(("lighting", "brightness")): "brightness",
    frozenset(("orientation", "aspect ratio")): "aspect ratio",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PICTURE = _words("image images picture pictures photo photos photograph photographs shot frame")
_CHIEF = _words("dominant main mainly mostly primary predominant prevailing leading")
_SECOND = _words("second secondary")
_EMPTY = _words(  # change nothing: the whole picture is looked at anyway
    "a all an are as by condition conditions degree entire everything general group grouped high how in is it its "
    "level levels low much of on or out overall s scene scheme situation the their this to tone tones total value "
    "values vs versus what which whole width height"
)
_CHOICES = {  # what may stand after a colon, as in "lighting: dark or bright"
    "colour": {*COLOURS, "gray", "colourful", "colorful"},
    "lighting": {"dark", "dim", "bright", "even", "contrast"},
    "brightness": {"dark", "dim", "medium", "bright", "light"},
    "contrast": {"medium", "contrast"},
    "colourfulness": {"black", "white", "greyscale", "muted", "moderate", "vivid", "colour", "color"},
    "sharpness": {"sharp", "soft", "blurred", "blurry", "focus", "plain"},
    "orientation": {"landscape", "portrait", "square", "panorama", "horizontal", "vertical"},
    "aspect ratio": set[str](),
}


def can_tell(criterion: str) -> bool:
    """Whether this criterion, said in words, can be measured."""
    return bool(_aspect(criterion))


def refusal(criterion: str, look_at: str = "", ignore: str = "") -> str:
    """Why this cannot be told, in a sentence; empty where it can."""
    if not can_tell(criterion):
        *most, last = CAN_TELL
        return (
            f"Measured words cannot tell {criterion!r}: without a model only {', '.join(most)} and {last} "
            "can be told, one at a time."
        )
    if set(_tokens(look_at)) - _EMPTY - _PICTURE:
        return f"Measured words see the whole picture: they cannot look at {look_at!r} alone."
    if _tokens(ignore):
        return f"Measured words see the whole picture: they cannot ignore {ignore!r}."
    return ""


@dataclass(frozen=True)
class Measured:
    """Plays vision."""

    spec: ModelSpec
    max_pixels: int

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Replies as they complete, out of order; an unreadable picture is a failed reply with its reason.

        Raises:
            ModelError: a criterion that cannot be measured, before anything is answered; Stopped: `check` said so.
        """
        for request in requests:
            _refuse(request)
        workers = os.cpu_count() or 1
        pool = ThreadPoolExecutor(workers, thread_name_prefix="measure")
        todo = iter(enumerate(requests))
        pending: dict[Future[Reply], int] = {}
        try:
            while True:
                while len(pending) < 4 * workers and (one := next(todo, None)):
                    pending[pool.submit(self._answered, one[1])] = one[0]
                if not pending:
                    return
                for done in wait(pending, timeout=0.2, return_when=FIRST_COMPLETED).done:
                    yield pending.pop(done), done.result()
                check()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # a picture being decoded cannot be interrupted

    def _answered(self, request: Request) -> Reply:
        aspect = _aspect(request.payload["criterion"])
        answers, failure = [], ""
        for i, picture in enumerate(request.pictures):
            try:
                measures = self._measured(picture)
            except Unreadable as problem:
                failure = problem.reason
                continue
            answers.append({"item": i, "description": sentence(measures, aspect), "label": label(measures, aspect)})
        if not answers:
            return Reply(failure=failure or "there was no picture")
        return Reply(answers[0]["description"] if request.prose else json.dumps({"answers": answers}))

    def _measured(self, picture: Shown) -> Measures:
        return measure(read_picture(picture.path, self.max_pixels, enough=2 * SIDE))


def load(role: str, spec: ModelSpec, settings: Settings) -> Measured:
    """Nothing has to be loaded."""
    del role
    return Measured(spec, settings.max_pixels)


def _aspect(criterion: str) -> str:
    """Which of CAN_TELL a criterion asks for, or the second colour; empty where it asks for anything else."""
    name, _, choices = criterion.strip().rstrip(").").replace("(", ":").partition(":")
    said = " ".join(_tokens(name))
    for phrase, word in _PHRASES:
        said = phrase.sub(word, said)
    words = set(said.split())
    of_pictures = _OF_PICTURES if _PICTURE & words else {}
    found = {_ASKED.get(word) or of_pictures.get(word, "") for word in words} - {""}
    aspect = next(iter(found)) if len(found) == 1 else _TOGETHER.get(frozenset(found), "")
    left = words - set(_ASKED) - set(of_pictures) - _EMPTY - _PICTURE
    if aspect == "colour" and left & _SECOND:
        aspect, left = "second colour", left - _SECOND
    if aspect in ("colour", "lighting"):
        left -= _CHIEF
    known = _CHOICES.get(aspect.removeprefix("second "), set())
    return "" if left or set(_tokens(choices)) - _EMPTY - known - {"and"} else aspect


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+|&", text.lower())


def _refuse(request: Request) -> None:
    if request.task != "describe":
        raise ModelError(f"Measured words cannot answer {request.task!r}: they only describe.", _WAYS_ON)
    said = request.payload
    if why := refusal(said["criterion"], said.get("look_at", ""), said.get("ignore", "")):
        raise ModelError(why, _WAYS_ON)


def label(m: Measures, aspect: str) -> str:
    """The short answer: a word or two that people would use."""
    return _LABELS[aspect](m)


def sentence(m: Measures, aspect: str) -> str:
    """What was measured, in a plain sentence with the numbers.

    What was asked for comes first; what is of its kind stays away (an even light of high contrast would read as two
    answers), and the rest follows in a word each.
    """
    rest = {
        "colour": f"mainly {label(m, 'colour')}",
        "light": f"{m.brightness}, {m.contrast_word}" if m.brightness != "medium" else m.contrast_word,
        "sharpness": m.focus,
        "format": f"{m.orientation} {m.aspect_word}",
    }
    del rest[_KINDS[aspect]]
    if m.colour in ("black and white", "colourful") and "colour" in rest:
        rest["colour"] = m.colour
    return f"{_sentence(m, aspect)}; {'; '.join(rest.values())}."


_LABELS: dict[str, Callable[[Measures], str]] = {
    # Not "black and white", which could as well be a zebra's colours.
    "colour": lambda m: "greyscale" if m.colour == "black and white" else m.colour,
    "second colour": lambda m: m.second_colour or "none",
    "lighting": lambda m: m.lighting,
    "brightness": lambda m: m.brightness,
    "contrast": lambda m: m.contrast_word.removesuffix(" contrast"),
    "colourfulness": lambda m: m.vividness,
    "sharpness": lambda m: m.focus,
    "orientation": lambda m: m.orientation,
    "aspect ratio": lambda m: m.aspect_word,
}
_KINDS = {
    "colour": "colour",
    "second colour": "colour",
    "colourfulness": "colour",
    "lighting": "light",
    "brightness": "light",
    "contrast": "light",
    "sharpness": "sharpness",
    "orientation": "format",
    "aspect ratio": "format",
}


def _sentence(m: Measures, aspect: str) -> str:
    said, spread = label(m, aspect).capitalize(), f"{m.percentiles[1]:.0f} to {m.percentiles[5]:.0f}"
    match aspect:
        case "colour" | "second colour":
            return _colours(m, aspect)
        case "lighting" | "brightness":
            light = " light" if aspect == "lighting" and m.lighting in ("dim", "even", "bright") else ""
            return f"{said}{light} (mean lightness L* {m.lightness:.0f}, from {spread})"
        case "contrast":
            return f"{said} contrast (lightness L* varies by {m.contrast:.0f}, from {spread})"
        case "colourfulness":
            colours = "" if m.grey else " colours"
            return f"{said}{colours} (colourfulness {m.colourfulness:.0f}, where 0 is grey and 109 extreme)"
        case "sharpness":
            return f"{said} (sharpness {m.sharpness:.2f}, where 0 is blurred and from 0.12 on is sharp)"
        case "orientation":
            return f"{said} {m.aspect_word} ({m.aspect:.2f} times as wide as high)"
        case _:
            return f"{said}, {m.orientation} ({m.aspect:.2f} times as wide as high)"


def _colours(m: Measures, aspect: str) -> str:
    """The leading colours, with their share of the area."""
    if m.colour == "black and white":
        return f"Greyscale (lightness L* {m.percentiles[1]:.0f} to {m.percentiles[5]:.0f}, no colour)"
    shown = [c for i, c in enumerate(m.colours[:4]) if i == 0 or c.area >= 0.05]
    named = [
        f"{c.name} ({c.area:.0%} of the area)" if i == 0 else f"{c.name} ({c.area:.0%})" for i, c in enumerate(shown)
    ]
    if m.colour == "colourful":
        return f"Colourful: {', '.join(named)}, and none of them leads"
    if aspect == "second colour":
        return f"Second to {m.colours[0].name} comes {m.second_colour or 'none'} ({', '.join(named)})"
    # The others in a sentence of their own, lest a picture whose first colour is rare be sorted by its second.
    return f"Mainly {named[0]}" + (f". Then {' and '.join(named[1:])}" if named[1:] else "")
