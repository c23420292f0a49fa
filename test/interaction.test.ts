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
