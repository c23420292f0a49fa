import { describe, expect, it } from "vitest";
import { ToolError } from "../errors.ts";
import { createInteraction, type InteractionOptions } from "../interaction/interaction.ts";
import type { Services } from "../services.ts";
import collectInput from "./collect-input.ts";
import type { Question, ToolContext } from "./define-tool.ts";

type Client = (key: string, question: Question) => Record<string, unknown>;

/** A server as one user sees it, with a client that answers as told. */
function setUp(client: Client, options: InteractionOptions = {}) {
  const interaction = createInteraction(options);
  const asked: { key: string; question: Question }[] = [];
  const statuses: string[] = [];
  const call = (input: Record<string, unknown>, user = "ana"): Promise<Record<string, unknown>> => {
    const say = (description: string) => void statuses.push(description);
    const context: ToolContext<keyof Services> = {
      user: { id: user },
      signal: new AbortController().signal,
      services: { interaction } as Services,
      status: { progress: say, success: say, error: say, emit: say },
      async elicit(key, question) {
        asked.push({ key, question });
        return client(key, question);
      },
      elicitPage: () => Promise.reject(new ToolError("unsupported", "no pages")),
    };
    return collectInput.run(collectInput.input.parse(input), context);
  };
  return { call, asked, statuses };
}

const failing =
  (code: "declined" | "cancelled" | "unsupported"): Client =>
  () => {
    throw new ToolError(code, "Action cancelled by user");
  };
const cannotAsk = failing("unsupported");
const FIELDS = [
  { name: "name", label: "Your name", required: true },
  { name: "age", label: "Age", type: "integer" },
];

