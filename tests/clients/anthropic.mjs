// Anthropic's official client for Node: one conversation each; what the client made of it is printed as JSON.

import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";

const client = new Anthropic({ maxRetries: 0 });
const base = { model: "GigaChat-2-Max", max_tokens: 500 };
const said = (content) => [{ role: "user", content }];
const hello = said("Say 'Hello' and nothing else");
const textOf = (message) => message.content.map((block) => block.text ?? "").join("");

const conversations = {
  async chat() {
    const { data, request_id } = await client.messages.create({ ...base, messages: hello }).withResponse();
    const counted = await client.messages.countTokens({ model: base.model, messages: hello });
    return { text: textOf(data), stop: data.stop_reason, id: request_id, counted: counted.input_tokens };
  },

  async stream() {
    const stream = client.messages.stream({ ...base, messages: said("Count from 1 to 30") });
    const deltas = [];
    stream.on("text", (delta) => deltas.push(delta));
    const message = await stream.finalMessage();
    const text = textOf(message);
    return { text, same: deltas.join("") === text, pieces: deltas.length, usage: message.usage };
  },

  async tools() {
    const asked = [];
    const tool = betaZodTool({
      name: "get_weather",
      description: "The weather in a city",
      inputSchema: z.object({ city: z.string() }),
      run: ({ city }) => {
        asked.push(city);
        return JSON.stringify({ city, sky: "clear" });
      },
    });
    const messages = said("What is the weather in Oslo and Rome?");
    const whole = await client.beta.messages.toolRunner({ ...base, messages, tools: [tool] });
    let last;
    for await (const stream of client.beta.messages.toolRunner({ ...base, messages, tools: [tool], stream: true }))
      last = await stream.finalMessage();
    return { asked, said: [textOf(whole), textOf(last)] };
  },

  async structured() {
    const format = zodOutputFormat(z.object({ city: z.string(), population: z.number() }));
    const messages = said("The city is Oslo, its population is 700000");
    return (await client.messages.parse({ ...base, messages, output_config: { format } })).parsed_output;
  },

  async errors() {
    const failed = await client.messages.create({ ...base, model: "llama", messages: hello }).catch((error) => error);
    return { kind: failed.constructor.name, status: failed.status, type: failed.error.error.type, id: failed.requestID };
  },

  async cut() {
    const stream = client.messages.stream({ ...base, messages: said("Count from 1 to 100") });
    let text = "";
    stream.on("text", (delta) => (text += delta));
    const ended = await stream.finalMessage().catch((error) => error);
    return { text, kind: ended.constructor.name };
  },
};

console.log(JSON.stringify(await conversations[process.argv[2]]()));
