"""`/functions/convert`: functions out of an OpenAPI document, as the official SDK asks for them."""

import contextlib

import pytest
from gigachat.exceptions import BadRequestError
from hypothesis import given
from hypothesis import strategies as st

from gigamost.emulator import EmulatorSettings, Running, build
from gigamost.emulator.openapi import functions_of
from gigamost.emulator.refusal import RefusalError
from tests.emulator.conftest import Api
from tests.emulator.test_sdk import sdk

OPENAPI = """
openapi: 3.1.0
info: {title: Weather, version: "1"}
paths:
  /weather/{city}:
    parameters:
      - {name: city, in: path, required: true, description: Where, schema: {type: string}}
    get:
      operationId: getWeather
      summary: Tells the weather
      parameters:
        - {name: days, in: query, schema: {type: integer}}
      responses:
        "200": {content: {application/json: {schema: {$ref: "#/components/schemas/Weather"}}}}
    post:
      description: Reports the weather
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Weather"}}}}
components:
  schemas:
    Weather:
      type: object
      properties: {sky: {type: string}, next: {$ref: "#/components/schemas/Sky"}}
      required: [sky]
    Sky: {type: string, enum: [sun, rain]}
"""
SKY = {"sky": {"type": "string"}, "next": {"type": "string", "enum": ["sun", "rain"]}}


async def test_functions_are_made_of_operations() -> None:
    async with Running(build(EmulatorSettings())) as running, sdk(running) as client:
        get, post = (await client.aopenapi_function_convert(OPENAPI)).functions
    assert (get.name, get.description, post.name) == ("getWeather", "Tells the weather", "post_weather_city")
    assert functions_of(OPENAPI.encode()) == [
        {
            "name": "getWeather",
            "description": "Tells the weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "Where"}, "days": {"type": "integer"}},
                "required": ["city"],
            },
            "return_parameters": {"type": "object", "properties": SKY, "required": ["sky"]},
        },
        {
            "name": "post_weather_city",
            "description": "Reports the weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "Where"}, **SKY},
                "required": ["city", "sky"],
            },
        },
    ]


async def test_converted_functions_are_valid(api: Api) -> None:
    for function in functions_of(OPENAPI.encode()):
        assert (await api.http.post("/functions/validate", json=function)).json()["message"] == "Function is valid"


def test_a_schema_that_contains_itself_ends() -> None:
    loop = 'paths: {/a: {get: {parameters: [{name: a, schema: {$ref: "#/s"}}]}}}\ns: {properties: {b: {$ref: "#/s"}}}'
    (function,) = functions_of(loop.encode())
    assert function["name"] == "get_a"


@pytest.mark.parametrize("text", ["", "[]", "paths: 3", "{", "a: b: c", "\x00"])
async def test_what_is_no_openapi_is_refused(text: str) -> None:
    async with Running(build(EmulatorSettings())) as running, sdk(running) as client:
        with pytest.raises(BadRequestError):
            await client.aopenapi_function_convert(text)


@given(st.binary(max_size=60) | st.text("paths:{}[]/aget&*- \n'\"$ref#!", max_size=60).map(str.encode))
def test_any_text_is_converted_or_refused(text: bytes) -> None:
    with contextlib.suppress(RefusalError):
        assert all(function["name"] for function in functions_of(text))


def test_references_that_multiply_are_refused() -> None:
    level = [f"s{n}: [" + ", ".join([f"{{$ref: '#/s{n + 1}'}}"] * 9) + "]" for n in range(9)]
    text = "\n".join(["paths: {/a: {get: {parameters: [{$ref: '#/s0'}]}}}", *level])
    with pytest.raises(RefusalError):
        functions_of(text.encode())
