import { ToolError } from "../errors.ts";
import type { Account } from "../llm/account.ts";
import type { ChatMessage } from "../llm/model-adapter.ts";
import type { CallProgress, Completion } from "../llm/model-client.ts";
import { fitPrompt, type Prompt, sizeOf } from "./fit-prompt.ts";
import { metered, spentOf } from "./metered-account.ts";
import type { Run } from "./run.ts";
import type { RunningCall, TraceEntry } from "./run-record.ts";

/** One call to one model, with nothing left to decide. */
export interface PlannedCall {
  layer: number;
  role: TraceEntry["role"];
  agent: number;
  /** `provider/model`. */
  model: string;
  prompt: Prompt;
  maxTokens: number;
  temperature: number | undefined;
  seed: number | undefined;
  /** Milliseconds that the model may take, from when its provider has a place for the call. */
  timeoutMs: number;
  /** Milliseconds, from now, until the call is given up wherever it is. */
  giveUpMs: number;
  hedge?: true | undefined;
  standsInFor?: string | undefined;
}

/** A call that ended in some way. */
export interface CallOutcome {
  entry: TraceEntry;
  /** Whether its request was under way: its provider had a place for it. */
  began: boolean;
  /** The answer, or what had come of it where that can be used (`entry.status` is then `partial`). */
  text?: string;
  completion?: Completion;
  /** What the call threw. */
  failure?: unknown;
}

/** Of an answer that broke off, less than this is of no use: characters, or tokens where its script says more with fewer. */
const LEAST_PARTIAL = 200;
const LEAST_PARTIAL_TOKENS = 40;
/** Milliseconds that a call has, once it is stopped, to say what it used. */
const SETTLING_MS = 100;
/** Milliseconds with its provider that a model has at least had whose call began. */
const LEAST_TURN_MS = 100;
/** Milliseconds between two events about the text of a call. */
const TEXT_EVENTS_MS = 250;

/**
 * Runs one call to its end. Never throws; a call that ignores its signal is left behind. What had come of an answer that broke
 * off or was cut counts if it is long enough. `onBegin` is told when the request is under way, and after that of every retry;
 * `onText` of every piece of text.
 */
export async function runCall(
  run: Run,
  call: PlannedCall,
  parent: AbortSignal,
  onBegin: () => void = () => {},
  onText: () => void = () => {},
): Promise<CallOutcome> {
  const startedAt = performance.now();
  const { layer, role, agent, model, hedge } = call;
  const running: RunningCall = {
    layer,
    role,
    agent,
    model,
    start_ms: Math.round(startedAt - run.startedAt),
    ...(hedge && { hedge }),
  };
  const meter = metered(run.account);
  let begunAt = Number.POSITIVE_INFINITY;
  const onAnswer = role === "aggregator" ? run.context.onAnswer : undefined;
  const answer = followAnswer(run, running, startedAt, () => {
    begunAt = Math.min(begunAt, performance.now());
    onBegin();
  });
  run.context.onEvent?.({ type: "call_started", call: running });

  const stop = new AbortController();
  const signal = AbortSignal.any([parent, stop.signal]);
  type Ending = { completion: Completion } | { failure: unknown } | { cut: "timeout" | "cancelled"; error: string };
  const answered: Promise<Ending> = complete(run, call, {
    signal,
    account: meter.account,
    onProgress(progress) {
      answer.take(progress);
      if (signal.aborted) return;
      if (progress.type === "text") onText();
      onAnswer?.(progress);
    },
  }).then(
    (completion) => ({ completion }),
    (failure: unknown) => ({ failure }),
  );
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  const cut = new Promise<Ending>((resolve) => {
    timer = setTimeout(
      () => resolve({ cut: "timeout", error: `No answer within ${call.giveUpMs / 1000} s.` }),
      Math.max(0, call.giveUpMs),
    );
    onAbort = () => resolve({ cut: "cancelled", error: reasonOf(parent) });
    if (parent.aborted) onAbort();
    else parent.addEventListener("abort", onAbort, { once: true });
  });
  const ending = await Promise.race([cut, answered]);
  const ms = Math.round(performance.now() - startedAt);
  clearTimeout(timer);
  parent.removeEventListener("abort", onAbort);
  if ("cut" in ending) {
    stop.abort();
    await new Promise<void>((resolve) => {
      const most = setTimeout(resolve, SETTLING_MS);
      const done = () => {
        clearTimeout(most);
        resolve();
      };
      void answered.then(meter.settled).then(done, done);
    });
  }
  const completion = "completion" in ending ? ending.completion : undefined;
  const text = completion?.text ?? answer.longest();
  const entry: TraceEntry = {
    ...running,
    status: "ok",
    ms,
    ...(answer.firstTokenMs() !== undefined && { first_token_ms: answer.firstTokenMs()! }),
    ...spentOf(meter, completion?.usage),
    ...(completion?.finish_reason === "length" && { truncated: true as const }),
    ...(!completion && begunAt === Number.POSITIVE_INFINITY && { not_sent: true as const }),
    ...(call.standsInFor !== undefined && { stands_in_for: call.standsInFor }),
    ...(text !== "" && { text }),
  };
  const outcome: CallOutcome = { entry, began: startedAt + ms - begunAt >= LEAST_TURN_MS };
  if (completion) {
    outcome.completion = completion;
    outcome.text = completion.text;
  } else {
    if ("failure" in ending) outcome.failure = ending.failure;
    Object.assign(entry, "cut" in ending ? { status: ending.cut, error: ending.error } : failed(outcome.failure));
    const isLoser = signal.aborted && isPairLoser(entry);
    if (!isLoser && isUsable(run, model, text)) {
      entry.status = "partial";
      outcome.text = text;
    }
  }
  run.context.onEvent?.({ type: "call_ended", call: running, entry });
  return outcome;
}

