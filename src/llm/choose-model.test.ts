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

  it("is not taken by another provider than the one that it names and that has no such model", () => {
    const offers = [offer("local", ["llama3.1:8b"]), offer("gone", [], true)];
    expect(() => nameOf("local/missing", offers)).toThrow(/local\/missing/);
    expect(nameOf("vendor/missing", offers)).toBe("gone/vendor/missing");
  });

  it("is taken as it is by the only provider whose list is missing", () => {
    expect(nameOf("anything", [offer("mute", [], true), ...OFFERS])).toBe("mute/anything");
    expect(nameOf("mute/x/y", [offer("mute", [], true), offer("dumb", [], true)])).toBe("mute/x/y");
  });

  it("is not to blame where no provider can be asked", () => {
    const offers = [offer("mute", [], true), offer("dumb", [], true)];
    try {
      chooseModel("anything", offers);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: "upstream_unreachable",
        message: "mute is gone",
        retryable: true,
        issues: [{ path: "mute" }, { path: "dumb" }],
      });
    }
  });

  it("is an error that says how to get a model where there is none at all", () => {
    expect(() => chooseModel("a", [offer("ollama", [])])).toThrow(
      expect.objectContaining({ code: "unknown_model", hint: expect.stringContaining("ollama pull") }),
    );
  });
});

describe("a default name in the configuration", () => {
  const configured = { configured: "llm.modelId" };
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

  it("prefers the plain model to its variants, and takes none that cannot chat", () => {
    const openai = [
      "gpt-4o-2024-08-06",
      "gpt-4o-audio-preview",
      "gpt-4-search",
      "gpt-4o-mini",
      "gpt-4o",
      "gpt-4-0613",
      "tts-1",
      "text-embedding-3-small",
      "gpt-3.5-turbo-instruct",
      "o1-pro",
    ];
    const offers = [offer("openai", openai)];
    expect(nameOf("gpt-4", offers, configured)).toBe("openai/gpt-4o");
    const others = ["claude-3", "llama-3"].map((name) =>
      nameOf(name, offers, { ...configured, avoid: ["openai/gpt-4o"] }),
    );
    expect(others).toEqual(["openai/gpt-4o-mini", "openai/gpt-4o-mini"]);
    expect(() => nameOf("gpt-4", [offer("x", ["nomic-embed-text", "llama-guard3"])], configured)).toThrow(/no model/);
  });

  it("never means the model that memories are embedded with, unless it is named", () => {
    const only = [offer("nano", ["small-vectors-q4"])];
    const embeds = { ...configured, embeds: "nano/small-vectors-q4" };
    expect(() => nameOf("gpt-4", only, embeds)).toThrow(/no model "gpt-4"/);
    expect(nameOf("gpt-4", [...only, offer("x", ["a"])], embeds)).toBe("x/a");
    expect(() => nameOf("gpt-4", [offer("nano", ["vectors:latest"])], { ...configured, embeds: "vectors" })).toThrow();
    expect(nameOf("small-vectors-q4", only, embeds)).toBe("nano/small-vectors-q4");
    expect(() => nameOf("gpt-4", [offer("nano", ["multilingual-e5-small-q4", "gte-small"])], configured)).toThrow();
  });

  it("means a newer generation of its family where there is no other", () => {
    const offers = [offer("x", ["mistral", "claude-sonnet-4-5", "gpt-5", "meta-llama/Llama-4-Scout"])];
    expect(["gpt-4", "claude-3", "llama-3"].map((name) => nameOf(name, offers, configured))).toEqual([
      "x/gpt-5",
      "x/claude-sonnet-4-5",
      "x/meta-llama/Llama-4-Scout",
    ]);
  });

  it("means the model of the first provider where several have it", () => {
    expect(nameOf("gpt-4", [offer("one", ["gpt-4"]), offer("two", ["gpt-4"])], configured)).toBe("one/gpt-4");
  });

  it("says which provider could not be asked when another model stands in", () => {
    const { warning } = chooseModel(
      "gpt-4",
      [offer("openai", [], true), offer("ollama", ["llama3.2:latest"])],
      configured,
    );
    expect(warning).toMatch(/"ollama\/llama3.2:latest" is used.*openai is gone/);
  });

  it("does not excuse another name that nobody has", () => {
    expect(() => nameOf("my-model", OFFERS, configured)).toThrow(
      expect.objectContaining({
        message: 'There is no model "my-model", which llm.modelId names.',
        hint: expect.stringContaining("Set llm.modelId in the configuration"),
      }),
    );
    expect(() => nameOf("shared", OFFERS, configured)).toThrow(
      /Several providers have a model "shared", .*llm\.modelId/,
    );
  });
});
