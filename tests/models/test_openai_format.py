import base64
import io
import json
from dataclasses import dataclass, replace

import pytest
from PIL import Image

from engine.models.openai_format import Dialect, NotAnAnswerError, body, data_url, narrower, reply_from
from engine.models.roles import Reply, Request

SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
ASKED = Request("label", "Answer with one JSON object.", {"criterion": "mood ä"}, SCHEMA, max_tokens=600)
MESSAGE = '{"task": "label", "criterion": "mood ä"}'


@dataclass
class Shown:
    image: Image.Image

    def open(self, shorter=0):
        return self.image.copy()


def picture(width, height, colour="red") -> Shown:
    return Shown(Image.new("RGB", (width, height), colour))


def looking(*pictures) -> Request:
    return replace(ASKED, task="describe", pictures=pictures)


def made(request=ASKED, **dialect):
    return body(request, "m", Dialect(**dialect), {})


def test_the_whole_body():
    assert made() == {
        "model": "m",
        "messages": [{"role": "system", "content": ASKED.instructions}, {"role": "user", "content": MESSAGE}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "label", "schema": SCHEMA, "strict": True},
        },
        "temperature": 0,
        "seed": 0,
        "max_tokens": 600,
    }


def test_dialects_each_leave_one_thing_out():
    usual = made()
    assert made(temperature=False) == {k: v for k, v in usual.items() if k != "temperature"}
    assert made(seed=False) == {k: v for k, v in usual.items() if k != "seed"}
    assert made(max_tokens="") == {k: v for k, v in usual.items() if k != "max_tokens"}
    assert made(max_tokens="max_completion_tokens")["max_completion_tokens"] == 600
    assert "max_tokens" not in made(max_tokens="max_completion_tokens")
    assert made(schema="json_object") == usual | {"response_format": {"type": "json_object"}}


def test_without_any_schema_it_goes_into_the_instructions():
    sent = made(schema="none")
    assert "response_format" not in sent
    told = sent["messages"][0]["content"]
    assert told.startswith(ASKED.instructions)
    assert json.loads(told[told.index("{") :]) == SCHEMA


@pytest.mark.parametrize("schema", ["json_schema", "none"])
def test_without_a_system_role_the_users_text_says_all(schema):
    sent = made(system=False, schema=schema)
    assert [m["role"] for m in sent["messages"]] == ["user"]
    said = sent["messages"][0]["content"]
    assert said.startswith(ASKED.instructions)
    assert said.endswith(f"\n\n{MESSAGE}")
    assert ("additionalProperties" in said) is (schema == "none")


def test_pictures_follow_the_text_in_their_order():
    sent = made(looking(picture(8, 8, "red"), picture(8, 8, "blue")), system=False)
    text, *shown = sent["messages"][0]["content"]
    assert text["type"] == "text"
    assert text["text"].endswith('{"task": "describe", "criterion": "mood ä"}')
    colours = [Image.open(opened(part["image_url"]["url"])).getpixel((0, 0)) for part in shown]
    assert colours == [(255, 0, 0), (0, 0, 255)]


def test_prose_asks_for_no_json():
    sent = made(replace(looking(picture(8, 8)), prose=True))
    assert "response_format" not in sent
    assert "schema" not in made(replace(ASKED, prose=True), schema="none")["messages"][0]["content"]


def test_draws_are_warm_and_seeded():
    drawn = made(replace(ASKED, draw=3))
    assert (drawn["temperature"], drawn["seed"]) == (0.7, 3)


def opened(url):
    kind, data = url.split(";base64,")
    assert kind in ("data:image/png", "data:image/jpeg")
    return io.BytesIO(base64.b64decode(data))


@pytest.mark.parametrize(
    ("size", "side", "sent", "kind"),
    [
        ((2000, 1000), 768, (768, 384), "JPEG"),
        ((1000, 2000), 768, (384, 768), "JPEG"),
        ((768, 768), 768, (768, 768), "JPEG"),
        ((300, 200), 768, (300, 200), "JPEG"),  # never larger than it is
        ((129, 5), 768, (129, 5), "JPEG"),
        ((128, 128), 768, (128, 128), "PNG"),
        ((1, 1), 768, (1, 1), "PNG"),
        ((2000, 1000), 64, (64, 32), "PNG"),
        ((5000, 1), 768, (768, 1), "JPEG"),
    ],
)
def test_sizes(size, side, sent, kind):
    image = Image.open(opened(data_url(picture(*size), side)))  # type: ignore[arg-type]
    assert (image.size, image.format) == (sent, kind)


def test_the_side_is_an_option():
    url = body(looking(picture(900, 900)), "m", Dialect(), {"max_side": 300})["messages"][1]["content"][1]["image_url"]
    assert Image.open(opened(url["url"])).size == (300, 300)


