import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ToolError } from "../errors.ts";
import { confirmationQuestion } from "./confirmation.ts";
import type { FormInput } from "./form.ts";
import { createInteraction, type Interaction } from "./interaction.ts";

const signal = new AbortController().signal;
const cannot = () => Promise.reject(new ToolError("unsupported", "This client cannot ask the user."));

/** The token of a form that was put to the chat. */
async function tokenOf({ forms }: Interaction, input: FormInput, user = "ana"): Promise<string> {
  const outcome = await forms.collect(user, forms.read(input), { elicit: cannot, elicitPage: cannot });
  if ("data" in outcome) throw new Error("was answered");
  return outcome.resumeToken;
}

describe("a form in the chat", () => {
  const input = { title: "Trip", fields: [{ name: "city", label: "City", required: true }] };

  it("comes back from its token, with or without the fields", async () => {
    for (const again of [{}, { fields: [] }, input]) {
      const interaction = createInteraction();
      const token = await tokenOf(interaction, input);
      const answers = { city: "Rome" };
      await expect(interaction.forms.resume("ana", token, { ...again, answers }, { ms: 0, signal })).resolves.toEqual({
        data: answers,
      });
      // Answered once.
      expect(() => interaction.forms.check("ana", token, again)).toThrow("already been used");
    }
  });

  it("is not exchanged for another form, nor answered by another user", async () => {
    const interaction = createInteraction();
    const token = await tokenOf(interaction, input);
    const { check } = interaction.forms;
    for (const change of [{ type: "email" }, { required: false }, { max: 3 }, { pattern: "a" }, { default: "Rome" }]) {
      expect(() => check("ana", token, { fields: [{ ...input.fields[0], ...change }] })).toThrow("not those");
    }
    expect(() => check("ben", token, {})).toThrow("not valid");
    expect(() => check("ana", token, input)).not.toThrow();
  });

  it("keeps a token of a usual form short enough for a model to copy", async () => {
    const names = ["first name", "last name", "e-mail", "city", "arrival"];
    const token = await tokenOf(createInteraction(), { fields: names.map((name) => ({ name, required: true })) });
    expect(token.length).toBeLessThan(400);
  });
});

describe("a confirmation of a call", () => {
  it("asks with the wording of the tool", () => {
    expect(confirmationQuestion("memory_delete")).toBe("Are you sure you want to perform this memory_delete action?");
  });

  it("is granted for one call with the same user, tool and arguments", () => {
    const { confirmation } = createInteraction();
    const token = confirmation.request("ana", "memory_delete", { memory_id: "1", deep: { a: 1, b: [2] } });
    expect(confirmation.settle("ana", token, true)).toEqual({ confirmed: true, tool: "memory_delete" });
    const same = { deep: { b: [2], a: 1 }, memory_id: "1" };
    expect(confirmation.takeGrant("ben", { tool: "memory_delete", args: same })).toBe(false);
    expect(confirmation.takeGrant("ana", { tool: "memory_update", args: same })).toBe(false);
    expect(confirmation.takeGrant("ana", { tool: "memory_delete", args: { ...same, memory_id: "2" } })).toBe(false);
    expect(confirmation.takeGrant("ana", { tool: "memory_delete", args: same })).toBe(true);
    expect(confirmation.takeGrant("ana", { tool: "memory_delete", args: same })).toBe(false);
  });

  it("is not granted by asking, by a no, or by the token of a no", () => {
    const { confirmation } = createInteraction();
    const token = confirmation.request("ana", "memory_delete", {});
    expect(confirmation.takeGrant("ana", { tool: "memory_delete", args: {} })).toBe(false);
    expect(confirmation.settle("ana", token, false)).toEqual({ confirmed: false, tool: "memory_delete" });
    expect(() => confirmation.settle("ana", token, true)).toThrow("already been used");
    expect(confirmation.takeGrant("ana", { tool: "memory_delete", args: {} })).toBe(false);
  });

  it("lapses", () => {
    let now = 0;
    const { confirmation } = createInteraction({ now: () => now, grantMs: 300_000 });
    confirmation.settle("ana", confirmation.request("ana", "t", {}), true);
    now = 300_000;
    expect(confirmation.takeGrant("ana", { tool: "t", args: {} })).toBe(false);
  });

  it("tells arguments apart exactly as JSON does, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (a, b) => {
        const { confirmation } = createInteraction();
        confirmation.settle("ana", confirmation.request("ana", "t", a), true);
        const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;
        const equal = (() => {
          try {
            expect(plain(a)).toEqual(plain(b));
            return true;
          } catch {
            return false;
          }
        })();
        expect(confirmation.takeGrant("ana", { tool: "t", args: b })).toBe(equal);
        const reversed = Object.fromEntries(Object.entries(a).reverse());
        expect(confirmation.takeGrant("ana", { tool: "t", args: reversed })).toBe(!equal);
      }),
      { numRuns: 50 },
    );
  });

  it("never takes silence for consent", () => {
    const { confirmation } = createInteraction();
    for (const content of [
      undefined,
      null,
      {},
      "true",
      { confirm: null },
      { confirm: "" },
      { confirm: 1 },
      { ok: true },
    ]) {
      expect(confirmation.isConsent(content)).toBe(false);
    }
    expect(confirmation.isConsent(Object.create({ confirm: true }))).toBe(false);
    expect(confirmation.isConsent({ confirm: true })).toBe(true);
  });

  it("asks by a field that is neither yes nor no beforehand", () => {
    const { confirmation } = createInteraction();
    const text = { message: "Delete it?", title: "Confirmation", confirmLabel: "Delete", cancelLabel: "Keep" };
    expect(confirmation.ask(text)).toEqual({
      message: "Confirmation\n\nDelete it?",
      schema: {
        type: "object",
        properties: {
          confirm: {
            type: "boolean",
            title: "Delete",
            description: "Yes means “Delete”, no means “Keep”.",
          },
        },
        required: ["confirm"],
      },
    });
  });
});
