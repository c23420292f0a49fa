import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { answerPage, httpServer } from "./fixtures/asking-clients.ts";

const KEYS = { ana: "key-of-ana-0123456789abcdef", ben: "key-of-ben-0123456789abcdef" };
const USERS = Object.entries(KEYS).map(([user, key]) => ({ user, key }));
const CONFIRM = { PATCHBAY_INTERACTION_CONFIRMATION_REQUIRED: '["memory_add","collect_input"]' };
const FORM = { fields: [{ name: "guests", type: "integer", required: true }] };
const WRONG_STATE = { error: { code: -32602, message: "Invalid or expired requestState" } };
const yes = { action: "accept", content: { confirm: true } };

interface Answer {
  result: Record<string, unknown>;
  error?: unknown;
}
interface Sent {
  name?: string;
  args: object;
  user?: keyof typeof KEYS;
  elicitation?: object;
  requestState?: string;
  inputResponses?: Record<string, unknown>;
}

let server: URL;
beforeAll(async () => {
  server = await httpServer(CONFIRM, USERS);
});

/** A tools/call of 2026-07-28 made by hand. */
async function send(
  { name = "memory_add", args, user = "ana", elicitation = { form: {}, url: {} }, ...more }: Sent,
  to = server,
): Promise<Answer> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "0" },
    "io.modelcontextprotocol/clientCapabilities": { elicitation },
  };
  const response = await fetch(to, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      Authorization: `Bearer ${KEYS[user]}`,
      "Mcp-Protocol-Version": "2026-07-28",
      "Mcp-Method": "tools/call",
      "Mcp-Name": name,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name, arguments: args, _meta, ...more },
    }),
  });
  expect(response.status).toBe(200);
  const text = await response.text();
  return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as Answer;
}

const textOf = ({ result }: Answer) => (result.content as { text: string }[])[0]?.text ?? "";
const stateOf = ({ result }: Answer): string => {
  expect(result.resultType).toBe("input_required");
  return result.requestState as string;
};
const asked = ({ result }: Answer) => Object.keys(result.inputRequests as object);
const memories = async (user: keyof typeof KEYS, to = server) =>
  textOf(await send({ name: "memory_list", args: {}, user }, to));

