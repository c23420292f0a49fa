import { accessSync, constants, writeFileSync } from "node:fs";
import { dirname, extname } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { ToolError } from "../errors.ts";
import type { RunArchive, RunEvent, RunRecord, TraceEntry } from "../moa/run-record.ts";
import { createRedactor, secretsOfEnvironment } from "../redact/redact.ts";
import { createServices } from "../services.ts";
import type { CommandContext } from "./command-context.ts";
import type { CommandOptions } from "./command-options.ts";
import { createLiveBlock } from "./live-block.ts";
import { createLiveCalls, eventLine, type LiveCalls } from "./live-calls.ts";
import { printable, printableJson } from "./memory-call.ts";
import { choiceOption, integerOption, listOption } from "./option-values.ts";
import { signalCode, stopSignal } from "./process-events.ts";
import { costText, duration, grouped, printableText } from "./terminal-text.ts";

const PICTURES = [".svg", ".md", ".mmd"];

/**
 * Answers a question by a mixture of agents: the answer on the output, progress and summary on stderr.
 * @throws ToolError `invalid_input` where the options are wrong; as `MixtureOfAgents.run`
 */
export async function askCommand({ loaded, env, words, options = {} }: CommandContext): Promise<number> {
  const { config } = loaded;
  const request = {
    models: listOption("models", options.models),
    aggregatorModel: options.aggregator,
    numLayers: integerOption("layers", options.layers, 1, 6),
    agentsPerLayer: integerOption("agents", options.agents, 1, 16),
    strategy: choiceOption("strategy", options.strategy, ["auto", "mixed", "self"]),
    seed: integerOption("seed", options.seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    output: options.trace
      ? ("trace" as const)
      : options.analysis
        ? ("answer_with_analysis" as const)
        : ("answer" as const),
  };
  if (options.picture !== undefined && !PICTURES.includes(extname(options.picture))) {
    throw new ToolError("invalid_input", `--picture must end in ${PICTURES.join(", ")}, not "${options.picture}".`);
  }
  if (options.picture !== undefined) checkFolder(options.picture);
  const query = await questionOf(words);
  const redact = createRedactor([...loaded.secrets, ...secretsOfEnvironment(env)]);
  const say = (line: string) => process.stderr.write(`${redact(line)}\n`);
  const user = { id: config.user };
  const services = createServices(config, env, say, redact);
  const calls = createLiveCalls(() => performance.now(), redact);
  const startedAt = performance.now();
  const stop = new AbortController();
  const stopped = stopSignal().then((signal) => {
    stop.abort();
    return signal;
  });
  const progress = options.quiet ? undefined : watch(calls, env, say);
  try {
    const { moa } = await services.get(["moa"]);
    const result = await moa.run(user, { query, ...request }, { signal: stop.signal, onEvent: progress?.note });
    progress?.end();
    const record = moa.runs.get(user.id, result.run_id);
    const isApart = progress?.isLive && process.stdout.isTTY;
    if (isApart) say("");
    if (options.json) process.stdout.write(`${printableJson(jsonOf(record ?? result, options))}\n`);
    else process.stdout.write(`${printableText(result.answer)}\n`);
    if (isApart) say("");
    if (options.picture !== undefined) savePicture(options.picture, result.run_id, moa.runs, user.id);
    if (record && options.trace) say(traceText(record));
    if (record?.analysis && !options.json) say(analysisText(record.analysis));
    else if (options.analysis && !record?.analysis) say("There is no analysis: the proposals could not be compared.");
    if (!options.quiet) for (const line of summaryOf(record ?? result, startedAt)) say(line);
    return 0;
  } catch (error) {
    progress?.end();
    if (!stop.signal.aborted) {
      if (!options.json || !(error instanceof ToolError)) throw error;
      const { code, message, hint, details } = error;
      process.stdout.write(`${redact(printableJson({ status: "error", code, message, hint, details }))}\n`);
      return 1;
    }
    const { answered, started, tokens, costUsd } = calls.totals;
    const cost = costText({ cost_usd: costUsd ?? null });
    const done = `${answered} of ${started} calls had answered, ${grouped(tokens)} tokens, ${tokens > 0 ? cost : "nothing spent"}`;
    say(`Cancelled after ${duration(performance.now() - startedAt)}: ${done}.`);
    return signalCode(await stopped);
  } finally {
    progress?.end();
    await services.dispose();
  }
}

/** The words, `-` among them standing for the input; without words the input, unless somebody would have to type it. */
async function questionOf(words: readonly string[]): Promise<string> {
  const fromInput = words.includes("-") || (words.length === 0 && !process.stdin.isTTY);
  const input = fromInput ? (await readAll(process.stdin)).trim() : "";
  const question = words.length === 0 ? input : words.map((word) => (word === "-" ? input : word)).join(" ");
  if (question.trim() !== "") return question;
  throw new ToolError("invalid_input", 'ask needs a question, such as: patchbay-mcp ask "Why is the sky blue?"');
}

/** Shows the calls on stderr: on a terminal in place, elsewhere one line for each event. */
function watch(
  calls: LiveCalls,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): { note(event: RunEvent): void; end(): void; isLive: boolean } {
  const { stderr } = process;
  if (!stderr.isTTY || env.TERM === "dumb") {
    return {
      note(event) {
        calls.note(event);
        const line = eventLine(event);
        if (line !== undefined) say(line);
      },
      end() {},
      isLive: false,
    };
  }
  const colour = !env.NO_COLOR;
  const block = createLiveBlock(stderr, (size) => calls.lines({ nowMs: performance.now(), colour, ...size }));
  let isOpen = true;
  return {
    note: (event) => calls.note(event),
    end() {
      if (isOpen) block.end();
      isOpen = false;
    },
    isLive: true,
  };
}

/** So that no run is paid for whose picture has no place. */
function checkFolder(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    const message = `--picture: nothing can be written to the folder of "${file}" (${code}).`;
    throw new ToolError("storage_error", message, { hint: "Nothing was asked. Name another file.", cause: error });
  }
}

