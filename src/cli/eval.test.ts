import { once } from "node:events";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../test/fixtures/cleanup.ts";
import { type ChatRequest, type FakeModel, startFakeProvider } from "../../test/fixtures/fake-provider.ts";
import { runProcess, serverCommand, startProcess, waitForOutput } from "../../test/fixtures/spawn.ts";
import { onTerminal } from "../../test/fixtures/terminal.ts";
import type { EvalSummary } from "../eval/summary.ts";

const QUESTIONS = [
  { id: "six", question: "What is 6 x 7?", answer: "42" },
  { id: "capital", question: "What is the capital of France?", answer: ["Paris", "City of Paris"] },
];
const OPEN = [{ question: "Tell me a joke." }, { question: "Tell me another." }, { question: "And a third." }];

/** Knows the answers; to everything else it says something good. */
function knowing({ messages }: ChatRequest): string {
  const asked = JSON.stringify(messages);
  return asked.includes("6 x 7")
    ? "Let me see.\nAnswer: 42"
    : asked.includes("France")
      ? "Answer: Paris"
      : "A good joke";
}

/** Looks at the answers: a good one is better than another. */
function fairJudge({ messages }: ChatRequest): string {
  const [first = false, second = false] = (messages.at(-1)?.content.split("Answer 1:")[1] ?? "")
    .split("Answer 2:")
    .map((answer) => answer.includes("good"));
  return first === second ? "Verdict: tie" : `Verdict: ${first ? 1 : 2}`;
}

async function setUp(questions: object[], models: Record<string, FakeModel> = {}, provider: object = {}) {
  const server = await startFakeProvider({
    models: { good: { reply: knowing }, bad: { reply: "Answer: 7" }, judge: { reply: fairJudge }, ...models },
  });
  whenDone(() => server.close());
  const folder = temporaryFolder();
  const [file, out] = [join(folder, "questions.jsonl"), join(folder, "results.jsonl")];
  writeFileSync(file, questions.map((question) => JSON.stringify(question)).join("\n"));
  const config = {
    providers: { p: { baseUrl: server.baseUrl, ...provider } },
    moa: { models: ["p/good", "p/bad"], aggregatorModel: "p/good", numLayers: 1, agentsPerLayer: 2 },
  };
  const command = (...args: string[]) =>
    serverCommand({ config, args: ["eval", "moa", "--questions", file, "--judge", "p/judge", ...args] });
  const evaluate = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProcess(command("--json", "--yes", ...args));
    const summary = JSON.parse(stdout || "{}") as EvalSummary;
    const { made = 0, failed = 0 } = summary.judgements ?? {};
    expect(code, stderr).toBe(made > 0 && failed === made ? 1 : 0);
    return { summary, stderr };
  };
  const asked = (model: string) => server.chats.filter(({ body }) => body?.model === model).length;
  return { server, out, command, evaluate, asked };
}

const of = (summary: EvalSummary, name: string) => summary.contestants.find((one) => one.name === name)!;