describe("the state of a call that waits for its human", () => {
  it("consents to one call of its user, tool and arguments, and to none that is tampered with", async () => {
    const args = { content: "Ana likes tea" };
    const requestState = stateOf(await send({ args }));
    const answered = { requestState, inputResponses: { confirm_action: yes } };
    expect(await send({ args, ...answered, user: "ben" })).toMatchObject(WRONG_STATE);
    for (const other of [{ content: "Ana likes rum" }, { ...args, tags: ["x"] }]) {
      expect(textOf(await send({ args: other, ...answered }))).toContain("These answers belong to another call.");
    }
    expect(textOf(await send({ name: "collect_input", args, ...answered }))).toContain("invalid_input");
    await fc.assert(
      fc.asyncProperty(fc.nat(requestState.length - 1), fc.constantFrom("A", "b", "_", ""), async (at, character) => {
        const tampered = requestState.slice(0, at) + character + requestState.slice(at + 1);
        if (tampered === requestState) return;
        const { error, result } = await send({ args, requestState: tampered, inputResponses: { confirm_action: yes } });
        expect(error ?? result).toMatchObject(WRONG_STATE.error);
      }),
      { numRuns: 60 },
    );
    expect(await memories("ana")).not.toContain("tea");

    const both = await Promise.all([send({ args, ...answered }), send({ args, ...answered })]);
    expect(both.map(textOf).filter((text) => text.includes("This confirmation was used already."))).toHaveLength(1);
    expect(textOf(await send({ args, ...answered }))).toContain("This confirmation was used already.");
    expect((await memories("ana")).match(/Ana likes tea/g)).toHaveLength(1);
  });

  it("is not replaced by answers alone, by answers to another question, or by an unclear one", async () => {
    const args = { content: "Ana likes wine" };
    const first = await send({ args });
    expect(asked(await send({ args, inputResponses: { confirm_action: yes } }))).toEqual(["confirm_action"]);
    const requestState = stateOf(first);
    expect(
      asked(await send({ args, requestState, inputResponses: { other: yes, "confirm_action-page": yes } })),
    ).toEqual(["confirm_action"]);
    const unclear = [{}, { confirm: "yes" }, { confirm: 1 }, { CONFIRM: true }, [true], "true", null];
    for (const content of unclear) {
      const state = stateOf(await send({ args }));
      const inputResponses = { confirm_action: { action: "accept", content } };
      const { result, error } = await send({ args, requestState: state, inputResponses });
      expect(error ?? (result.content as { text: string }[])[0]?.text).toEqual(
        error === undefined ? expect.stringContaining('"declined"') : expect.anything(),
      );
    }
    expect(await memories("ana")).not.toContain("wine");
  });

  it("keeps the answers of earlier questions of the same call", async () => {
    const call = { name: "collect_input", args: FORM };
    const confirmed = await send({
      ...call,
      requestState: stateOf(await send(call)),
      inputResponses: { confirm_action: yes },
    });
    expect(asked(confirmed)).toEqual(["form"]);
    const wrong = { form: { action: "accept", content: { guests: "many" } } };
    const again = await send({ ...call, requestState: stateOf(confirmed), inputResponses: wrong });
    expect(asked(again)).toEqual(["form-2"]);
    const right = { "form-2": { action: "accept", content: { guests: 2 } } };
    const done = await send({ ...call, requestState: stateOf(again), inputResponses: right });
    expect(done.result.structuredContent).toMatchObject({ data: { guests: 2 } });
  });

  it("names the page that was opened, whatever the client sends back", async () => {
    const onlyPages = { elicitation: { url: {} } };
    const args = { content: "Ana likes beer" };
    const first = await send({ args, ...onlyPages });
    const [key] = asked(first);
    expect(key).toBe("confirm_action-page");
    const { url } =
      (first.result.inputRequests as Record<string, { params: { url: string } }>)[key as string]?.params ?? {};
    // A page of the same user that is answered, but asks something else.
    const other = await send({ args: { content: "Ana likes milk" }, ...onlyPages });
    const params = (other.result.inputRequests as Record<string, { params: { url: string } }>)[key as string]?.params;
    await answerPage(params?.url as string, { answer: "yes" });
    const forged = { action: "accept", content: { page: params?.url, confirm: true } };
    const waiting = send({
      args,
      ...onlyPages,
      requestState: stateOf(first),
      inputResponses: { [key as string]: forged },
    });
    await Promise.race([waiting, sleep(300)]);
    expect(await memories("ana")).not.toContain("beer");
    await answerPage(url as string, { answer: "yes" });
    expect(textOf(await waiting)).toContain('"success"');
    const replayed = { requestState: stateOf(first), inputResponses: { [key as string]: { action: "accept" } } };
    expect(textOf(await send({ args, ...onlyPages, ...replayed }))).toContain("This confirmation was used already.");
    expect((await memories("ana")).match(/beer/g)).toHaveLength(1);
  });

  it("ends with the time that the human has", async () => {
    const quick = await httpServer({ ...CONFIRM, PATCHBAY_INTERACTION_ANSWER_TIMEOUT: "1" }, USERS);
    const args = { content: "Ana likes gin" };
    const requestState = stateOf(await send({ args }, quick));
    await sleep(2_100);
    const late = await send({ args, requestState, inputResponses: { confirm_action: yes } }, quick);
    expect(late).toMatchObject(WRONG_STATE);
    expect(await memories("ana", quick)).not.toContain("gin");
  });

  it("means nothing to another process", async () => {
    const other = await httpServer(CONFIRM, USERS);
    const args = { content: "Ana likes port" };
    const requestState = stateOf(await send({ args }));
    expect(await send({ args, requestState, inputResponses: { confirm_action: yes } }, other)).toMatchObject(
      WRONG_STATE,
    );
  });
});
