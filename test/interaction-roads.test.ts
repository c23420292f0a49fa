import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { type Human, roadOf, roads, type Server, startServer } from "./fixtures/clients.ts";
import { poster, startMcpo } from "./fixtures/mcpo.ts";
import { PYTHON_SETUP_MS } from "./fixtures/python.ts";
import { startHttpServer } from "./fixtures/spawn.ts";

type Json = Record<string, unknown>;
type Call = (tool: string, args?: Json) => Promise<Json>;

/** A client on its road: whether it shows forms itself, and how it calls. */
interface Way {
  name: string;
  asks: boolean;
  /** `form` is `interaction.form` of its server. */
  connect(human?: Human, form?: "elicitation"): Promise<Call>;
}

const GUARDED = { confirmationRequired: ["memory_delete"] };
const FORM = { title: "Book", fields: [{ name: "guests", type: "integer", required: true }] };
const QUESTION = { message: "Send it?", confirm_label: "Send", cancel_label: "Keep" };

let server: Server;
/** Asks by forms only. */
let strict: Server;
let mcpoUrl: string;
beforeAll(async () => {
  server = await startServer({ config: { interaction: GUARDED } });
  strict = await startServer({ config: { interaction: { ...GUARDED, form: "elicitation" } } });
  const servers = { open: server.command, strict: strict.command };
  const file = join(temporaryFolder(), "mcpo.json");
  writeFileSync(file, JSON.stringify({ mcpServers: servers }));
  mcpoUrl = await startMcpo("--config", file);
}, PYTHON_SETUP_MS);

const serverFor = (form?: string) => (form === undefined ? server : strict);

const clients = roads.flatMap(({ name, connect }): Way[] => {
  const join = (human: Human | undefined, form?: string) =>
    connect(serverFor(form), human && { human }).then(
      (client): Call =>
        async (tool, args) =>
          (await client.call(tool, args)).json,
    );
  const silent: Way = { name: `${name}, without forms`, asks: false, connect: (_human, form) => join(undefined, form) };
  // The session of the fixture declares forms, and nobody sits at them.
  if (name.includes("session")) return [{ name, asks: true, connect: join }];
  return name.includes("stateless") ? [silent] : [{ name, asks: true, connect: join }, silent];
});

const ways: Way[] = [
  ...clients,
  {
    name: "mcpo",
    asks: false,
    connect: async (_human, form) => {
      const post = poster(`${mcpoUrl}/${form === undefined ? "open" : "strict"}`);
      return async (tool, args) => {
        const { status, body } = await post(tool, args);
        // mcpo makes an error of a tool a failure of HTTP.
        return status === 200 ? body : errorOf(body);
      };
    },
  },
  {
    name: "curl",
    asks: false,
    connect: async (_human, form) => async (name, args) => {
      const response = await fetch(`${serverFor(form).http.url}/mcp`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args ?? {} } }),
      });
      const text = await response.text();
      const message = JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text) as {
        result: { content: { text: string }[] };
      };
      return JSON.parse(message.result.content[0]?.text ?? "null") as Json;
    },
  },
];

function errorOf(body: Json): Json {
  const text = JSON.stringify(body);
  const code = /\\?"code\\?": ?\\?"(\w+)\\?"/.exec(text)?.[1];
  return { status: "error", code, text };
}

const accept =
  (content: Record<string, string | number | boolean>): Human =>
  () => ({ action: "accept", content });

async function remember(call: Call): Promise<string> {
  const { memory } = (await call("memory_add", { content: `Ana prefers tea ${crypto.randomUUID()}` })) as {
    memory: { id: string };
  };
  return memory.id;
}

const isThere = async (call: Call, id: string) => {
  const { memories } = (await call("memory_list", { limit: 100 })) as { memories: { id: string }[] };
  return memories.some((memory) => memory.id === id);
};

