import { describe, expect, it, vi } from "vitest";
import type { FakeModel } from "../../test/fixtures/fake-provider.ts";
import { injections, NONCE } from "../../test/fixtures/injections.ts";
import { clientOn, failure, never } from "../../test/fixtures/model-client.ts";
import { createInputProcessor } from "../llm/process-input.ts";
import { analyseProposals } from "./analyse.ts";
import { shownProposal } from "./prompts.ts";

const ANALYSIS = {
  consensus: ["It is scattering."],
  contradictions: ["A says blue, B says violet."],
  unique_points: [],
  blind_spots: ["The eye."],
  confidence: 0.7,
};
const request = {
  query: "Why?",
  proposals: ["As GPT-4, I say blue.", { text: "Vio", partial: true }],
  model: "fake/a",
  timeoutMs: 5000,
  nonce: NONCE,
};

async function analystOn(model: FakeModel) {
  const { server, llm } = await clientOn({ a: model });
  const processor = createInputProcessor(llm, { systemPrompt: "Unused.", maxTokens: 100 });
  const analyse = (more: Partial<typeof request> = {}, signal = never) =>
    analyseProposals(processor, { ...request, ...more }, { signal });
  return { server, analyse };
}

describe("the analysis", () => {
  it("is asked for once, of proposals without their authors' names", async () => {
    const { server, analyse } = await analystOn({ reply: JSON.stringify(ANALYSIS) });
    expect(await analyse()).toEqual(ANALYSIS);
    expect(server.chats).toHaveLength(1);
    const prompt = server.chats[0]!.body!.messages.map(({ content }) => content).join("\n");
    expect(prompt).toContain(`Proposal A:\n<proposal-${NONCE}>\nI say blue.\n</proposal-${NONCE}>`);
    expect(prompt).toContain(`Proposal B (cut off):\n<proposal-${NONCE}>\nVio\n</proposal-${NONCE}>`);
    expect(prompt).not.toContain("GPT-4");
  });

  it("shows injected proposals inside of their fences alone", async () => {
    const { server, analyse } = await analystOn({ reply: JSON.stringify(ANALYSIS) });
    const proposals = injections.filter((text) => text.length < 400).slice(0, 40);
    await analyse({ proposals });
    const prompt = server.chats[0]!.body!.messages.at(-1)!.content;
    const inside = [...prompt.matchAll(new RegExp(`<proposal-${NONCE}>\n([\\s\\S]*?)\n</proposal-${NONCE}>`, "g"))];
    expect(inside).toHaveLength(proposals.length);
    expect(inside[7]![1]).toBe(shownProposal(proposals[7]!, NONCE));
  });

  it("is never one that its schema does not allow", async () => {
    const { analyse } = await analystOn({ reply: JSON.stringify({ ...ANALYSIS, confidence: 70 }) });
    expect((await failure(analyse())).code).toMatch(/^(invalid_response|validation_failed)$/);
  });

  it("ends at its limit and when the caller goes, and lets go of the model", async () => {
    const { server, analyse } = await analystOn({ fault: "hang" });
    expect(await failure(analyse({ timeoutMs: 150 }))).toMatchObject({
      code: "deadline_exceeded",
      message: "The analysis took longer than 0.15 s.",
    });
    await vi.waitFor(() => expect(server.chats[0]!.abandoned).toBe(true));
    const stop = new AbortController();
    const analysis = failure(analyse({}, stop.signal));
    stop.abort();
    expect(await analysis).toMatchObject({ code: "aborted" });
  });
});
