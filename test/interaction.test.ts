import { describe, expect, it } from "vitest";
import { type Asked, askingRoads, type Human } from "./fixtures/asking-clients.ts";

const CONFIRM = { PATCHBAY_INTERACTION_CONFIRMATION_REQUIRED: '["display_result"]' };

const FORM = {
  title: "Book a table",
  fields: [
    { name: "guests", label: "Guests", type: "integer", required: true },
    { name: "place", label: "Place", type: "select", options: ["inside", { value: "out", label: "outside" }] },
    { name: "note", label: "Note", type: "textarea", placeholder: "Allergies?" },
  ],
};

describe.each(askingRoads)("asking the human, $name", ({ connect: join }) => {
  const connect = (human?: Human, env: Record<string, string> = {}) => join({ human, env });

  it("collects what the form asks for, again until it is right", async () => {
    const rounds: Asked[] = [];
    const call = await connect((asked, round) => {
      rounds.push(asked);
      return { action: "accept", content: round === 1 ? { place: "out", note: "" } : { guests: 4, place: "out" } };
    });
    expect(await call("collect_input", FORM)).toEqual({
      status: "success",
      action: "collect_input",
      data: { guests: 4, place: "out" },
    });
    expect(rounds[0]?.message).toBe("Book a table");
    expect(rounds[0]?.properties.guests).toMatchObject({ type: "integer", title: "Guests" });
    expect(rounds[1]?.message).toContain("Guests is required");
    expect(rounds).toHaveLength(2);
  });

  it("takes an answer of every type, asks again by field for each that is wrong, and keeps the right ones", async () => {
    const rounds: Asked[] = [];
    const wrong = {
      ...{ text: "ab", textarea: "x".repeat(11), email: "ana", url: "ftp://example.com", number: 0.5, integer: 10 },
      ...{ select: "out", multiselect: ["s", "m", "l"], date: "2026-02-30", datetime: "2027-01-01T00:00:00Z" },
    };
    const right = {
      ...{
        text: "12345",
        textarea: "a\nb",
        email: "ana@example.com",
        url: "https://example.com/",
        number: 1.5,
        integer: 9,
      },
      ...{ multiselect: ["s", "l"], date: "2026-02-28", datetime: "2026-12-31T23:30:00-00:30" },
    };
    const call = await connect((asked, round) => {
      rounds.push(asked);
      return { action: "accept", content: round === 1 ? wrong : right };
    });
    const fields = [
      { name: "text", pattern: "\\d{5}", pattern_message: "five digits", required: true },
      { name: "textarea", type: "textarea", max: 10 },
      { name: "email", type: "email" },
      { name: "url", type: "url" },
      { name: "number", type: "number", min: 1 },
      { name: "integer", type: "integer", max: 9 },
      { name: "boolean", type: "boolean", default: true, description: "By post" },
      { name: "select", options: ["inside", { value: "out", label: "outside" }] },
      { name: "multiselect", type: "multiselect", options: ["s", "m", { value: "l", label: "Large" }], max: 2 },
      { name: "date", type: "date", min: "2026-01-01" },
      { name: "datetime", type: "datetime", max: "2027-01-01T00:00:00Z" },
    ];
    expect(await call("collect_input", { fields })).toEqual({
      status: "success",
      action: "collect_input",
      data: { ...right, select: "out", boolean: true },
    });
    expect(rounds[0]?.required).toEqual(["text"]);
    expect(rounds[0]?.properties).toEqual({
      text: { type: "string", title: "text", minLength: 1, maxLength: 2000, description: "five digits" },
      textarea: { type: "string", title: "textarea", maxLength: 10, description: "May have several lines." },
      email: { type: "string", title: "email", format: "email" },
      url: { type: "string", title: "url", format: "uri", description: expect.stringContaining("full URL") },
      number: { type: "number", title: "number", minimum: 1 },
      integer: { type: "integer", title: "integer", maximum: 9 },
      boolean: { type: "boolean", title: "boolean", default: true, description: "By post" },
      select: { type: "string", title: "select", enum: ["inside", "out"], enumNames: ["inside", "outside"] },
      multiselect: {
        type: "array",
        title: "multiselect",
        maxItems: 2,
        items: {
          anyOf: [
            { const: "s", title: "s" },
            { const: "m", title: "m" },
            { const: "l", title: "Large" },
          ],
        },
      },
      date: { type: "string", title: "date", format: "date", description: "As YYYY-MM-DD. – Not before 2026-01-01." },
      datetime: {
        type: "string",
        title: "datetime",
        format: "date-time",
        description: expect.stringContaining("Not after"),
      },
    });
    const [, second] = rounds;
    for (const name of Object.keys(right)) {
      if (name !== "datetime") expect(second?.message).toContain(`\n- ${name} `);
      if (name !== "datetime") expect(second?.properties[name]).not.toHaveProperty("default");
    }
    expect(second?.properties.select).toHaveProperty("default", "out");
    expect(rounds).toHaveLength(2);
  });

  it("goes on asking for as long as the human goes on answering", async () => {
    const call = await connect((_asked, round) => ({ action: "accept", content: round <= 12 ? {} : { guests: 4 } }));
    expect(await call("collect_input", FORM)).toMatchObject({ data: { guests: 4 } });
    const never = await connect(() => ({ action: "accept", content: { guests: "many" } }));
    expect(await never("collect_input", FORM)).toMatchObject({
      code: "validation_failed",
      issues: [{ path: "guests" }],
    });
  });

  it.each([
    ["decline", "declined"],
    ["cancel", "cancelled"],
  ] as const)("tells a %s apart", async (action, code) => {
    const call = await connect(() => ({ action }));
    expect(await call("collect_input", FORM)).toMatchObject({
      status: "error",
      code,
      message: "Action cancelled by user",
    });
    const confirmed = await call("confirm_action", { message: "Sure?" });
    if (action === "decline")
      expect(confirmed).toMatchObject({ status: "success", confirmed: false, action: "declined" });
    else expect(confirmed).toMatchObject({ status: "error", code: "cancelled" });
  });

  it("confirms by a ticked field only", async () => {
    const yes = await connect(() => ({ action: "accept", content: { confirm: true } }));
    expect(await yes("confirm_action", { message: "Sure?" })).toEqual({ status: "success", confirmed: true });
    const unticked = await connect(() => ({ action: "accept", content: { confirm: false } }));
    expect(await unticked("confirm_action", { message: "Sure?" })).toMatchObject({ confirmed: false });
  });

  it("hands form and question to the model where the client cannot ask", async () => {
    const call = await connect();
    const form = await call("collect_input", FORM);
    expect(form).toMatchObject({ status: "needs_input", form: { title: "Book a table" } });
    const resume = { resume_token: form.resume_token };
    expect(await call("collect_input", { answers: { guests: "many" }, ...resume })).toMatchObject({
      status: "needs_input",
      message: expect.stringMatching(/^Validation failed: Guests must be a whole number /),
      issues: [{ path: "guests" }],
      ...resume,
    });
    const data = { guests: 2, place: "out" };
    expect(await call("collect_input", { answers: { guests: "2", place: "outside" }, ...resume })).toMatchObject({
      data,
    });
    expect(await call("collect_input", { answers: data, ...resume })).toMatchObject({ code: "invalid_input" });

    const question = await call("confirm_action", { message: "Sure?" });
    expect(question).toMatchObject({ status: "needs_input", question: { message: "Sure?" } });
    expect(await call("confirm_action", { answer: true, resume_token: question.resume_token })).toEqual({
      status: "success",
      confirmed: true,
    });
  });

  it("asks first where the configuration wants a confirmation", async () => {
    const messages: string[] = [];
    const call = await connect(({ message }, round) => {
      messages.push(message);
      return { action: "accept", content: { confirm: round === 1 } };
    }, CONFIRM);
    expect(await call("display_result", {})).toMatchObject({ status: "success", action: "display_result" });
    expect(await call("display_result", {})).toMatchObject({ status: "error", code: "declined" });
    expect(messages[0]).toMatch(
      /^Are you sure you want to perform this display_result action\?\n\nmessage: "Operation /,
    );
  });

  it("lets a call through once after a confirmation in the chat", async () => {
    const call = await connect(undefined, CONFIRM);
    const refused = await call("display_result", { message: "Done" });
    expect(refused).toEqual({
      status: "needs_input",
      code: "confirmation_required",
      message:
        "Are you sure you want to perform this display_result action? The user has to confirm first; nothing has been done yet.",
      hint: expect.stringContaining("confirm_action"),
      question: {
        title: "Confirmation",
        message: expect.stringMatching(/^Are you sure .*display_result action\?\n\nmessage: "Done"\n/),
        confirm_label: "Confirm",
        cancel_label: "Cancel",
      },
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/interact\//),
      resume_token: expect.any(String),
    });
    const answer = { answer: true, resume_token: refused.resume_token };
    expect(await call("confirm_action", answer)).toMatchObject({ confirmed: true });
    expect(await call("display_result", { message: "Other" })).toMatchObject({ code: "confirmation_required" });
    expect(await call("display_result", { message: "Done" })).toMatchObject({ status: "success" });
    expect(await call("display_result", { message: "Done" })).toMatchObject({ code: "confirmation_required" });
  });

  it("says what is confirmed, and asks nobody about what cannot be done", async () => {
    const messages: string[] = [];
    const call = await connect(
      ({ message }) => {
        messages.push(message);
        return { action: "accept", content: { confirm: true } };
      },
      { PATCHBAY_INTERACTION_CONFIRMATION_REQUIRED: '["memory_delete","memory_update"]' },
    );
    const { memory } = (await call("memory_add", { content: 'Ana says "tea"\nalways' })) as { memory: { id: string } };
    const memory_id = memory.id;
    expect(await call("memory_delete", { memory_id: memory_id.replace(/.$/, "z") })).toMatchObject({
      code: "not_found",
    });
    expect(messages).toEqual([]);
    expect(await call("memory_update", { memory_id, content: "Ana prefers coffee", tags: [] })).toMatchObject({
      status: "success",
    });
    expect(await call("memory_delete", { memory_id })).toMatchObject({ status: "success" });
    expect(messages).toEqual([
      `Are you sure you want to perform this memory_update action?\n\nMemory until now: "Ana says \\"tea\\"\\nalways"\nmemory_id: "${memory_id}"\ncontent: "Ana prefers coffee"\ntags: []`,
      `Are you sure you want to perform this memory_delete action?\n\nMemory: "Ana prefers coffee"\nmemory_id: "${memory_id}"`,
    ]);
  });

  it.each([
    ["chat", "needs_input"],
    ["elicitation", "error"],
  ])("keeps to the configured way of asking, %s", async (form, status) => {
    const env = { ...CONFIRM, PATCHBAY_INTERACTION_FORM: form };
    const asked: string[] = [];
    const human: Human = ({ message }) => {
      asked.push(message);
      return { action: "accept", content: { confirm: true } };
    };
    const call = await connect(form === "chat" ? human : undefined, env);
    expect(await call("display_result", {})).toMatchObject({ status, code: "confirmation_required" });
    expect(asked).toEqual([]);
  });

  it("asks before every tool where the configuration says so, but does not confirm a confirmation", async () => {
    const messages: string[] = [];
    const call = await connect(
      ({ message }) => {
        messages.push(message);
        return { action: "accept", content: { confirm: true } };
      },
      { PATCHBAY_INTERACTION_CONFIRMATION_REQUIRED: "true" },
    );
    expect(await call("memory_list", {})).toMatchObject({ status: "success" });
    expect(await call("confirm_action", { message: "Sure?" })).toMatchObject({ confirmed: true });
    expect(messages).toEqual([
      expect.stringMatching(/^Are you sure you want to perform this memory_list action\?/),
      expect.stringContaining("Sure?"),
    ]);
  });
});

const legacyRoads = askingRoads.filter(({ name }) => name.startsWith("the 2025 era"));

describe.each(legacyRoads)("a form that fails, $name", ({ connect: join }) => {
  const connect = (human: Human) => join({ human });

  it("is put to the chat instead", async () => {
    const call = await connect(() => {
      throw new Error("no window");
    });
    expect(await call("collect_input", FORM)).toMatchObject({ status: "needs_input", form: { title: "Book a table" } });
    expect(await call("confirm_action", { message: "Sure?" })).toMatchObject({ status: "needs_input" });
  });

  it("is put to the chat instead, also where the client answers something else", async () => {
    const call = await connect(() => ({ action: "shrug" }) as never);
    expect(await call("collect_input", FORM)).toMatchObject({ status: "needs_input" });
  });
});