/** What a cancelled call of a pair says. */
export const PAIR_LOST = "The other one of the pair was faster.";

/** Whether the call was the slower one of a pair: it gave nothing, and nothing is lacking. */
export function isPairLoser(entry: TraceEntry): boolean {
  return entry.status === "cancelled" && entry.error === PAIR_LOST;
}

function failed(failure: unknown): Pick<TraceEntry, "status" | "error"> {
  const known = failure instanceof ToolError;
  const status = known && failure.code === "deadline_exceeded" ? "timeout" : "error";
  return { status, error: known ? failure.message : "The call failed." };
}

function isUsable(run: Run, model: string, text: string): boolean {
  return (
    text.length >= LEAST_PARTIAL || (text !== "" && run.client.tokens.estimate(text, model) >= LEAST_PARTIAL_TOKENS)
  );
}

/** One model's answer; from shortened proposals where its context does not hold them all. */
async function complete(
  run: Run,
  { model, prompt, maxTokens, temperature, seed, timeoutMs }: PlannedCall,
  context: { signal: AbortSignal; account: Account; onProgress: (progress: CallProgress) => void },
): Promise<Completion> {
  const { client } = run;
  const timeoutKey = timeoutMs < run.options.callTimeout * 1000 ? "moa.timeout" : "moa.callTimeout";
  const asked = { model, fallbackModels: [], temperature, seed, timeoutMs, timeoutKey };
  const ask = (messages: readonly ChatMessage[], tokens: number) =>
    client.complete({ ...asked, messages, maxTokens: tokens }, context);
  const estimate = (text: string) => client.tokens.estimate(text, model);
  const size = sizeOf(prompt.messages, estimate);
  const shortened = () => fitPrompt(prompt, client.contextOf(model) ?? Math.floor(size / 2), maxTokens, estimate);

  let fitted = size + maxTokens > (client.contextOf(model) ?? Number.POSITIVE_INFINITY) ? shortened() : undefined;
  if (!fitted) {
    try {
      return await ask(prompt.messages, maxTokens);
    } catch (error) {
      fitted = error instanceof ToolError && error.code === "context_overflow" ? shortened() : undefined;
      if (!fitted) throw error;
    }
  }
  run.warnings.add(`"${model}" was given shortened proposals, to fit its context.`);
  return ask(fitted.messages, fitted.maxTokens);
}

/** Follows what comes of an answer, over retries: the most of one try counts if none is answered to its end. */
function followAnswer({ context: { onEvent } }: Run, call: RunningCall, startedAt: number, onBegin: () => void) {
  let earlier = "";
  let read = () => "";
  let firstTokenMs: number | undefined;
  let toldAt = 0;
  const longest = () => {
    const now = read().trim();
    return now.length >= earlier.length ? now : earlier;
  };
  return {
    longest,
    firstTokenMs: () => firstTokenMs,
    take(progress: CallProgress) {
      if (progress.type === "attempt") {
        earlier = longest();
        read = () => "";
        firstTokenMs = undefined;
        onBegin();
      } else if (progress.type === "first_token") {
        firstTokenMs = Math.round(performance.now() - startedAt);
        onEvent?.({ type: "first_token", call, ms: firstTokenMs });
      } else {
        read = progress.read;
        if (!onEvent || performance.now() - toldAt < TEXT_EVENTS_MS) return;
        toldAt = performance.now();
        onEvent({ type: "text", call, characters: read().length });
      }
    },
  };
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof ToolError ? signal.reason.message : "The call was cancelled.";
}
