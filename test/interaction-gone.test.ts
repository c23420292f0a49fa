import { describe, expect, it } from "vitest";
import { send } from "./fixtures/pages.ts";
import { startHttpServer } from "./fixtures/spawn.ts";

const KEYS = { ana: "key-of-ana-0123456789", ben: "key-of-ben-0123456789" };
const apiKeys = Object.entries(KEYS).map(([user, key]) => ({ user, key }));
const config = { auth: { apiKeys }, interaction: { confirmationRequired: ["memory_add"] } };
/** Questions that one user may have open. */
const MOST = 20;
const NOTHING = { action: "decline" };

interface Message {
  id: number;
  method?: string;
  params: { url?: string };
  result?: { structuredContent?: Record<string, unknown>; content: { text: string }[] };
}

/** A session of a client of 2025-11-25 that can be asked, and calls whose streams it may drop. */
async function connect(url: string, user: keyof typeof KEYS = "ana") {
  const headers: Record<string, string> = {
    ...{ "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
    ...{ "MCP-Protocol-Version": "2025-11-25", Authorization: `Bearer ${KEYS[user]}` },
  };
  let next = 0;
  const post = (message: object, signal?: AbortSignal) =>
    fetch(`${url}/mcp`, {
      method: "POST",
      headers,
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
      ...(signal && { signal }),
    });
  const capabilities = { elicitation: { form: {}, url: {} } };
  const params = { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "test", version: "0" } };
  const opened = await post({ id: 0, method: "initialize", params });
  await opened.text();
  headers["Mcp-Session-Id"] = opened.headers.get("mcp-session-id") ?? "";
  await post({ method: "notifications/initialized" });

  /** Calls a tool; `onAsk` gets the question, and its answer is sent. Gives the result's text, once the call has one. */
  async function call(name: string, args: object, onAsk: (asked: Message) => object | undefined, signal?: AbortSignal) {
    const body = await post({ id: ++next, method: "tools/call", params: { name, arguments: args } }, signal);
    return read(body, onAsk);
  }
  async function read(response: Response, onAsk: (asked: Message) => object | undefined): Promise<string> {
    let text = "";
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        if (!line.startsWith("data: {")) continue;
        const message = JSON.parse(line.slice(6)) as Message;
        if (message.result) return message.result.content[0]!.text;
        if (message.method !== "elicitation/create") continue;
        const result = onAsk(message);
        if (result) await post({ id: message.id, result });
      }
    }
    return "no answer";
  }
  /** Reads on where a stream was lost. */
  const resume = (after: string, signal: AbortSignal) =>
    fetch(`${url}/mcp`, { headers: { ...headers, "Last-Event-ID": after }, signal });
  return { call, post, resume };
}

/** As many questions as the user may have open, or one less. */
async function askMost(
  { call }: Awaited<ReturnType<typeof connect>>,
  name: string,
  args: (at: number) => object,
  { signal, count = MOST }: { signal?: AbortSignal; count?: number } = {},
) {
  const asked: Promise<Message>[] = [];
  const results = Array.from({ length: count }, (_none, at) => {
    const { promise, resolve } = Promise.withResolvers<Message>();
    asked.push(promise);
    return call(name, args(at), (message) => void resolve(message), signal).catch(() => "dropped");
  });
  return { asked: await Promise.all(asked), results };
}

describe("questions of a client that is gone", () => {
  const remember = (at: number) => ({ content: `memory ${at}` });

  it("make room for those of another, and questions that are read do not", async () => {
    const { url } = await startHttpServer({ config });
    const [gone, here] = [await connect(url), await connect(url)];
    const drop = new AbortController();
    await askMost(gone, "memory_add", remember, { signal: drop.signal });
    const ask = () => here.call("memory_add", { content: "mine" }, () => NOTHING);
    expect(await ask()).toContain("limit_reached");
    expect(await (await connect(url, "ben")).call("memory_add", remember(0), () => NOTHING)).toContain("declined");
    drop.abort();
    await expect.poll(ask).toContain("declined");
    // Each of the others makes room when it is needed, and then those that are heard are the limit again.
    await askMost(here, "memory_add", remember);
    expect(await ask()).toContain("limit_reached");
  });

  it("close their pages when they are given up", async () => {
    const { url } = await startHttpServer({ config });
    const [gone, here] = [await connect(url), await connect(url)];
    const drop = new AbortController();
    const secret = { fields: [{ name: "pin", type: "password" }] };
    const { asked } = await askMost(gone, "collect_input", () => secret, { signal: drop.signal });
    // Half of them have gone to the page already.
    for (const { id } of asked.slice(0, MOST / 2)) await gone.post({ id, result: { action: "accept" } });
    const pages = asked.map(({ params }) => params.url!);
    expect(await send(pages[0]!)).toMatchObject({ status: 200 });
    const ask = () => here.call("collect_input", secret, () => NOTHING);
    expect(await ask()).toContain("limit_reached");
    drop.abort();
    await expect.poll(ask).toContain("declined");
    await askMost(here, "collect_input", () => secret);
    for (const page of pages) expect(await send(page)).toMatchObject({ status: 410 });
    expect(await ask()).toContain("limit_reached");
  });
});

it("a client that comes back for its stream keeps its question", async () => {
  const { url } = await startHttpServer({ config });
  const [lost, here] = [await connect(url), await connect(url)];
  const drop = new AbortController();
  const params = { name: "memory_add", arguments: { content: "first" } };
  const first = await lost.post({ id: 900, method: "tools/call", params }, drop.signal);
  const reader = first.body!.pipeThrough(new TextDecoderStream()).getReader();
  let head = "";
  while (!/^data: .*elicitation.*\n/m.test(head)) head += (await reader.read()).value ?? "";
  const [, asked = ""] = /^data: (.*elicitation.*)$/m.exec(head) ?? [];
  const after = [...head.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? "";
  drop.abort();
  await reader.read().catch(() => {});
  const end = new AbortController();
  let resumed = await lost.resume(after, end.signal);
  // Until the server has noticed that the first stream was dropped.
  while (resumed.status === 409) resumed = await lost.resume(after, end.signal);
  await askMost(here, "memory_add", (at) => ({ content: `other ${at}` }), { count: MOST - 1 });
  expect(await here.call("memory_add", { content: "mine" }, () => NOTHING)).toContain("limit_reached");
  const { id } = JSON.parse(asked) as Message;
  await lost.post({ id, result: { action: "accept", content: { confirm: true } } });
  let rest = "";
  for await (const piece of resumed.body!.pipeThrough(new TextDecoderStream())) {
    rest += piece;
    if (rest.includes("success")) break;
  }
  expect(rest).toContain('"content":"first"');
  end.abort();
});
