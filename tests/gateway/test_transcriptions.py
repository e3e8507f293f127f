"""Recordings that are written down, by the official client."""

import struct
from typing import Any

import openai
import pytest

from tests.gateway.conftest import World

SAMPLES = bytes(1600)
WAV = (
    b"RIFF" + struct.pack("<I", 36 + len(SAMPLES)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
) + (b"data" + struct.pack("<I", len(SAMPLES)) + SAMPLES)
SPEECH: Any = ("речь.wav", WAV, "audio/wav")


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe", "GigaChat-2-Max"])
async def test_a_recording_is_attached_and_its_text_comes_back(
    client: openai.AsyncOpenAI, world: World, model: str
) -> None:
    world.script("text=Добрый день.")
    said = await client.audio.transcriptions.create(file=SPEECH, model=model, language="ru", prompt="Гигамост")
    assert said.text == "Добрый день."
    system, asked = world.sent["messages"]
    assert "Гигамост" in system["content"]
    assert len(asked["attachments"]) == 1
    assert world.sent["model"] == "GigaChat-2-Max"
    assert world.sent["top_p"] == 0
    uploads = [seen for seen in world.gigachat.app.log.at("/files") if seen.method == "POST"]
    assert len(uploads) == 1


async def test_every_form_of_answer(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("text=Hello.", "text=Hello.")
    asked: Any = {"file": SPEECH, "model": "whisper-1"}
    assert await client.audio.transcriptions.create(**asked, response_format="text") == "Hello.\n"
    verbose = await client.audio.transcriptions.create(**asked, response_format="verbose_json", language="en")
    assert (verbose.text, verbose.language) == ("Hello.", "en")


async def test_a_stream(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("long=40")
    stream = await client.audio.transcriptions.create(file=SPEECH, model="gpt-4o-transcribe", stream=True)
    events = [event async for event in stream]
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    (done,) = [event for event in events if event.type == "transcript.text.done"]
    assert events[-1] is done
    assert "".join(deltas) == done.text
    assert len(done.text.split()) == 40
    assert done.usage is not None


async def test_a_translation(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("text=Good afternoon.")
    with pytest.deprecated_call():  # by the vendor, but clients have it
        said = await client.audio.translations.create(file=SPEECH, model="whisper-1")
    assert said.text == "Good afternoon."
    assert "English" in world.sent["messages"][0]["content"]


async def test_what_is_no_recording_or_no_transcript_is_refused(client: openai.AsyncOpenAI, world: World) -> None:
    with pytest.raises(openai.BadRequestError, match="subtitles"):
        await client.audio.transcriptions.create(file=SPEECH, model="whisper-1", response_format="srt")
    with pytest.raises(openai.BadRequestError, match="which cannot stand here"):
        await client.audio.transcriptions.create(file=("a.wav", b"no sound", "audio/wav"), model="whisper-1")
    with pytest.raises(openai.BadRequestError, match="GigaChat-2-Max"):
        await client.audio.transcriptions.create(file=SPEECH, model="GigaChat-3-Ultra")
    assert not world.seen
    world.script("blacklist")
    with pytest.raises(openai.BadRequestError) as caught:
        await client.audio.transcriptions.create(file=SPEECH, model="whisper-1")
    assert caught.value.code == "content_filter"


async def test_a_stream_that_breaks_is_no_transcript(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("cut=900; long=200; delay=0.01")
    stream = await client.audio.transcriptions.create(file=SPEECH, model="whisper-1", stream=True)
    with pytest.raises(openai.APIError, match=r"broke off|closed"):
        [event async for event in stream]