# What real servers say in their 400s, and what must be left out because of it.
COMPLAINTS = {
    "vLLM, guided decoding": ("The provided JSON schema contains features not supported by xgrammar.", "schema"),
    "vLLM, no such backend": ("Guided decoding is not available on this platform.", "schema"),
    "OpenAI, older model": (
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. Learn more about "
        "supported models at the Structured Outputs guide.",
        "schema",
    ),
    "Groq": ("This model does not support response format `json_schema`.", "schema"),
    "DeepSeek": ("This response_format type is unavailable now", "schema"),
    "llama.cpp, type": ('response_format type must be one of "text" and "json_object", but got: json_schema', "schema"),
    "llama.cpp, schema": ("JSON schema conversion failed:\nUnrecognized schema: {}", "schema"),
    "llama.cpp, grammar": ("Failed to parse grammar", "schema"),
    "LM Studio": ("'response_format.type' must be 'json_schema' or 'text'", "schema"),
    "FastAPI": (
        "Error code: 422 - {'detail': [{'type': 'extra_forbidden', 'loc': ['body', 'response_format']}]}",
        "schema",
    ),
    "OpenAI, temperature": (
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        "temperature",
    ),
    "OpenAI, max_tokens": (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "max_tokens",
    ),
    "vLLM, too long": (
        "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 4096 "
        "tokens and your request has 900 input tokens (4096 > 4096 - 900).",
        "max_tokens",
    ),
    "older vLLM, too long": (
        "This model's maximum context length is 4096 tokens. However, you requested 4996 tokens (900 in the messages, "
        "4096 in the completion). Please reduce the length of the messages or completion.",
        "max_tokens",
    ),
    "Mistral, seed": ('[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs not permitted"}]', "seed"),
    "OpenAI o1": ("Unsupported value: 'messages[0].role' does not support 'system' with this model.", "system"),
    "Gemma's template": ("System role not supported", "system"),
    "Mistral's template": ("Conversation roles must alternate user/assistant/user/assistant/...", "system"),
    "Llama 2's template": ("Only user and assistant roles are supported!", "system"),
}


@pytest.mark.parametrize("server", COMPLAINTS)
def test_what_servers_complain_of(server):
    complaint, what = COMPLAINTS[server]
    changed = narrower(Dialect(), complaint, made())
    wanted = {
        "schema": Dialect(schema="json_object"),
        "temperature": Dialect(temperature=False),
        "max_tokens": Dialect(max_tokens="max_completion_tokens"),
        "seed": Dialect(seed=False),
        "system": Dialect(system=False),
    }
    assert changed == wanted[what]


@pytest.mark.parametrize(
    "complaint",
    [
        "Your request was rejected as a result of our safety system.".replace("system", "rules"),
        "Invalid image data",
        "The image is too large (over 20 MB)",
        "",
    ],
)
def test_other_complaints_are_about_the_question(complaint):
    assert narrower(Dialect(), complaint, made()) is None


def test_nothing_is_left_out_that_was_not_sent():
    bare = Dialect("none", False, False, "", False)
    for complaint, _ in COMPLAINTS.values():
        assert narrower(bare, complaint, body(ASKED, "m", bare, {})) is None


def test_a_server_that_complains_of_everything_is_asked_finitely_often():
    everything = " ".join(complaint for complaint, _ in COMPLAINTS.values()) + " max_completion_tokens json_object"
    dialect, tried = Dialect(), 0
    while (less := narrower(dialect, everything, body(ASKED, "m", dialect, {}))) is not None:
        assert less != dialect
        dialect, tried = less, tried + 1
    assert (dialect, tried) == (Dialect("none", False, False, "", False), 7)  # 2 schema, 2 tokens, 3 others


def replied(message, **choice):
    return json.dumps({"choices": [{"message": message, **choice}]})


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        (replied({"content": "dog"}, finish_reason="stop"), Reply("dog")),
        (replied({"content": "do"}, finish_reason="length"), Reply("do", cut=True)),
        (replied({"content": None, "refusal": "No."}), Reply("No.", refused=True)),
        (replied({"content": "", "refusal": None}), Reply("")),
        (replied({"content": None}), Reply("")),
        (replied({}), Reply("")),
        (replied({"content": "d"}, finish_reason="content_filter"), Reply("d", refused=True)),
        (
            replied({"content": [{"type": "text", "text": "do"}, {"type": "odd"}, "x", {"type": "text", "text": "g"}]}),
            Reply("dog"),
        ),
        (
            '{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}',
            Reply("a", tokens_in=7, tokens_out=2),
        ),
        ('{"choices": [{"message": {"content": "a"}}], "usage": null}', Reply("a")),
        ('{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": "many"}}', Reply("a")),
        ('{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": -5}}', Reply("a")),
        ('{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": Infinity}}', Reply("a")),
        ('{"choices": [{"message": {"content": "a"}}], "usage": [1]}', Reply("a")),
        (replied({"content": 5}), Reply("5")),
        (replied({"content": {"a": 1}}), Reply("{'a': 1}")),
        (replied({"content": [{"type": "text", "text": None}]}), Reply("")),
    ],
)
def test_replies(text, reply):
    assert reply_from(text) == reply


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<!doctype html>",
        "null",
        "[]",
        "3",
        "{}",
        '{"choices": []}',
        '{"choices": null}',
        '{"choices": {}}',
        '{"choices": [null]}',
        '{"choices": [{"text": "a"}]}',
        '{"choices": [{"message": "a"}]}',
        '{"error": {"message": "the upstream is tired"}}',
        '{"choices": [{"message": {"content": "a',
        "[" * 100_000,
    ],
)
def test_bodies_that_are_no_chat_completion(text):
    with pytest.raises(NotAnAnswerError):
        reply_from(text)
