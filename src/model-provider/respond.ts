import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/config-schema.ts";
import { abortError, ToolError, toToolError } from "../errors.ts";
import type { Usage } from "../llm/account.ts";
import type { CallProgress } from "../llm/model-client.ts";
import type { ServiceContainer } from "../services.ts";
import { createStatusEmitter } from "../status/create-status-emitter.ts";
import type { StatusEvent, StatusSink } from "../status/status-event.ts";
import { type Answer, type Answering, answerChat, answerTask } from "./answer-chat.ts";
import { apiErrorOf, outcomeOf } from "./api-error.ts";
import { createChunkStream } from "./chunk-stream.ts";
import { createCompletionJson } from "./completion-json.ts";
import type { ModelRequestContext } from "./model-provider.ts";
import type { OfferedModel } from "./offered-models.ts";
import { isTask } from "./open-webui-task.ts";
import type { ChatRequest } from "./read-request.ts";
import { createPieces, type Redact, safeText, wholeText } from "./visible-text.ts";

/** The end of one call: its caller's signal, the time limit, or the server's stop. */
export interface Deadline {
  readonly signal: AbortSignal;
  race<T>(work: Promise<T>): Promise<T>;
}

/** The calls that are under way (as of tools). */
export interface Limits {
  begin(): void;
  end(): void;
  deadline(signal: AbortSignal): Deadline;
  release(deadline: Deadline): void;
}

export interface Asked {
  chat: ChatRequest;
  model: OfferedModel;
  headers: Headers;
  context: ModelRequestContext;
  config: Pick<Config, "moa" | "llm" | "modelProvider">;
  services: ServiceContainer;
  redact: Redact;
  limits: Limits;
  /** Is told once how it ended. */
  tell(outcome: string, error?: unknown): void;
}

/** Milliseconds in which a stream that fails at once is answered by an HTTP status instead: of a budget that is used up, say. */
const EARLY_MS = 60;
/** Milliseconds between two looks at an answer that is being written, at least: no reader needs more. */
const PIECES_MS = 20;
/** Of a long answer a look takes long; so many times as long passes until the next one. */
const REST = 10;

/** Answers a completion, whole or as a stream. @throws what ended it before anything was answered */
export async function respond(asked: Asked): Promise<Response> {
  return asked.chat.stream ? streamed(asked) : whole(asked);
}

async function whole(asked: Asked): Promise<Response> {
  const { chat, context } = asked;
  const { answer, usage } = await run(asked, context.signal, { status: createStatusEmitter({ sinks: [] }) });
  asked.tell("success");
  return Response.json(createCompletionJson(chat.model, false).whole(answer, usage));
}

async function streamed(asked: Asked): Promise<Response> {
  const { chat, context, redact, tell } = asked;
  const json = createCompletionJson(chat.model, chat.includeUsage);
  const gone = new AbortController();
  const stream = createChunkStream(() => gone.abort());
  const signal = AbortSignal.any([context.signal, gone.signal]);
  const reader = createReader(asked, (chunk) => stream.send(chunk), json);
  stream.send(json.first());

  const fail = (error: unknown): void => {
    const { outcome, error: bug } = outcomeOf(error);
    tell(outcome, bug);
    reader.status.error(toToolError(error).statusLine);
    if (signal.aborted) context.lastStatus?.(stopped(toToolError(error).statusLine));
    stream.send({ error: apiErrorOf(error, redact).error });
    stream.end();
  };
  let hasBegun = false;
  const work = run(asked, signal, reader).then(
    ({ answer, usage }) => {
      reader.end(answer.text);
      stream.send(json.last(answer));
      if (chat.includeUsage) stream.send(json.usage(usage));
      stream.end();
      tell("success");
    },
    (thrown: unknown) => {
      const error = signal.aborted && !(thrown instanceof ToolError) ? abortError(signal) : thrown;
      if (!hasBegun) return { error };
      fail(error);
    },
  );
  const early = await Promise.race([work, sleep(EARLY_MS)]);
  hasBegun = true;
  if (!early) return stream.response;
  stream.end();
  throw early.error;
}

/** Reads the answer as it comes, and sends what may be shown of it, of its reasoning and of the status. */
function createReader({ chat, headers, redact }: Asked, send: (chunk: unknown) => void, json: CompletionJson) {
  const pieces = createPieces((piece) => send(json.text(piece)));
  let read: (() => string) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let nextAt = 0;
  const look = (): void => {
    timer = undefined;
    const startedAt = performance.now();
    if (read) pieces.take(safeText(read(), chat.stop, redact), false);
    const now = performance.now();
    nextAt = now + Math.max(PIECES_MS, REST * (now - startedAt));
  };
  const say: StatusSink = (event) => send(json.status(withoutSecrets(event, redact)));
  return {
    // What Open-WebUI does for itself is nobody's to watch.
    status: createStatusEmitter({ sinks: isTask(chat, headers) ? [] : [say] }),
    onAnswer(progress: CallProgress) {
      if (progress.type === "attempt") read = undefined;
      if (progress.type !== "text") return;
      read = progress.read;
      timer ??= setTimeout(look, Math.max(0, nextAt - performance.now()));
    },
    onThought: (text: string) => send(json.thought(redact(text))),
    /** Sends what is left of the whole answer. */
    end(text: string) {
      clearTimeout(timer);
      read = undefined;
      pieces.take(text, true);
      void this.status.close();
    },
  };
}

type CompletionJson = ReturnType<typeof createCompletionJson>;
type Reader = Pick<Answering, "status" | "onAnswer" | "onThought">;

/** The answer, and what all its calls used. @throws ToolError as the services do, of the deadline, or the abort */
async function run(
  { chat, model, headers, context, config, services, redact, limits }: Asked,
  parent: AbortSignal,
  { status, onAnswer, onThought }: Reader,
): Promise<{ answer: Answer; usage: Usage }> {
  limits.begin();
  const deadline = limits.deadline(parent);
  const work = async () => {
    const made = await services.get(["llm", "processor", "moa"]);
    const { user } = context;
    const budget = model.tool === "mixture_of_agents" ? { costUsd: config.moa.maxCostUsd } : undefined;
    const account = made.llm.account(user, budget);
    const { signal } = deadline;
    const answering = { user, services: made, config, account, signal, status, onAnswer, onThought };
    const answer = await (isTask(chat, headers) ? answerTask(chat, answering) : answerChat(model, chat, answering));
    return { answer: told(answer, chat, redact), usage: account.usage };
  };
  try {
    return await deadline.race(work());
  } finally {
    limits.release(deadline);
    limits.end();
  }
}

function told({ text, finishReason, more }: Answer, { stop }: ChatRequest, redact: Redact): Answer {
  return { text: wholeText(text, stop, redact), finishReason, more: withoutSecrets(more, redact) };
}

/** Plain JSON with the secrets in its texts blotted out. */
function withoutSecrets<T>(value: T, redact: Redact): T {
  return JSON.parse(JSON.stringify(value), (_, each) => (typeof each === "string" ? redact(each) : each)) as T;
}

function stopped(description: string): StatusEvent {
  return { type: "status", data: { status: "error", description, done: true, timestamp: Date.now() / 1000 } };
}
