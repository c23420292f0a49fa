import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../test/fixtures/cleanup.ts";
import { type ChatRequest, startFakeProvider } from "../../test/fixtures/fake-provider.ts";
import { runProcess, serverCommand } from "../../test/fixtures/spawn.ts";

const page = readFileSync("docs/command-line.md", "utf8");
const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, kind, text = ""]) => ({ kind, text }));
/** The block of the page that begins with these words. */
const shown = (beginning: string) => blocks.find(({ text }) => text.trimStart().startsWith(beginning))?.text ?? "";

/** Answers as the models of the page's examples do. */
function answering(isLarge: boolean) {
  return ({ messages }: ChatRequest): string => {
    const text = JSON.stringify(messages);
    if (text.includes("Verdict: 1")) {
      const answers = messages.at(-1)?.content.split("Answer 1:")[1]?.split("Answer 2:") ?? [];
      const [first, second] = answers.map((answer) => answer.includes("Rayleigh"));
      return first === second ? "Verdict: tie" : `Verdict: ${first ? 1 : 2}`;
    }
    if (text.includes("6 × 7")) return "Answer: 42";
    if (text.includes("France")) return isLarge ? "Answer: Paris" : "Answer: Lyon";
    if (text.includes("planet")) return "Answer: B";
    return isLarge
      ? "Air scatters blue light about five times as strongly as red (Rayleigh scattering), so blue comes from all over the sky."
      : "Because air is blue.";
  };
}

/** Times and sums differ from run to run, and the widths of columns with them. */
const withoutFigures = (text: string) =>
  text
    .replace(/\$?\d[\d.,]*( s\b)?/g, "N")
    .replace(/ +/g, " ")
    .trim();

describe("docs/command-line.md", () => {
  it.each([
    [[], "patchbay-mcp "],
    [["doctor"], "patchbay-mcp doctor"],
    [["usage"], "patchbay-mcp usage"],
    [["keys"], "patchbay-mcp keys"],
    [["ask"], 'patchbay-mcp ask "'],
    [["eval"], "patchbay-mcp eval"],
  ])("shows the help of %j as it is", async (args, beginning) => {
    const { code, stdout } = await runProcess(serverCommand({ args: [...args, "--help"] }));
    expect(code).toBe(0);
    expect(shown(beginning)).toBe(stdout);
  });

  it("shows the report of an evaluation that was run", async () => {
    const provider = await startFakeProvider({
      models: {
        large: { reply: answering(true) },
        small: { reply: answering(false) },
        judge: { reply: answering(true) },
      },
    });
    whenDone(() => provider.close());
    const questions = join(temporaryFolder(), "questions.jsonl");
    writeFileSync(questions, shown('{"id": "seven"'));
    const prices = { large: { input: 2, output: 8 }, "*": { input: 0.2, output: 0.8 } };
    const config = {
      providers: { lab: { baseUrl: provider.baseUrl, prices } },
      moa: { models: ["lab/large", "lab/small"], aggregatorModel: "lab/large", numLayers: 1, agentsPerLayer: 2 },
    };
    const args = ["eval", "moa", "--questions", questions, "--judge", "lab/judge", "--yes"];
    const { code, stdout, stderr } = await runProcess(serverCommand({ config, args }));
    expect(code, stderr).toBe(0);
    expect(withoutFigures(shown("right"))).toBe(withoutFigures(stdout));
  });
});