describe.each(ways)("$name", ({ asks, connect }) => {
  it("shows a result", async () => {
    const call = await connect();
    expect(await call("display_result", { message: "Done" })).toMatchObject({ status: "success" });
  });

  if (asks) {
    it("asks by its own form, and tells a yes, a no and a closed form apart", async () => {
      const filled = await connect(accept({ guests: 3 }));
      expect(await filled("collect_input", FORM)).toMatchObject({ status: "success", data: { guests: 3 } });
      const yes = await connect(accept({ confirm: true }));
      expect(await yes("confirm_action", QUESTION)).toMatchObject({ status: "success", confirmed: true });
      const no = await connect(() => ({ action: "decline" }));
      expect(await no("confirm_action", QUESTION)).toMatchObject({ confirmed: false, action: "declined" });
      expect(await no("collect_input", FORM)).toMatchObject({ status: "error", code: "declined" });
      const closed = await connect(() => ({ action: "cancel" }));
      expect(await closed("confirm_action", QUESTION)).toMatchObject({ status: "error", code: "cancelled" });
      expect(await closed("collect_input", FORM)).toMatchObject({ status: "error", code: "cancelled" });
    });

    it("does what is guarded after a yes by its form, and after nothing else", async () => {
      const answers: Human[] = [
        () => ({ action: "decline" }),
        () => ({ action: "cancel" }),
        accept({ confirm: false }),
        accept({}),
        accept({ confirm: "yes" }),
      ];
      for (const human of answers) {
        const call = await connect(human);
        const id = await remember(call);
        expect(await call("memory_delete", { memory_id: id })).toMatchObject({ status: "error" });
        expect(await isThere(call, id)).toBe(true);
      }
      const messages: string[] = [];
      const call = await connect((message) => {
        messages.push(message);
        return { action: "accept", content: { confirm: true } };
      });
      const id = await remember(call);
      expect(await call("memory_delete", { memory_id: id })).toMatchObject({ status: "success" });
      expect(await isThere(call, id)).toBe(false);
      expect(messages).toEqual([expect.stringContaining('Memory: "Ana prefers tea')]);
    });
    return;
  }

  it("gives the model a form that the user can answer on a page or in the chat", async () => {
    const call = await connect();
    const asked = await call("collect_input", FORM);
    expect(asked).toMatchObject({
      status: "needs_input",
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/interact\//),
      schema: { type: "object", required: ["guests"] },
      resume_token: expect.any(String),
    });
    const { resume_token } = asked;
    expect(await call("collect_input", { answers: { guests: "4" }, resume_token })).toMatchObject({
      status: "success",
      data: { guests: 4 },
    });
    const question = await call("confirm_action", QUESTION);
    expect(question).toMatchObject({ status: "needs_input", question: { message: "Send it?", confirm_label: "Send" } });
    const answer = { answer: false, resume_token: question.resume_token };
    expect(await call("confirm_action", answer)).toMatchObject({ confirmed: false, action: "declined" });
  });

  it("does what is guarded once, after a yes that was given for just that", async () => {
    const call = await connect();
    const [id, other] = [await remember(call), await remember(call)];
    const asked = await call("memory_delete", { memory_id: id });
    expect(asked).toMatchObject({ status: "needs_input", code: "confirmation_required" });
    expect((asked.question as { message: string }).message).toContain('Memory: "Ana prefers tea');
    expect(await isThere(call, id)).toBe(true);
    const { resume_token } = asked;
    expect(await call("confirm_action", { answer: true, resume_token })).toMatchObject({ confirmed: true });
    expect(await call("memory_delete", { memory_id: other })).toMatchObject({ status: "needs_input" });
    expect(await call("memory_delete", { memory_id: id })).toMatchObject({ status: "success" });
    expect(await isThere(call, id)).toBe(false);
    expect(await isThere(call, other)).toBe(true);
  });

  it("is told so where only a form may ask, and nothing is done", async () => {
    const call = await connect(undefined, "elicitation");
    const id = await remember(call);
    expect(await call("memory_delete", { memory_id: id })).toMatchObject({
      status: "error",
      code: "confirmation_required",
    });
    expect(await call("collect_input", FORM)).toMatchObject({ status: "error", code: "unsupported" });
    expect(await call("confirm_action", QUESTION)).toMatchObject({ status: "error", code: "unsupported" });
    expect(await isThere(call, id)).toBe(true);
  });
});

