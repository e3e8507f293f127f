"""Recordings that are written down, server role: forms as clients write them, answers as the official client reads."""

from collections.abc import Callable
from typing import Any, get_type_hints

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.audio import (
    Transcription,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
    transcription_create_params,
    translation_create_params,
)

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.face import Incoming
from gigamost.core.fold import Reply, unfold
from gigamost.core.messages import Inline, Media, Reasoning, Text
from gigamost.core.usage import Usage
from gigamost.framing import sse
from gigamost.protocols.openai_chat import recordings
from gigamost.protocols.openai_chat.recordings import TRANSCRIPTION, TRANSLATION, Exchange

STAMP = Stamp("0123abc", 1768996176, "whisper-1")
REPLY = Reply((Reasoning("hm"), Text("Привет, "), Text("мир.")), "stop", Usage(17, 3))
FILE: Any = {"file": ("речь.wav", b"RIFF", "audio/wav")}


def exchange(
    fields: dict[str, Any],
    parts: dict[str, Any] | None = None,
    decode: Callable[[Incoming], Exchange] = recordings.transcription,
    path: dict[str, str] | None = None,
) -> Exchange:
    """Decodes what an HTTP client library makes of the form."""
    request = httpx.Request("POST", "http://gateway/", data=fields, files=FILE if parts is None else parts)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return decode(Incoming(request.read(), path or {}, {}, headers))


def refusal(fields: dict[str, Any], parts: dict[str, Any] | None = None) -> str | None:
    with pytest.raises(GatewayError) as caught:
        exchange({"model": "whisper-1", **fields}, parts)
    assert caught.value.problem.status == 400
    return caught.value.problem.param


def instruction(made: Exchange) -> str:
    (text,) = made.request.messages[0].parts
    assert isinstance(text, Text)
    return text.text


def stream(*events: Event) -> list[dict[str, Any]]:
    encoder = exchange({"model": "whisper-1", "stream": "true"}).encoder(STAMP)
    assert encoder.keepalive().startswith(b":")
    frames = sse.Reader().feed(b"".join(map(encoder.feed, events)))
    return [msgspec.json.decode(frame.data) for frame in frames]


def test_every_field_of_the_official_client_has_a_rule() -> None:
    asked = transcription_create_params
    fields = get_type_hints(asked.TranscriptionCreateParamsStreaming) | get_type_hints(
        asked.TranscriptionCreateParamsNonStreaming
    )
    assert set(fields) == set(TRANSCRIPTION)
    assert set(get_type_hints(translation_create_params.TranslationCreateParams)) == set(TRANSLATION)


def test_a_recording_is_a_chat_with_an_attachment() -> None:
    made = exchange({"model": "whisper-1", "language": "ru", "prompt": "Гигамост", "temperature": "0.2"})
    request = made.request
    assert (request.model, request.temperature, request.stream, request.ignored) == ("whisper-1", 0.2, False, ())
    assert [message.role for message in request.messages] == ["system", "user"]
    assert request.messages[1].parts[1] == Media("audio", Inline(b"RIFF"), "audio/wav", "речь.wav")
    assert "language of the recording is ru" in instruction(made)
    assert "Гигамост" in instruction(made)


def test_without_a_temperature_it_is_zero() -> None:
    assert exchange({"model": "whisper-1"}).request.temperature == 0


def test_a_translation_goes_into_english() -> None:
    made = exchange({"model": "whisper-1"}, decode=recordings.translation)
    assert "English" in instruction(made)
    assert "English" not in instruction(exchange({"model": "whisper-1"}))


def test_a_deployment_is_the_model_where_the_form_names_none() -> None:
    assert exchange({}, path={"model": "whisper-1"}).request.model == "whisper-1"


