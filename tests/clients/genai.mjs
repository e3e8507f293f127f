// Google's official client for Node: one conversation each; what the client made of it is printed as JSON.

import { GoogleGenAI, Type } from "@google/genai";

const client = new GoogleGenAI({ httpOptions: { baseUrl: process.env.BASE_URL } }); // GEMINI_API_KEY
const model = "GigaChat-2-Max";
const weather = {
  name: "get_weather",
  description: "The weather in a city",
  parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } }, required: ["city"] },
};

const conversations = {
  async chat() {
    const chat = client.chats.create({ model });
    const first = await chat.sendMessage({ message: "Say 'Hello' and nothing else" });
    const second = await chat.sendMessage({ message: "What did I say?" });
    const counted = await client.models.countTokens({ model, contents: "Hello" });
    return { first: first.text, second: second.text, counted: counted.totalTokens };
  },

  async stream() {
    const stream = await client.models.generateContentStream({ model, contents: "Count from 1 to 30" });
    const pieces = [];
    let usage;
    for await (const chunk of stream) {
      if (chunk.text) pieces.push(chunk.text);
      usage = chunk.usageMetadata ?? usage;
    }
    return { text: pieces.join(""), pieces: pieces.length, usage };
  },

  async tools() {
    const asked = [];
    const callableTool = {
      tool: async () => ({ functionDeclarations: [weather] }),
      callTool: async (calls) =>
        calls.map(({ id, name, args }) => {
          asked.push(args.city);
          return { functionResponse: { id, name, response: { city: args.city, sky: "clear" } } };
        }),
    };
    const contents = "What is the weather in Oslo and Rome?";
    const answer = await client.models.generateContent({ model, contents, config: { tools: [callableTool] } });
    return { asked, said: answer.text };
  },

  async structured() {
    const answer = await client.models.generateContent({
      model,
      contents: "The city is Oslo, its population is 700000",
      config: {
        responseMimeType: "application/json",
        responseSchema: {
          type: Type.OBJECT,
          properties: { city: { type: Type.STRING }, population: { type: Type.INTEGER } },
          required: ["city", "population"],
        },
      },
    });
    return JSON.parse(answer.text);
  },

  async embeddings() {
    const { embeddings } = await client.models.embedContent({ model: "Embeddings", contents: ["one", "two"] });
    return embeddings.map((vector) => vector.values.length);
  },

  async errors() {
    const failed = await client.models.generateContent({ model: "llama", contents: "hi" }).catch((error) => error);
    return { kind: failed.constructor.name, status: failed.status, named: failed.message.includes("llama") };
  },
};

console.log(JSON.stringify(await conversations[process.argv[2]]()));