const connections = roads.filter(({ name }) => name.startsWith("the 2025 era") && !name.includes("stateless"));

describe.each(connections)("a human who does not answer, $name", ({ connect }) => {
  it("is taken to have cancelled when the time is up", async () => {
    const hasty = await startServer({ config: { interaction: { ...GUARDED, answerTimeout: 1 } } });
    const client = await connect(hasty, { human: () => sleep(60_000, { action: "cancel" }, { ref: false }) as never });
    const started = performance.now();
    expect((await client.call("collect_input", FORM)).json).toMatchObject({ code: "cancelled" });
    expect((await client.call("confirm_action", QUESTION)).json).toMatchObject({ code: "cancelled" });
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe.each(roads.filter(({ name }) => !name.includes("stateless")))("one connection, $name", ({ connect }) => {
  it("has two questions at once, each with its own answer", async () => {
    const client = await connect(server, {
      human: (message) => ({ action: "accept", content: { guests: Number(/\d+/.exec(message)?.[0]) } }),
    });
    const ask = (guests: number) => client.call("collect_input", { ...FORM, title: `Table ${guests}` });
    const answers = await Promise.all([ask(2), ask(7), ask(11)]);
    expect(answers.map(({ json }) => json.data)).toEqual([{ guests: 2 }, { guests: 7 }, { guests: 11 }]);
  });
});

it("does not bury a human in questions: more than 20 at once are refused, and room comes with every answer", async () => {
  const waiting: (() => void)[] = [];
  const client = await roadOf("the 2025 era over HTTP, in a session").connect(server, {
    human: (() =>
      new Promise((resolve) => waiting.push(() => resolve({ action: "accept", content: { guests: 1 } })))) as never,
  });
  const ask = () => client.call("collect_input", FORM);
  const all = Array.from({ length: 23 }, ask);
  const codes: unknown[] = [];
  for (const one of all) void one.then(({ json }) => codes.push(json.code ?? "answered"));
  await expect.poll(() => [waiting.length, codes.length]).toEqual([20, 3]);
  expect(codes).toEqual(["limit_reached", "limit_reached", "limit_reached"]);
  waiting.shift()?.();
  await expect.poll(() => codes.length).toBe(4);
  all.push(ask());
  await expect.poll(() => waiting.length).toBe(20);
  for (const answer of waiting) answer();
  expect((await Promise.all(all)).filter(({ json }) => json.data !== undefined)).toHaveLength(21);
});

describe("a client that goes away while its human is asked", () => {
  it("over HTTP does nothing that was guarded, and others are served", async () => {
    const http = await startHttpServer({ config: { interaction: GUARDED } });
    const session = roadOf("the 2025 era over HTTP, in a session");
    let asked = false;
    const human = () => {
      asked = true;
      return sleep(60_000, undefined, { ref: false }) as never;
    };
    const road = { http, command: server.command };
    const leaving = await session.connect(road, { human });
    const { memory } = (await leaving.call("memory_add", { content: "Ana prefers tea" })).json as {
      memory: { id: string };
    };
    leaving.call("memory_delete", { memory_id: memory.id }).catch(() => {});
    await expect.poll(() => asked).toBe(true);
    await leaving.close();
    const other = await session.connect(road, { human: () => ({ action: "decline" }) });
    const { json } = await other.call("memory_list");
    expect(json).toMatchObject({ memories: [{ id: memory.id }] });
  });

  it("over stdio ends the server", async () => {
    let asked = false;
    const client = await roadOf("the 2025 era over stdio").connect(server, {
      human: () => {
        asked = true;
        return sleep(60_000, undefined, { ref: false }) as never;
      },
    });
    const call = client.call("confirm_action", QUESTION);
    call.catch(() => {});
    await expect.poll(() => asked).toBe(true);
    const started = performance.now();
    await client.close();
    expect((await call.catch(() => undefined))?.json).not.toHaveProperty("confirmed");
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