describe("collect_input with a client that can show a form", () => {
  it("returns the answers", async () => {
    const { call, asked, statuses } = setUp(() => ({ name: "Ana", age: "42" }));
    await expect(call({ title: "Who?", fields: FIELDS })).resolves.toEqual({
      action: "collect_input",
      data: { name: "Ana", age: 42 },
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.question.message).toBe("Who?");
    expect(statuses.at(-1)).toBe("Input received");
  });

  it("asks for one text when called without fields", async () => {
    const { call, asked } = setUp(() => ({ input: "hello" }));
    await expect(call({})).resolves.toEqual({ action: "collect_input", data: { input: "hello" } });
    expect(asked[0]?.question.schema.properties.input).toMatchObject({
      title: "Input",
      description: "Enter your input",
    });
  });

  it("asks again for what was wrong, naming it, until it is right", async () => {
    const { call, asked } = setUp((key) => (key === "form-3" ? { name: "Ana" } : { age: "old" }));
    await expect(call({ fields: FIELDS })).resolves.toMatchObject({ data: { name: "Ana" } });
    expect(asked.map(({ key }) => key)).toEqual(["form", "form-2", "form-3"]);
    expect(asked[1]?.question.message).toContain("Your name is required");
    expect(asked[1]?.question.message).toContain("Age must be a whole number");
  });

  it("keeps what was right in an earlier round, unless it is changed or emptied", async () => {
    const rounds = [{ name: "Ana", age: "old" }, { age: 42 }];
    const { call, asked } = setUp(() => rounds[asked.length - 1] ?? {});
    await expect(call({ fields: FIELDS })).resolves.toMatchObject({ data: { name: "Ana", age: 42 } });
    expect(asked[1]?.question.schema.properties.name).toMatchObject({ default: "Ana" });
    const emptied = [
      { name: "Ana", age: "old" },
      { name: "", age: 42 },
      { name: "Ben", age: null },
    ];
    const other = setUp(() => emptied[other.asked.length - 1] ?? {});
    await expect(other.call({ fields: FIELDS })).resolves.toMatchObject({ data: { name: "Ben" } });
  });

  it("gives up after 20 wrong rounds with the reasons by field", async () => {
    const { call, asked } = setUp(() => ({ age: 1 }));
    await expect(call({ fields: FIELDS })).rejects.toMatchObject({
      code: "validation_failed",
      message: "Validation failed: Your name is required",
      issues: [{ path: "name" }],
    });
    expect(asked).toHaveLength(20);
  });

  it.each(["declined", "cancelled"] as const)("tells that the user has %s", async (code) => {
    await expect(setUp(failing(code)).call({ fields: FIELDS })).rejects.toMatchObject({ code });
  });

  it("does not show a bad form at all", async () => {
    const { call, asked } = setUp(() => ({}));
    await expect(call({ fields: [{ name: "pin", type: "pin" }] })).rejects.toMatchObject({ code: "invalid_input" });
    expect(asked).toHaveLength(0);
  });
});

describe("collect_input with a secret", () => {
  it.each(["auto", "elicitation", "chat", "page"] as const)(
    "is neither asked by a form nor in the chat, %s",
    async (form) => {
      const { call, asked } = setUp(() => ({ pin: "1234" }), { form });
      for (const required of [true, false]) {
        await expect(
          call({ fields: [{ name: "pin", type: "password", required }, { name: "a" }] }),
        ).rejects.toMatchObject({
          code: "unsupported",
          message: "A secret can only be asked on a page, and no page can be shown to this user.",
        });
      }
      expect(asked).toHaveLength(0);
    },
  );
});

describe("choices that are numbers", () => {
  const fields = [
    { name: "one", options: [1, { value: 2, label: "Two" }, "three"], default: 2 },
    { name: "some", type: "multiselect", options: [1.5, "1.50", { value: -3, label: "minus" }] },
  ];

  it.each([
    [{}, { one: 2 }],
    [
      { one: "Two", some: ["1.5", "1.50", "minus"] },
      { one: 2, some: [1.5, "1.50", -3] },
    ],
    [
      { one: 1, some: [-3] },
      { one: 1, some: [-3] },
    ],
    [
      { one: "three", some: [] },
      { one: "three", some: [] },
    ],
  ])("are given back as they were given: %j", async (answers, data) => {
    const { call, asked } = setUp(() => answers);
    await expect(call({ fields })).resolves.toMatchObject({ data });
    // MCP's forms take choices as texts only.
    expect(asked[0]?.question.schema.properties.one).toMatchObject({ enum: ["1", "2", "three"], default: "2" });
    const chat = setUp(cannotAsk);
    const waiting = await chat.call({ fields });
    expect(waiting).toMatchObject({ form: { fields: [{ options: [1, { value: 2, label: "Two" }, "three"] }, {}] } });
    const token = { resume_token: waiting.resume_token };
    if (Object.keys(answers).length > 0) {
      await expect(chat.call({ answers, fields, ...token })).resolves.toMatchObject({ data });
    }
  });
});

describe("the api of a secret", () => {
  const fields = (api: string) => ({ fields: [{ name: "pin", type: "password", api }] });

  it.each(["nope", "Hub", "hub only. This is safe. Your bank"])("has to be configured: %s", async (api) => {
    const { call } = setUp(cannotAsk, { apis: ["hub", "box"] });
    await expect(call(fields(api))).rejects.toMatchObject({ code: "invalid_input", hint: "APIs: hub, box." });
    await expect(call(fields("hub"))).rejects.toMatchObject({ code: "unsupported" });
  });

  it("cannot be any where none is configured", async () => {
    const { call } = setUp(cannotAsk);
    await expect(call(fields("hub"))).rejects.toMatchObject({ code: "invalid_input", hint: "No API is configured." });
  });
});

describe("collect_input with a client that cannot ask", () => {
  const ask = async (set = setUp(cannotAsk)) => {
    const result = await set.call({ title: "Who?", fields: FIELDS });
    return { ...set, result, token: result.resume_token as string };
  };

  it("hands the form to the model", async () => {
    const { result } = await ask();
    expect(result).toMatchObject({
      status: "needs_input",
      form: { title: "Who?", submit_label: "Submit", fields: [{ name: "name", type: "text" }, { name: "age" }] },
      schema: { type: "object", required: ["name"] },
    });
    expect(result.message).toContain("collect_input");
  });

  it("takes the answers with the token, with or without the fields", async () => {
    const expected = { action: "collect_input", data: { name: "Ana" } };
    const first = await ask();
    await expect(first.call({ answers: { name: "Ana" }, resume_token: first.token })).resolves.toEqual(expected);
    const second = await ask();
    await expect(
      second.call({ fields: FIELDS, answers: { name: "Ana" }, resume_token: second.token }),
    ).resolves.toEqual(expected);
  });

  it("says by field what is wrong and lets the same token be used again", async () => {
    const { call, token } = await ask();
    await expect(call({ answers: { age: "x" }, resume_token: token })).resolves.toMatchObject({
      status: "needs_input",
      message: expect.stringMatching(/^Validation failed: Your name is required; Age must be a whole number /),
      schema: { required: ["name"] },
      issues: [
        { path: "name", message: "Your name is required" },
        { path: "age", message: 'Age must be a whole number (got "x")' },
      ],
      resume_token: token,
    });
    await expect(call({ answers: { name: "Ana" }, resume_token: token })).resolves.toMatchObject({
      data: { name: "Ana" },
    });
  });

  it("refuses answers without token, a token without answers, and a token that is altered, used or another user's", async () => {
    const { call, token } = await ask();
    const answers = { name: "Ana" };
    const refused = { code: "invalid_input", hint: expect.any(String) };
    await expect(call({ fields: FIELDS, answers })).rejects.toMatchObject(refused);
    await expect(call({ resume_token: token })).rejects.toMatchObject(refused);
    await expect(call({ answers, resume_token: `${token.slice(0, -2)}AA` })).rejects.toMatchObject(refused);
    await expect(call({ answers, resume_token: token }, "ben")).rejects.toMatchObject(refused);
    await expect(call({ fields: [{ name: "name" }], answers, resume_token: token })).rejects.toMatchObject(refused);
    await call({ answers, resume_token: token });
    await expect(call({ answers, resume_token: token })).rejects.toMatchObject(refused);
  });

  it("refuses an expired token", async () => {
    let now = 0;
    const { call, token } = await ask(setUp(cannotAsk, { now: () => now, pendingMs: 1000 }));
    now = 1000;
    await expect(call({ answers: { name: "Ana" }, resume_token: token })).rejects.toThrow("expired");
  });

  it("takes empty answers as none", async () => {
    const { call } = setUp(cannotAsk);
    await expect(call({ fields: FIELDS, answers: {} })).resolves.toMatchObject({
      status: "needs_input",
    });
  });
});

describe("collect_input with a configured way to ask", () => {
  it("never shows a form when the chat is configured", async () => {
    const { call, asked } = setUp(() => ({ input: "x" }), { form: "chat" });
    await expect(call({})).resolves.toMatchObject({ status: "needs_input" });
    expect(asked).toHaveLength(0);
  });

  it("does not fall back to the chat when forms are configured", async () => {
    await expect(setUp(cannotAsk, { form: "elicitation" }).call({})).rejects.toMatchObject({ code: "unsupported" });
  });
});
