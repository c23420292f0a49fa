import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../test/fixtures/cleanup.ts";
import { type FakeModel, startFakeProvider } from "../../test/fixtures/fake-provider.ts";
import { runProcess, serverCommand, startProcess, waitForOutput } from "../../test/fixtures/spawn.ts";
import { onTerminal } from "../../test/fixtures/terminal.ts";

const HOSTILE = "Blue\u001b[2J\u0007 \u202eof scattering";

async function setUp(models: Record<string, FakeModel> = {}, moa: object = {}) {
  const provider = await startFakeProvider({
    models: { quick: { reply: "Air scatters blue." }, other: { reply: "Rayleigh." }, ...models },
  });
  whenDone(() => provider.close());
  const config = {
    providers: { p: { baseUrl: provider.baseUrl, prices: { "*": { input: 1, output: 5 } } } },
    moa: { models: ["p/quick", "p/other"], aggregatorModel: "p/quick", numLayers: 1, agentsPerLayer: 2, ...moa },
  };
  const command = (args: string[], env?: Record<string, string>) =>
    serverCommand({ config, args: ["ask", ...args], ...(env && { env }) });
  const ask = (args: string[], input?: string) => runProcess(command(args), input === undefined ? {} : { input });
  return { provider, command, ask };
}

describe("patchbay-mcp ask", () => {
  it("writes the answer alone to the output, and on stderr each call and what it all took", async () => {
    const { ask } = await setUp();
    const { code, stdout, stderr } = await ask(["Why is the sky blue?", "--seed", "7"]);
    expect([code, stdout], stderr).toEqual([0, "Air scatters blue.\n"]);
    expect(stderr).toMatch(/^layer 1: p\/\w+, p\/\w+$/m);
    expect(stderr).toMatch(/^layer 1 agent [12] p\/other ok .*tokens {2}\$0\.0/m);
    expect(stderr).toMatch(/^final answer +p\/quick ok /m);
    expect(stderr).toMatch(/^\d\.\d\d s · 3 calls · \d+ tokens · \$0\.\d+ · mixed · seed 7$/m);
    expect(stderr).not.toContain("\u001b");
    const quiet = await ask(["Why?", "--quiet"]);
    expect([quiet.stdout, quiet.stderr]).toEqual(["Air scatters blue.\n", ""]);
  });

  it("takes the question from the words, from the input, or from both", async () => {
    const { ask, provider } = await setUp();
    const asked = async (args: string[], input: string) => {
      const before = provider.chats.length;
      expect((await ask(args, input)).code).toBe(0);
      return JSON.stringify(provider.chats[before]?.body?.messages);
    };
    expect(await asked([], "From a pipe?\n")).toContain("From a pipe?");
    expect(await asked(["Summarise:", "-"], "a long text\n")).toContain("Summarise: a long text");
    expect(await asked(["Only", "words"], "not read")).toMatch(/^(?!.*not read).*Only words/);
  });

  it("gives the whole result as JSON", async () => {
    const { ask } = await setUp();
    const { stdout } = await ask(["Why?", "--json", "--layers", "2", "--agents", "1", "--strategy", "mixed"]);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ answer: "Air scatters blue.", strategy: "mixed", degraded: false });
    expect(result.status).toBe("success");
    expect(result.trace).toHaveLength(3);
    expect(result.trace[0]).not.toHaveProperty("text");
    const traced = JSON.parse((await ask(["Why?", "--json", "--trace"])).stdout);
    expect(traced.trace).toHaveLength(3);
    expect(traced.trace.at(-1)).toMatchObject({ role: "aggregator", text: "Air scatters blue." });
  });

  it("shows every call with its answer, and what the proposals agree on, on stderr", async () => {
    const found = {
      consensus: ["Air scatters light"],
      contradictions: [],
      unique_points: ["Rayleigh found it"],
      blind_spots: ["Sunsets"],
      confidence: 0.8,
    };
    const { ask } = await setUp({
      quick: {
        reply: ({ messages }) => (/blind_spots/.test(JSON.stringify(messages)) ? JSON.stringify(found) : "Air."),
      },
    });
    const analysed = await ask(["Why?", "--analysis"]);
    expect(analysed.stdout).toBe("Air.\n");
    expect(analysed.stderr).toMatch(/^Consensus\n {2}- Air scatters light$/m);
    expect(analysed.stderr).toMatch(
      /^Considered by none\n {2}- Sunsets\nConfidence: 80 %, the same short answer: 0 %$/m,
    );
    const traced = await ask(["Why?", "--trace"]);
    expect(traced.stdout).toBe("Air.\n");
    expect(traced.stderr).toMatch(/^── layer 1 agent [12], p\/other: ok, \d\.\d\d s\nRayleigh\.$/m);
  });

  it.each([
    ["run.svg", /^<svg [\s\S]*p\/quick[\s\S]*<\/svg>\s*$/],
    ["run.md", /^```mermaid\ngantt[\s\S]*quick[\s\S]*\n```\n$/],
    ["run.mmd", /^gantt[\s\S]*quick/],
  ])("saves the picture of the run as %s", async (name, drawn) => {
    const { ask } = await setUp();
    const file = join(temporaryFolder(), name);
    expect((await ask(["Why?", "--picture", file])).code).toBe(0);
    expect(readFileSync(file, "utf8")).toMatch(drawn);
  });

  it("gives a failure as JSON too", async () => {
    const { ask } = await setUp();
    const { code, stdout } = await ask(["Why?", "--json", "--models", "p/missing"]);
    expect(code, stdout).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      status: "error",
      code: expect.any(String),
      message: expect.any(String),
    });
  });

  it("names the option that was nearly given", async () => {
    const { ask } = await setUp();
    const { code, stderr } = await ask(["Why?", "--agent", "3"]);
    expect([code, stderr.split("\n")[0]]).toEqual([
      2,
      "patchbay-mcp: There is no option --agent. Did you mean --agents?",
    ]);
  });

  it("asks nothing where its picture could not be saved", async () => {
    const { ask } = await setUp();
    const { code, stdout, stderr } = await ask(["Why?", "--picture", join(temporaryFolder(), "nowhere", "a.svg")]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/nothing can be written to the folder of ".*a\.svg" \(ENOENT\)\.\nNothing was asked/);
  });

  it("shows nothing of a model's text that a terminal would obey", async () => {
    const { ask } = await setUp({ quick: { reply: HOSTILE }, other: { reply: HOSTILE } });
    for (const args of [[], ["--json"], ["--trace"]]) {
      const { stdout, stderr } = await ask(["Why?", ...args]);
      expect(stdout).toContain("\\u001b[2J");
      expect(stdout + stderr).not.toMatch(/[\u0007\u001b\u202e]/);
    }
  });

  it("closes its calls at Ctrl-C, says what it cost, and exits with 130", async () => {
    const { provider, command } = await setUp({ other: { fault: "hang" } });
    const running = startProcess(command(["Why?", "--picture", join(temporaryFolder(), "a.svg")]));
    await waitForOutput(running, /p\/quick ok/, 20_000);
    expect(await running.stop("SIGINT")).toBe(130);
    expect(running.stdout()).toBe("");
    expect(running.stderr()).toMatch(/Cancelled after .*: 1 of 2 calls had answered, \d+ tokens, \$0\.0/);
    expect(provider.openSockets).toBe(0);
  });

  it.each([
    [["Why?", "--layers", "0"], "--layers must be a whole number from 1 to 6"],
    [["Why?", "--strategy", "best"], "--strategy must be auto, mixed, self"],
    [["Why?", "--picture", "run.png"], "--picture must end in .svg"],
    [["Why?", "--models", "a,,b"], "--models must be names with commas"],
    [["Why?", "--questions", "q"], "--questions is an option of eval."],
    [[], "ask needs a question"],
  ])("refuses %j and says where its help is", async (args, message) => {
    const { code, stdout, stderr } = await runProcess(serverCommand({ args: ["ask", ...args] }));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).toContain("patchbay-mcp ask --help shows");
  });

  it("says how to get a model where there is none", async () => {
    const { code, stdout, stderr } = await runProcess(
      serverCommand({ args: ["ask", "Why?"], env: { OLLAMA_HOST: "" } }),
    );
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/No model provider is configured\.\n.*OPENAI_API_KEY/);
  });
});