function savePicture(file: string, runId: string, runs: RunArchive, user: string): void {
  const type = extname(file);
  const drawn = type === ".svg" ? runs.picture(user, runId) : runs.mermaid(user, runId);
  const picture = drawn !== undefined && type === ".md" ? `\`\`\`mermaid\n${drawn.trimEnd()}\n\`\`\`\n` : drawn;
  if (picture === undefined) throw new ToolError("storage_error", "The run is too large to be drawn.");
  try {
    writeFileSync(file, picture);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new ToolError("storage_error", `The picture cannot be written to "${file}" (${code}).`, {
      hint: "The answer is complete; only its picture is missing. Name another file by --picture.",
      cause: error,
    });
  }
}

function jsonOf(result: object, { trace, analysis }: CommandOptions): object {
  const shown = Object.entries(result).filter(([name]) => name !== "analysis" || analysis || trace);
  const calls = ("trace" in result ? result.trace : []) as readonly TraceEntry[];
  return {
    status: "success",
    ...Object.fromEntries(shown),
    trace: trace ? calls : calls.map(({ text: _, ...entry }) => entry),
  };
}

type Summarized = Pick<RunRecord, "usage" | "degraded" | "warnings" | "seed" | "trace"> & Partial<RunRecord>;

function summaryOf(run: Summarized, startedAt: number): string[] {
  const { usage, trace, strategy, seed, degraded, warnings } = run;
  const calls = trace.filter((entry) => !entry.not_sent).length;
  const parts = [
    duration(performance.now() - startedAt),
    `${calls} ${calls === 1 ? "call" : "calls"}`,
    `${usage.estimated ? "about " : ""}${grouped(usage.total_tokens)} tokens`,
    costText(usage),
    ...(strategy ? [strategy] : []),
    `seed ${seed}`,
  ];
  const told = degraded ? ["degraded: not every call that was planned gave a whole answer"] : [];
  return [parts.join(" · "), ...told, ...warnings.map((warning) => `warning: ${printable(warning)}`)];
}

function traceText({ trace }: RunRecord): string {
  return trace
    .map((entry) => {
      const place = entry.role === "agent" ? `layer ${entry.layer} agent ${entry.agent}` : entry.role;
      const body = entry.text ?? entry.error ?? "";
      const head = `── ${place}, ${printable(entry.model)}: ${entry.status}, ${duration(entry.ms)}`;
      return `${head}\n${printableText(body.trim())}`;
    })
    .join("\n\n");
}

function analysisText(analysis: NonNullable<RunRecord["analysis"]>): string {
  const { consensus, contradictions, unique_points: unique, blind_spots: blind, confidence, agreement } = analysis;
  const sections = Object.entries({
    Consensus: consensus,
    Contradictions: contradictions,
    "Said by one only": unique,
    "Considered by none": blind,
  }).filter(([, points]) => points.length > 0);
  const lines = sections.flatMap(([title, points]) => [title, ...points.map((point) => `  - ${printable(point)}`)]);
  const same = agreement === undefined ? "" : `, the same short answer: ${Math.round(100 * agreement)} %`;
  return [...lines, `Confidence: ${Math.round(100 * confidence)} %${same}`].join("\n");
}
