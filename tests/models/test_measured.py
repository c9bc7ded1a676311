import json
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from engine import models
from engine.analyses import clusters
from engine.errors import ModelError, Stopped
from engine.gallery import open_folder
from engine.gallery.measures import measure
from engine.models.keywords.assigning import assigned
from engine.models.measured import CAN_TELL, SPEC, can_tell, label, refusal, sentence
from engine.models.roles import ModelSpec, Request
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.steps.reading import read
from engine.steps.tasks import DESCRIBE
from engine.store.answers import Store

TELLS = {
    "colour": "colour, color, colours, colors, Colour, dominant colour, the main color of the picture, colour palette,"
    " color scheme, hue, main hues, what color is the photo?, colour tone, colour: red; green or blue",
    "second colour": "secondary colour, second color, the second colour of the image",
    "lighting": "lighting, light, illumination, lighting conditions, the lighting of the scene, overall lighting,"
    " low light, light level, lighting: dark or bright, lighting (dark; dim or bright), how is it lit",
    "brightness": "brightness, how bright is the picture, exposure, exposure level, darkness, lightness, luminance,"
    " light or dark, dark vs light, bright or dark, lighting brightness, brightness: dark; medium; bright",
    "contrast": "contrast, image contrast, level of contrast, tonal contrast, high or low contrast",
    "colourfulness": "colourfulness, colorfulness, colourful, saturation, colour saturation, how vivid the colors are,"
    " vividness, vibrance, black and white, black & white or colour, greyscale, grayscale, monochrome",
    "sharpness": "sharpness, focus, blur, blurriness, image sharpness, sharp or blurred, in focus or out of focus,"
    " picture's sharpness",
    "orientation": "orientation, format, image format, shape of the picture, photo shape, landscape or portrait,"
    " horizontal vs vertical, orientation: landscape or portrait",
    "aspect ratio": "aspect ratio, aspect, ratio of width to height, the photo's proportions",
}
CANNOT = (
    "mood, object, place, time of day, subject, activity, weather, style, quality, size, shape, tone, landscape, "
    "person, colour of the car, background colour, the colour of the subject, mood lighting, light source, lights,"
    " natural or artificial light, colour temperature, colour: warm or cool, lighting: indoor or outdoor,"
    " colour and lighting, main focus, focus of attention, number of colours, eye color, hair colour, skin tone,"
    " emotional tone, picture, image type, Farbe, how sharp the knife is, bright ideas, colour blindness, political"
    " orientation, 色, !"
)


@dataclass(frozen=True)
class Shown:
    path: Path
    hash: str = ""

    def open(self, shorter=0):
        raise AssertionError("pictures are read small, from their path")


@pytest.fixture
def put(tmp_path):
    def write(name, colour, size=(64, 48)):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", size, colour).save(path)
        return Shown(path)

    return write


@pytest.fixture
def vision(settings):
    return models.load("vision", SPEC, settings)


def question(*pictures, criterion="colour", task="describe", prose=False, **payload):
    said = {"criterion": criterion, "look_at": "", "ignore": "", **payload}
    return Request(task, "JSON", said, DESCRIBE.schema, pictures, prose)


def answers(vision, *requests):
    return dict(vision.describe(requests, lambda: None))


def said(reply, item=0):
    return json.loads(reply.text)["answers"][item]


def listed(text, sep=", "):
    return [part.strip().replace(";", ",") for part in text.split(sep)]


@pytest.mark.parametrize(("aspect", "wording"), [(a, w) for a, text in TELLS.items() for w in listed(text)])
def test_every_wording_is_understood(vision, put, aspect, wording):
    picture = put("wide.png", (250, 20, 20))
    assert can_tell(wording)
    assert can_tell(wording.upper())
    expected = label(measure(Image.open(picture.path)), aspect)
    assert said(answers(vision, question(picture, criterion=wording))[0])["label"] == expected


def test_all_it_names_can_be_told():
    assert all(can_tell(name) for name in CAN_TELL)
    assert set(CAN_TELL) == set(TELLS) - {"second colour"}