describe("patchbay-mcp eval moa", () => {
  it("grades known answers exactly, and asks no judge for them", async () => {
    const { evaluate, asked } = await setUp(QUESTIONS);
    const { summary } = await evaluate();
    expect(summary).toMatchObject({ questions: 2, with_answer: 2, baseline: "p/good", cost_usd: null });
    expect(of(summary, "p/good").accuracy).toMatchObject({ right: 2, of: 2, estimate: 1 });
    expect(of(summary, "p/bad").accuracy).toMatchObject({ right: 0, of: 2 });
    expect(of(summary, "mixed").accuracy).toMatchObject({ right: 2, of: 2 });
    expect(of(summary, "p/bad").win_rate).toMatchObject({ wins: 0, losses: 2 });
    expect(asked("judge")).toBe(0);
    expect(summary.verdicts[1]).toMatch(
      /^mixed: all were ties: the questions are too easy to tell it from p\/good\. .* × as long\.$/,
    );
  });

  it("has a judge compare the others in both orders with the best single model", async () => {
    const { evaluate, asked } = await setUp(OPEN, { bad: { reply: "Hm." } });
    const { summary } = await evaluate("--models", "p/bad,p/good", "--aggregator", "p/good");
    expect(summary.baseline).toBe("p/good");
    expect(of(summary, "p/bad").win_rate).toMatchObject({ wins: 0, ties: 0, losses: 3, missing: 0 });
    expect(of(summary, "mixed").win_rate).toMatchObject({ wins: 0, ties: 3, losses: 0 });
    expect(asked("judge") % 2).toBe(0);
    expect(summary.judgements).toMatchObject({ failed: 0, disagreed: 0 });
  });

  it("gets nothing but ties from a judge that always prefers the first answer", async () => {
    const { evaluate } = await setUp(OPEN, { bad: { reply: "Hm." }, judge: { reply: "Verdict: 1" } });
    const { summary } = await evaluate();
    for (const { win_rate: rate } of summary.contestants.filter(({ name }) => name !== summary.baseline)) {
      expect(rate).toMatchObject({ wins: 0, ties: 3, losses: 0, estimate: 0.5 });
    }
    expect(summary.judgements.disagreed).toBe(summary.judgements.made);
  });

  it("counts a failed answer as a failure and as lost, and leaves out what the judge failed on", async () => {
    const { evaluate } = await setUp(OPEN, {
      bad: { fault: { status: 401, body: '{"error":{"message":"no"}}' } },
      judge: { reply: "I cannot say." },
    });
    const { summary } = await evaluate("--contestants", "single,mixed", "--layers", "1");
    expect(of(summary, "p/bad")).toMatchObject({ failures: 3, answered: 0, latency_ms: null, win_rate: { losses: 3 } });
    expect(of(summary, "mixed")).toMatchObject({ failures: 0, win_rate: { missing: 3, wins: 0 } });
    expect(summary.judgements).toMatchObject({ made: 3, failed: 3 });
    expect(summary.verdicts).toEqual(["mixed: nothing could be compared with p/good."]);
  });

  it("goes on where a killed run ended, from the file of its results", async () => {
    const { evaluate, command, out, asked, server } = await setUp([...QUESTIONS, ...OPEN], {
      good: { reply: knowing, wordMs: 40 },
    });
    const args = ["--contestants", "single", "--out", out, "--concurrency", "1"];
    const running = startProcess(command("--yes", ...args));
    await waitForOutput(running, /answer capital p\/good/, 20_000);
    await running.stop("SIGKILL");
    appendFileSync(out, '{"type":"answer","key":"torn');
    const before = server.chats.length;
    const { summary, stderr } = await evaluate(...args);
    expect(summary.contestants.map(({ answered }) => answered)).toEqual([5, 5]);
    expect(stderr).not.toMatch(/answer (six|capital) p\/good/);
    expect(server.chats.length).toBeGreaterThan(before);
    const [good, bad, judge] = [asked("good"), asked("bad"), asked("judge")];
    const again = await evaluate(...args);
    expect([asked("good"), asked("bad"), asked("judge")]).toEqual([good, bad, judge]);
    expect(again.summary.contestants).toEqual(summary.contestants);
    expect(readFileSync(out, "utf8")).not.toContain("torn");
  });

  it("says what it may cost and starts only when told to", async () => {
    const { command, server } = await setUp([...QUESTIONS, ...OPEN], {}, { prices: { "*": { input: 1, output: 5 } } });
    const { code, stdout, stderr } = await runProcess(command());
    expect([code, stdout]).toEqual([1, ""]);
    // Per question 2 single calls and two mixtures of 3 calls; 3 open questions with 4 comparisons in both orders.
    expect(stderr).toContain("5 questions for 4 contestants: about 64 calls, 24 of them of the judge at most");
    expect(stderr).toContain("Say --yes to start");
    expect(server.chats).toEqual([]);
  });

  it("needs prices for a limit of cost", async () => {
    const { command } = await setUp(QUESTIONS);
    const { code, stderr } = await runProcess(command("--max-cost", "1"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/--max-cost cannot be kept: the price of "p\/\w+" is unknown\.\n.*prices/);
  });

  const PRICES = { prices: { "*": { input: 1, output: 5 } } };

  it("spends no more than the limit, and says that it ended early", async () => {
    const questions = Array.from({ length: 30 }, (_, index) => ({
      id: `${index}`,
      question: "What is 6 x 7?",
      answer: 42,
    }));
    const { evaluate, server } = await setUp(questions, {}, PRICES);
    const whole = await evaluate("--contestants", "single", "--models", "p/good", "--aggregator", "p/good");
    const all = server.chats.length;
    const { summary } = await evaluate("--max-cost", "0.05", "--concurrency", "8");
    expect(summary.stopped).toBe(true);
    expect(summary.cost_usd).toBeGreaterThan(0);
    expect(summary.cost_usd).toBeLessThanOrEqual(0.05);
    expect(server.chats.length - all).toBeGreaterThan(0);
    expect(whole.summary).toMatchObject({ stopped: false });
    // 30 answers to a question of a few tokens: far less than the most that was set aside.
    expect(whole.summary.cost_usd).toBeLessThan(0.01);
  });

  it("says that the judge gave no verdict, and exits with 1 where it gave none at all", async () => {
    const { command } = await setUp(OPEN, { judge: { reply: "Both are nice." } });
    const { code, stdout, stderr } = await runProcess(command("--yes", "--baseline", "p/good"));
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/The judge gave no verdict on (\d+) of \1 comparisons; choose another --judge\./);
    expect(stdout).toContain("choose another --judge");
  });

  it("leaves out what does not fit the limit of cost, and lets the others go on", async () => {
    const { evaluate } = await setUp(
      QUESTIONS,
      {},
      {
        prices: { good: { input: 0, output: 100 }, bad: { input: 0, output: 0.001 }, judge: { input: 0, output: 0 } },
      },
    );
    const { summary, stderr } = await evaluate("--contestants", "single", "--max-cost", "0.01");
    expect(summary.left_out).toMatchObject([{ name: "p/good", question: "six", spent_usd: 0 }]);
    expect(of(summary, "p/bad").answered).toBe(2);
    expect(stderr).toMatch(/--max-cost [\d.]+ would hold all of it/);
  });

  it("knows the cost also where some answers failed", async () => {
    const { evaluate } = await setUp(QUESTIONS, { bad: { fault: { status: 401, body: "{}" } } }, PRICES);
    const { summary } = await evaluate("--contestants", "single");
    expect(of(summary, "p/bad")).toMatchObject({ failures: 2, mean_cost_usd: null });
    expect(summary.cost_usd).toBeGreaterThan(0);
  });

  it("tells a budget that is used up, and what is kept", async () => {
    const { command, out } = await setUp(QUESTIONS, {}, PRICES);
    const told = command("--yes", "--out", out);
    const env = { ...told.env, PATCHBAY_LLM_BUDGETS_PER_DAY_TOKENS: "3000" };
    const { code, stderr } = await runProcess({ ...told, env });
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/The budget of all users today is too small .*3000 tokens/);
    expect(stderr).toContain("A rerun goes on from here.");
  });

  it("says what makes its verdicts less sure: a chosen baseline, a judge that judges itself", async () => {
    const { evaluate } = await setUp(OPEN);
    const { summary } = await evaluate("--judge", "p/good");
    expect(summary.caveats).toEqual([
      "The judge gave no verdict on 9 of 9 comparisons; choose another --judge.",
      expect.stringMatching(/^p\/good was chosen as the best of several models by these same questions/),
      expect.stringMatching(/^The judge p\/good compares answers that it wrote itself/),
    ]);
    expect((await evaluate("--baseline", "p/bad")).summary.caveats).toEqual([]);
  });

  it.each([
    ["y\n", 0, "right"],
    ["n\n", 1, ""],
    ["\u0003", 130, "Cancelled."],
    ["\u0004", 1, ""],
  ])("asks before it starts on a terminal, and takes %j for an answer", async (typed, code, said) => {
    const { command, server } = await setUp(QUESTIONS);
    const running = startProcess(onTerminal(command()));
    await waitForOutput(running, /Start\? \[y\/N\] /, 20_000);
    const ended = once(running.process, "close");
    running.process.stdin?.write(typed);
    await ended;
    expect(running.process.exitCode, running.stdout()).toBe(code);
    expect(running.stdout()).toContain(said);
    expect(running.stdout()).not.toContain("node:internal");
    expect(server.chats.length > 0).toBe(code === 0);
  });

  it("closes its calls at Ctrl-C, keeps what there is, and exits with 130", async () => {
    const { command, out, server } = await setUp(QUESTIONS, { good: { reply: knowing, wordMs: 5000 } });
    const running = startProcess(command("--yes", "--out", out));
    await waitForOutput(running, /answer \w+ p\/bad/, 20_000);
    expect(await running.stop("SIGINT")).toBe(130);
    expect(running.stderr()).toContain("Cancelled. A rerun goes on from here.");
    expect(server.chats.filter(({ abandoned }) => abandoned).length).toBeGreaterThan(0);
    expect(server.openSockets).toBe(0);
    expect(readFileSync(out, "utf8")).toContain('"p/bad"');
  });

  it("prints a table with verdicts for people", async () => {
    const { command } = await setUp([...QUESTIONS, ...OPEN]);
    const { stdout } = await runProcess(command("--yes"));
    expect(stdout).toMatch(/^ +right +wins against p\/good +cost\/answer +tokens +p50 +p90 +failed$/m);
    expect(stdout).toMatch(/^p\/good +100 % \[\d+–100 %\] +baseline +unknown/m);
    expect(stdout).toContain("5 questions: 2 graded by the known answer, 3 compared by p/judge, each in both orders.");
    expect(stdout).toMatch(
      /^p\/bad +0 % \[0–66 %\] +\d+ % \[\d+–\d+ %\] 0\+ 0= 5- +unknown +\d+ +\d\.\d\d s +\d\.\d\d s +0$/m,
    );
    expect(stdout).toMatch(/^self: no difference from p\/good/m);
  });

  it.each([
    [["eval"], "eval needs to know what"],
    [["eval", "llm"], 'nothing to evaluate named "llm"'],
    [["eval", "moa"], "needs --questions"],
    [["eval", "moa", "--questions", "q", "--contestants", "both"], "--contestants must be single, self, mixed"],
    [["eval", "moa", "--questions", "q", "--layers", "9"], "--layers must be a whole number from 1 to 6"],
    [["eval", "moa", "--questions", "q", "--max-cost", "lots"], "--max-cost must be an amount"],
    [["eval", "moa", "--picture", "a.svg"], "--picture is an option of ask."],
  ])("refuses %j and says where its help is", async (args, message) => {
    const { code, stderr } = await runProcess(serverCommand({ args }));
    expect([code, stderr.includes("patchbay-mcp eval --help shows")]).toEqual([2, true]);
    expect(stderr).toContain(message);
  });
});
