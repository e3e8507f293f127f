// OpenAI's official client for Node: one conversation each; what the client made of it is printed as JSON.

import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI({ maxRetries: 0 });
const model = "GigaChat-2-Max";
const hello = "Say 'Hello' and nothing else";
const weather = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const city = z.object({ city: z.string(), population: z.number() });

const conversations = {
  async chat() {
    const { data, response } = await client.chat.completions
      .create({ model, messages: [{ role: "user", content: hello }] })
      .withResponse();
    return { text: data.choices[0].message.content, model: data.model, id: response.headers.get("x-request-id") };
  },

  async stream() {
    const stream = client.chat.completions.stream({
      model,
      messages: [{ role: "user", content: "Count from 1 to 30" }],
      stream_options: { include_usage: true },
    });
    const deltas = [];
    stream.on("content", (delta) => deltas.push(delta));
    const text = await stream.finalContent();
    return { text, same: deltas.join("") === text, pieces: deltas.length, usage: await stream.totalUsage() };
  },

  async tools() {
    const asked = [];
    const tool = {
      type: "function",
      function: {
        name: "get_weather",
        description: "The weather in a city",
        parameters: weather,
        parse: JSON.parse,
        function: ({ city }) => {
          asked.push(city);
          return { city, sky: "clear" };
        },
      },
    };
    const messages = [{ role: "user", content: "What is the weather in Oslo and Rome?" }];
    const said = [];
    for (const stream of [false, true]) {
      const runner = client.chat.completions.runTools({ model, messages, tools: [tool], stream });
      said.push(await runner.finalContent());
    }
    return { asked, said };
  },

  async structured() {
    const asked = { model, messages: [{ role: "user", content: "The city is Oslo, its population is 700000" }] };
    const answer = await client.chat.completions.parse({ ...asked, response_format: zodResponseFormat(city, "city") });
    const response = await client.responses.parse({
      model,
      input: asked.messages,
      text: { format: zodTextFormat(city, "city") },
    });
    return [answer.choices[0].message.parsed, response.output_parsed];
  },

  async responses() {
    const answer = await client.responses.create({ model, input: hello });
    const stream = client.responses.stream({ model, input: "What did I say?", previous_response_id: answer.id });
    let text = "";
    stream.on("response.output_text.delta", (event) => (text += event.delta));
    const last = await stream.finalResponse();
    return { first: answer.output_text, same: text === last.output_text, last: text, status: last.status };
  },

  async responsesTools() {
    const tools = [{ type: "function", name: "get_weather", parameters: weather, strict: false }];
    const input = [{ role: "user", content: "What is the weather in Oslo and Rome?" }];
    const answer = await client.responses.create({ model, input, tools });
    const calls = answer.output.filter((item) => item.type === "function_call");
    const results = calls.map(({ call_id, arguments: text }) => ({
      type: "function_call_output",
      call_id,
      output: JSON.stringify({ sky: "clear over " + JSON.parse(text).city }),
    }));
    const last = await client.responses.create({ model, input: [...input, ...answer.output, ...results], tools });
    return { calls: calls.map((call) => JSON.parse(call.arguments).city), said: last.output_text };
  },

  async embeddings() {
    const input = ["one", "two"];
    const [plain, packed] = [
      await client.embeddings.create({ model: "Embeddings", input, encoding_format: "float" }),
      await client.embeddings.create({ model: "Embeddings", input }), // base64 on the wire
    ];
    const close = plain.data.every((vector, at) =>
      vector.embedding.every((value, i) => Math.abs(value - packed.data[at].embedding[i]) < 1e-6),
    );
    return { lengths: packed.data.map((vector) => vector.embedding.length), close };
  },

  async errors() {
    const failed = await client.chat.completions
      .create({ model: "llama", messages: [{ role: "user", content: hello }] })
      .catch((error) => error);
    return { kind: failed.constructor.name, status: failed.status, code: failed.code, id: failed.requestID };
  },

  async cut() {
    const stream = await client.chat.completions.create({
      model,
      messages: [{ role: "user", content: "Count from 1 to 100" }],
      stream: true,
    });
    let text = "";
    try {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    } catch (error) {
      return { text, kind: error.constructor.name };
    }
    return { text };
  },
};

console.log(JSON.stringify(await conversations[process.argv[2]]()));