def test_what_cannot_be_honoured_is_listed() -> None:
    fields = {"chunking_strategy": "auto", "known_speaker_names[]": "ann", "keywords[]": "a", "x": "1", "language": ""}
    assert exchange(fields).request.ignored == ("known_speaker_names", "keywords", "x")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "srt"}, "response_format"),
        ({"response_format": "vtt"}, "response_format"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities"),
        ({"include[]": "logprobs"}, "include"),
        ({"temperature": "2"}, "temperature"),
        ({"temperature": "nan"}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"stream": "maybe"}, "stream"),
    ],
)
def test_what_would_mislead_is_refused(fields: dict[str, Any], param: str) -> None:
    assert refusal(fields) == param


def test_a_form_without_a_recording_is_refused() -> None:
    assert refusal({}, {"other": ("a.wav", b"x")}) == "file"
    with pytest.raises(GatewayError):
        recordings.transcription(Incoming(b"{}", {}, {}, {"content-type": "application/json"}))


def test_answers_in_every_form() -> None:
    made = exchange({"model": "whisper-1"})
    said = Transcription.model_validate_json(made.encode(REPLY, STAMP), strict=True)
    assert said.text == "Привет, мир."
    assert said.usage is not None
    assert said.usage.type == "tokens"
    assert said.usage.total_tokens == 20
    assert made.content_type == "application/json"
    plain = exchange({"model": "whisper-1", "response_format": "text"})
    assert plain.encode(REPLY, STAMP).decode() == "Привет, мир.\n"
    assert plain.content_type.startswith("text/plain")
    verbose = exchange({"model": "whisper-1", "response_format": "verbose_json", "language": "ru"})
    told = TranscriptionVerbose.model_validate_json(verbose.encode(REPLY, STAMP), strict=True)
    assert (told.text, told.language, told.segments) == ("Привет, мир.", "ru", None)


@pytest.mark.parametrize(("reason", "code"), [("length", "transcript_too_long"), ("content_filter", "content_filter")])
def test_what_is_not_the_whole_text_is_an_error(reason: FinishReason, code: str) -> None:
    reply = Reply((Text("I would rather"),), reason, Usage())
    with pytest.raises(GatewayError) as caught:
        exchange({"model": "whisper-1"}).encode(reply, STAMP)
    assert (caught.value.problem.status, caught.value.problem.code) == (400, code)
    *_, last = stream(*unfold(reply))
    assert last["error"]["code"] == code


def test_a_stream() -> None:
    first, second, last = stream(*unfold(REPLY))
    assert TranscriptionTextDeltaEvent.model_validate(first, strict=True).delta == "Привет, "
    assert second["delta"] == "мир."
    done = TranscriptionTextDoneEvent.model_validate(last, strict=True)
    assert done.text == "Привет, мир."
    assert done.usage is not None
    assert done.usage.output_tokens == 3


def test_a_stream_that_breaks_has_no_end() -> None:
    failure = Failure(Problem(Kind.UPSTREAM_FAILED, "It broke."))
    frames = stream(Start(), PartStart("text"), PartDelta("a"), PartEnd(), failure)
    assert [frame.get("type") for frame in frames] == ["transcript.text.delta", None]
    assert frames[-1]["error"]["message"] == "It broke."
    assert stream(Start(), Finish("stop"))[0]["text"] == ""


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.dictionaries(st.sampled_from([*TRANSCRIPTION, "x[", "[]"]), st.text(max_size=5)))
def test_whatever_comes_is_read_or_refused(body: bytes, fields: dict[str, str]) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    for data in (body, head + body, head + body + b"\r\n--b--\r\n"):
        refused = refusal_of(Incoming(data, {}, {}, {"content-type": "multipart/form-data; boundary=b"}))
        assert refused in (None, 400)
    text = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items() if name != "file"}
    request = httpx.Request("POST", "http://gateway/", data=text, files=FILE)
    assert refusal_of(Incoming(request.read(), {}, {}, dict(request.headers))) in (None, 400)


def refusal_of(incoming: Incoming) -> int | None:
    try:
        recordings.transcription(incoming)
    except GatewayError as error:
        return error.problem.status
    return None