@pytest.mark.parametrize("wording", [*listed(CANNOT), "", "   ", ":", "colour:mood"])
def test_what_cannot_be_seen_is_not_pretended(vision, put, wording):
    assert not can_tell(wording)
    asked = vision.describe([question(put("a.png", "red")), question(put("b.png", "red"), criterion=wording)], print)
    with pytest.raises(ModelError, match="cannot tell"):
        next(asked)  # before the first answer


def test_the_refusal_names_what_can_be_told_and_the_ways_on(vision, put):
    with pytest.raises(ModelError) as refused:
        answers(vision, question(put("a.png", "red"), criterion="mood"))
    assert refused.value.message == (
        "Measured words cannot tell 'mood': without a model only colour, lighting, brightness, contrast, "
        "colourfulness, sharpness, orientation and aspect ratio can be told, one at a time."
    )
    assert refused.value.hint == "Connect an endpoint or open weights on the Models page or with --models."
    assert not refused.value.retryable


def test_parts_of_a_picture_are_not_pretended(vision, put):
    picture = put("a.png", "red")
    with pytest.raises(ModelError, match="cannot look at 'the car'"):
        answers(vision, question(picture, look_at="the car"))
    with pytest.raises(ModelError, match="cannot ignore 'people'"):
        answers(vision, question(picture, ignore="people"))
    assert refusal("colour", "the whole picture", " ") == ""


def test_other_tasks_are_refused(vision, put):
    with pytest.raises(ModelError, match="'verify'"):
        answers(vision, question(put("a.png", "red"), task="verify"))


@pytest.mark.parametrize(
    ("criterion", "colour", "answer", "first"),
    [
        ("colour", (200, 20, 20), "red", "Mainly red (100% of the area); "),
        ("lighting", (10, 10, 10), "dark", "Dark (mean lightness L* 3, from 3 to 3); mainly black; "),
        ("lighting", (120, 120, 120), "even", "Even light (mean lightness L* 50, from 50 to 50); mainly grey; "),
        ("brightness", "white", "bright", "Bright (mean lightness L* 100, from 100 to 100); mainly white; "),
        ("contrast", (120, 120, 120), "low", "Low contrast (lightness L* varies by 0, from 50 to 50); mainly grey; "),
        ("saturation", (120, 120, 120), "black and white", "Black and white (colourfulness 0, where 0 is grey"),
        ("sharpness", (120, 120, 120), "plain", "Plain (sharpness 0.00, where 0 is blurred"),
        ("orientation", (120, 120, 120), "landscape", "Landscape 4:3 (1.33 times as wide as high); mainly grey; "),
        ("aspect ratio", (120, 120, 120), "4:3", "4:3, landscape (1.33 times as wide as high); mainly grey; "),
    ],
)
def test_label_and_sentence(vision, put, criterion, colour, answer, first):
    entry = said(answers(vision, question(put("a.png", colour), criterion=criterion))[0])
    assert entry["label"] == answer
    assert entry["description"].startswith(first)
    assert entry["description"].endswith(".")


def test_the_sentence_leads_with_the_colour_asked_for():
    picture = Image.new("RGB", (100, 100), "navy")
    picture.paste("white", (0, 0, 100, 30))
    m = measure(picture)
    assert sentence(m, "colour").startswith("Mainly blue (70% of the area). Then white (30%); dim, high contrast; ")
    assert sentence(m, "second colour").startswith("Second to blue comes white (")
    assert label(m, "second colour") == "white"
    assert label(measure(Image.new("RGB", (9, 9), "red")), "second colour") == "none"


def test_a_grey_photo_is_greyscale():
    ramp = Image.linear_gradient("L").convert("RGB")
    assert label(measure(ramp), "colour") == "greyscale"
    assert sentence(measure(ramp), "colour").startswith("Greyscale (lightness L* ")
    assert "black and white" in sentence(measure(ramp), "sharpness")