describe("patchbay-mcp ask on a terminal", () => {
  it("draws the calls in place, then the answer", async () => {
    const { command } = await setUp({ other: { latencyMs: 400, reply: "Rayleigh." } });
    const { code, stdout } = await runProcess(onTerminal(command(["Why?"])));
    expect(code, stdout).toBe(0);
    const frames = stdout.split("\u001b[J").map((frame) => frame.replace(/\u001b\[[\d;?]*[a-zA-Z]/g, ""));
    expect(frames.length).toBeGreaterThan(4);
    expect(
      frames.some((frame) => /^Layer 1\r\n[\s\S]*^ {2}\S p\/other +╌+ +\d\.\d\d s {2}waiting\r$/m.test(frame)),
    ).toBe(true);
    expect(frames.at(-1)).toMatch(
      /^Final answer\r\n {2}✓ p\/quick [\s\S]*\r\n\r\nAir scatters blue\.\r\n\r\n\d\.\d\d s · 3 calls/m,
    );
    for (const line of frames.slice(0, -1).flatMap((frame) => frame.split("\r\n"))) {
      expect([...line.replaceAll("\r", "")].length).toBeLessThanOrEqual(80);
    }
    expect(stdout).toContain("\u001b[32m✓");
    expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stdout.lastIndexOf("\u001b[?25l"));
  });

  it("does so without colours with NO_COLOR, and line by line on a dumb terminal", async () => {
    const { command } = await setUp();
    const plain = await runProcess(onTerminal(command(["Why?"], { NO_COLOR: "1" })));
    expect(plain.stdout).toContain("\u001b[J");
    expect(plain.stdout).not.toContain("\u001b[32m");
    const dumb = await runProcess(onTerminal(command(["Why?"], { TERM: "dumb" })));
    expect(dumb.stdout).not.toContain("\u001b");
    expect(dumb.stdout).toMatch(/final answer +p\/quick ok/);
  });

  it("takes a terminal that does not tell its size for one of 80 columns", async () => {
    const { command } = await setUp();
    const { stdout } = await runProcess(onTerminal(command(["Why?"]), 0, 0));
    expect(stdout).toMatch(/p\/quick .*[╌━]/);
  });
});
