import { describe, expect, it } from "vitest";
import { ToolError } from "../errors.ts";
import { chooseModel, type Offer } from "./choose-model.ts";
import { ModelError } from "./model-error.ts";

const offer = (name: string, models: string[], failed = false): Offer => ({
  provider: { name, kind: "openai-compatible", baseUrl: "http://x/v1", models: [], concurrency: 1, origin: "test" },
  models,
  failure: failed ? new ModelError("unreachable", `${name} is gone`) : undefined,
});

const OFFERS = [
  offer("local", ["llama3.1:8b", "qwen:latest", "shared"]),
  offer("router", ["openai/gpt-4o", "anthropic/claude-3-5-sonnet", "text-embedding-3", "shared"]),
];
const nameOf = (name: string, offers = OFFERS, options = {}) => chooseModel(name, offers, options).name;

describe("a named model", () => {
  it.each([
    ["local/shared", "local/shared"],
    ["router/openai/gpt-4o", "router/openai/gpt-4o"],
    ["openai/gpt-4o", "router/openai/gpt-4o"],
    ["qwen", "local/qwen:latest"],
    [" qwen:latest ", "local/qwen:latest"],
  ])("%s is %s", (name, full) => {
    expect(nameOf(name)).toBe(full);
  });

  it("has to be told apart where several providers have it", () => {
    expect(() => nameOf("shared")).toThrow(/Several providers/);
  });

  it("is an error where nobody has it, with at most ten of what there is", () => {
    const many = [
      offer(
        "big",
        Array.from({ length: 30 }, (_, i) => `m${i}`),
      ),
    ];
    try {
      chooseModel("gpt-4", many);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ToolError);
      expect((error as ToolError).code).toBe("unknown_model");
      expect((error as ToolError).hint).toMatch(/big\/m9 and 20 more/);
    }
  });

  it("is taken as it is by the only provider whose list is missing", () => {
    expect(nameOf("anything", [offer("mute", [], true), ...OFFERS])).toBe("mute/anything");
    expect(nameOf("mute/x/y", [offer("mute", [], true), offer("dumb", [], true)])).toBe("mute/x/y");
    expect(() => nameOf("anything", [offer("mute", [], true), offer("dumb", [], true)])).toThrow(/no model/);
  });
});

describe("a default name in the configuration", () => {
  const configured = { configured: true };
  it("means a model of its family", () => {
    expect(nameOf("gpt-4", OFFERS, configured)).toBe("router/openai/gpt-4o");
    expect(nameOf("claude-3", OFFERS, configured)).toBe("router/anthropic/claude-3-5-sonnet");
    expect(nameOf("llama-3", OFFERS, configured)).toBe("local/llama3.1:8b");
  });

  it("else means the first chat model that is not taken yet, with a warning", () => {
    const offers = [offer("x", ["text-embedding-3", "a", "b"])];
    expect(chooseModel("gpt-4", offers, configured)).toMatchObject({
      name: "x/a",
      warning: expect.stringContaining("x/a"),
    });
    expect(nameOf("claude-3", offers, { ...configured, avoid: ["x/a"] })).toBe("x/b");
    expect(nameOf("llama-3", offers, { ...configured, avoid: ["x/a", "x/b"] })).toBe("x/a");
  });

  it("does not excuse another name that nobody has", () => {
    expect(() => nameOf("my-model", OFFERS, configured)).toThrow(/no model "my-model"/);
  });
});