def test_replies_are_valid_and_carry_their_index(vision, put):
    colours = ["red", "lime", "blue", "yellow", "white", "black"] * 8
    requests = [question(put(f"{i}.png", c)) for i, c in enumerate(colours)]
    replies = answers(vision, *requests)
    assert sorted(replies) == list(range(48))
    named = {"lime": "green"}
    assert [said(replies[i])["label"] for i in range(48)] == [named.get(c, c) for c in colours]
    assert all((r.tokens_in, r.tokens_out, r.refused, r.cut) == (0, 0, False, False) for r in replies.values())
    assert all(read(r, DESCRIBE, {}, 1, prose=False).answers for r in replies.values())


def test_several_pictures_a_request(vision, put):
    bad = put("bad.png", "red")
    bad.path.write_bytes(b"")
    reply = answers(vision, question(put("a.png", "red"), bad, put("c.png", "blue")))[0]
    assert [(a["item"], a["label"]) for a in json.loads(reply.text)["answers"]] == [(0, "red"), (2, "blue")]


def test_unreadable_pictures_fail_with_their_reason(vision, put, tmp_path):
    empty, torn, good = put("empty.png", "red"), put("torn.png", "red", (300, 300)), put("good.png", "red")
    empty.path.write_bytes(b"")
    torn.path.write_bytes(torn.path.read_bytes()[:100])
    replies = answers(vision, *map(question, (empty, torn, Shown(tmp_path / "gone.png"), good)))
    assert [replies[i].failure for i in range(4)] == ["empty", "truncated", "vanished", ""]
    assert said(replies[3])["label"] == "red"


def test_prose_is_the_sentence(vision, put):
    reply = answers(vision, question(put("a.png", "red"), prose=True))[0]
    assert reply.text.startswith("Mainly red")


def test_it_stops_when_told_and_hands_on_what_landed(vision, put):
    def check():
        if got:
            raise Stopped

    def ask():
        for one in vision.describe(requests, check):
            got.append(one)

    requests, got = [question(put(f"{i}.png", "red")) for i in range(200)], []
    with pytest.raises(Stopped):
        ask()
    assert 0 < len(got) < 200


def test_nothing_asked_nothing_answered(vision):
    assert answers(vision) == {}


def test_no_thread_is_left(vision, put):
    answers(vision, question(put("a.png", "red")))
    for thread in threading.enumerate():
        if thread.name.startswith("measure"):
            thread.join(5)
            assert not thread.is_alive()


def test_through_the_analysis(settings, put):
    colours = {"red": (220, 30, 30), "green": (30, 160, 50), "blue": (30, 60, 200)}
    for i in range(12):
        name = list(colours)[i % 3]
        put(f"{name}{i}.png", tuple(v + i for v in colours[name]))
    gallery = open_folder(put("red12.png", (210, 40, 40)).path.parent, settings)
    progress, store = Progress(), Store(settings.home)

    def ask(role, spec):
        return Remembered(spec, lambda: models.load(role, spec, settings), store, progress)

    result = clusters.run(
        gallery,
        clusters.Params(clusters.Criterion("dominant color")),
        vision=ask("vision", SPEC),
        chat=ask("chat", ModelSpec("fake", "fake")),
        progress=progress,
        seed=0,
    )
    assert {c.name: c.size for c in result.clusters} == {"red": 5, "green": 4, "blue": 4}
    assert all(row.file.startswith(row.cluster) for row in result.rows)
    assert progress.cost.tokens_in == 0  # labels of a fixed list are clusters as they are: no chat question


def test_a_rare_first_colour_is_not_sorted_by_the_second():
    picture = Image.new("RGB", (100, 100), "white")
    picture.paste("green", (0, 0, 100, 10))
    said = sentence(measure(picture), "colour")
    assert assigned("colour", ["green", "brown"], [said]) == [None]
    assert assigned("colour", ["green", "white"], [said]) == [1]
    assert assigned("colour", ["black", "grey", "white"], ["greyscale"]) == [None]
