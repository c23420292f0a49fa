import { describe, expect, it } from "vitest";
import { ToolError } from "../errors.ts";
import { createInteraction, type InteractionOptions } from "../interaction/interaction.ts";
import type { Services } from "../services.ts";
import confirmAction from "./confirm-action.ts";
import type { Question, ToolContext } from "./define-tool.ts";

type Client = (question: Question) => Record<string, unknown>;

/** A server as one user sees it, with a client that answers as told. */
function setUp(client: Client, options: InteractionOptions = {}) {
  const interaction = createInteraction(options);
  const asked: Question[] = [];
  const statuses: string[] = [];
  const call = (input: Record<string, unknown>, user = "ana"): Promise<Record<string, unknown>> => {
    const say = (description: string) => void statuses.push(description);
    const context: ToolContext<keyof Services> = {
      user: { id: user },
      signal: new AbortController().signal,
      services: { interaction } as Services,
      status: { progress: say, success: say, error: say, emit: say },
      async elicit(_key, question) {
        asked.push(question);
        return client(question);
      },
      elicitPage: () => Promise.reject(new ToolError("unsupported", "no pages")),
    };
    return confirmAction.run(confirmAction.input.parse(input), context);
  };
  return { call, asked, statuses, interaction };
}

const failing =
  (code: "declined" | "cancelled" | "unsupported"): Client =>
  () => {
    throw new ToolError(code, "Action cancelled by user");
  };
const cannotAsk = failing("unsupported");
const no = { confirmed: false, action: "declined", message: "Action cancelled by user" };
const refused = { code: "invalid_input" };

describe("confirm_action with a client that can show a form", () => {
  it("is confirmed by a yes", async () => {
    const { call, asked } = setUp(() => ({ confirm: true }));
    await expect(call({ message: "Delete 3 files?", confirm_label: "Delete" })).resolves.toEqual({ confirmed: true });
    expect(asked[0]?.message).toBe("Confirmation\n\nDelete 3 files?");
    // A default would be sent by who presses a form's main button without having chosen.
    expect(asked[0]?.schema.properties.confirm).toMatchObject({ type: "boolean", title: "Delete" });
    expect(asked[0]?.schema.properties.confirm).not.toHaveProperty("default");
    expect(asked[0]?.schema.required).toEqual(["confirm"]);
  });

  it.each([{}, { confirm: false }, { confirm: null }, { other: true }])("is not confirmed by %j", async (content) => {
    const { call, statuses } = setUp(() => content);
    await expect(call({ message: "Sure?" })).resolves.toEqual(no);
    expect(statuses.at(-1)).toBe("Action cancelled by user");
  });

  it("tells a no from a user who went away", async () => {
    await expect(setUp(failing("declined")).call({ message: "Sure?" })).resolves.toEqual(no);
    await expect(setUp(failing("cancelled")).call({ message: "Sure?" })).rejects.toMatchObject({ code: "cancelled" });
  });

  it("does not ask without a message or with two equal labels", async () => {
    const { call, asked } = setUp(() => ({ confirm: true }));
    await expect(call({})).rejects.toMatchObject(refused);
    await expect(call({ message: "  " })).rejects.toMatchObject(refused);
    await expect(call({ message: "Sure?", confirm_label: "OK", cancel_label: "ok " })).rejects.toMatchObject(refused);
    expect(asked).toHaveLength(0);
  });
});

describe("confirm_action with a client that cannot ask", () => {
  const ask = async (set = setUp(cannotAsk)) => {
    const result = await set.call({ message: "Delete it?" });
    return { ...set, result, token: result.resume_token as string };
  };

  it("hands the question to the model", async () => {
    const { result } = await ask();
    expect(result).toMatchObject({
      status: "needs_input",
      question: { title: "Confirmation", message: "Delete it?", confirm_label: "Confirm", cancel_label: "Cancel" },
    });
    expect(result).not.toHaveProperty("confirmed");
  });

  it.each([
    [true, { confirmed: true }],
    [false, no],
  ])("takes the answer %s once, with the token", async (answer, expected) => {
    const { call, token } = await ask();
    await expect(call({ answer, resume_token: token })).resolves.toEqual(expected);
    await expect(call({ answer, resume_token: token })).rejects.toMatchObject(refused);
  });

  it("takes no consent without its token, its answer, its question or its user", async () => {
    const { call, token } = await ask();
    await expect(call({ message: "Delete it?", answer: true })).rejects.toMatchObject(refused);
    await expect(call({ message: "Delete it?", resume_token: token })).rejects.toMatchObject(refused);
    await expect(call({ message: "Delete all?", answer: true, resume_token: token })).rejects.toMatchObject(refused);
    await expect(call({ answer: true, resume_token: token }, "ben")).rejects.toMatchObject(refused);
    await expect(call({ message: "Delete it?", answer: true, resume_token: token })).resolves.toEqual({
      confirmed: true,
    });
  });

  it("grants one call of the tool that asked for confirmation", async () => {
    const { call, interaction } = setUp(cannotAsk);
    const { confirmation } = interaction;
    const token = confirmation.request("ana", "memory_delete", { memory_id: "1" });
    const message = confirmation.question("memory_delete");
    const result = await call({ message, answer: true, resume_token: token });
    expect(result).toMatchObject({ confirmed: true, message: expect.stringContaining("memory_delete") });
    expect(confirmation.takeGrant("ana", { tool: "memory_delete", args: { memory_id: "1" } })).toBe(true);
    expect(confirmation.takeGrant("ana", { tool: "memory_delete", args: { memory_id: "1" } })).toBe(false);
  });

  it("takes no consent to another question than the one that a tool's call put", async () => {
    const { call, interaction } = setUp(cannotAsk);
    const { confirmation } = interaction;
    const whole = `${confirmation.question("memory_delete")}\n\nIt says: Ana prefers tea`;
    const request = () => confirmation.request("ana", "memory_delete", {}, whole);
    const token = request();
    await expect(call({ message: "Keep it?", answer: true, resume_token: token })).rejects.toMatchObject(refused);
    expect(confirmation.takeGrant("ana", { tool: "memory_delete", args: {} })).toBe(false);
    for (const message of [
      whole,
      `${whole}\n`,
      confirmation.question("memory_delete"),
      confirmation.waiting("memory_delete"),
    ]) {
      expect(await call({ message, answer: true, resume_token: request() })).toMatchObject({ confirmed: true });
    }
    // One question gives one consent.
    await expect(call({ answer: true, resume_token: token })).rejects.toMatchObject(refused);
  });

  it("does not fall back to the chat when forms are configured", async () => {
    const { call } = setUp(cannotAsk, { form: "elicitation" });
    await expect(call({ message: "Sure?" })).rejects.toMatchObject({ code: "unsupported" });
  });
});
