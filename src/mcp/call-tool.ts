import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/server";
import { abortError, ToolError, toToolError } from "../errors.ts";
import type { PageLink } from "../interaction/ladder.ts";
import type { AnyPrompt } from "../prompts/define-prompt.ts";
import type { AnyResource } from "../resources/define-resource.ts";
import type { ServiceContainer, Services } from "../services.ts";
import { createStatusEmitter, type RunningStatus } from "../status/create-status-emitter.ts";
import type { StatusEvent, StatusSink } from "../status/status-event.ts";
import type { AnyTool, NeededTool, Question, User } from "../tools/define-tool.ts";
import { type AnswerRequest, createAnswerRequest } from "./answer-request.ts";
import { type Asking, AwaitingAnswer, type HumanResponse, takeAnswer, takePage } from "./ask-human.ts";
import { type CallState, digestOf, matchState } from "./call-state.ts";
import { confirmCall, isConfirming } from "./confirm-call.ts";
import { type ConfirmationSetting, costInWords, createConfirmationPolicy } from "./confirmation-policy.ts";
import type { Deadline } from "./deadline.ts";
import { createOpenQuestions, type OpenQuestions } from "./open-questions.ts";
import { parseArguments } from "./parse-arguments.ts";
import { redactJson } from "./redact-json.ts";
import { createResourceWatch, type ResourceEvent, type ResourceWatch, WATCH } from "./resource-watch.ts";
import { createSwitchedOff } from "./switched-off.ts";
import { errorResult, successResult } from "./tool-result.ts";
import { RECALLS, toolOfUri } from "./tools-behind.ts";
import { createUnderWay, type UnderWay } from "./under-way.ts";
import { createUsedAnswers } from "./used-answers.ts";

/** What the boundary has to know of a call besides its arguments; all of it comes from the transport. */
export interface CallRequest {
  user: User | undefined;
  signal: AbortSignal;
  /** Where status events go; none: nobody listens. */
  sinks: readonly StatusSink[];
  /** Waits until the client has taken in what it was told; undefined: that needs no time. */
  settle?: (() => Promise<void>) | undefined;
  /** Whether the client knows resource links in results (since MCP 2025-06-18). */
  takesLinks?: boolean;
  /** Whether the client keeps the JSON of a result apart from images and sounds besides it. */
  takesMedia?: boolean;
  /** Whether the client shows MCP Apps; undefined where that is not known. */
  showsApps?: boolean | undefined;
  /** Whether the client can show forms. */
  canAsk: boolean;
  /** Whether the client can show the addresses of pages. */
  canOpen?: boolean;
  /**
   * Shows a form or an address and waits for the human, where the connection can carry that (2025 era); otherwise the call ends
   * its round.
   */
  ask: ((question: Question | PageLink, signal: AbortSignal) => Promise<HumanResponse>) | undefined;
  /** Tells the client that nothing more is to be done on the page (2025 era). */
  completed?: ((page: string) => void) | undefined;
  /** Whether the client still reads what a question is put over; undefined: the call ends with the connection. */
  isHeard?: (() => boolean) | undefined;
  /** Answers to this round's questions, as the client sent them. */
  inputResponses: Record<string, unknown> | undefined;
  /** The state that an earlier round of this call sealed, already verified. */
  state: CallState | undefined;
}

/** A call ends with a result, or with a question and the state to seal. */
export type CallOutcome =
  | { kind: "result"; result: CallToolResult }
  | { kind: "question"; key: string; question: Question | PageLink; state: CallState };

export interface CallLog {
  /** The tool, or the method of another request. */
  tool: string;
  user: string | undefined;
  ms: number;
  outcome: string;
  error?: unknown;
}

export interface ToolBoundaryOptions {
  tools: readonly AnyTool[];
  resources?: readonly AnyResource[];
  prompts?: readonly AnyPrompt[];
  services: ServiceContainer;
  /** Tools switched off by the configuration. */
  disabled: readonly string[];
  /** Which calls the human is asked about first. */
  confirmationRequired: ConfirmationSetting;
  /** Whether an API of the configuration wants some of its calls confirmed. */
  confirmsCalls?: boolean;
  /** Whether nothing may be changed: tools that write are switched off. */
  readOnly?: boolean;
  /** Tools that are only known once documents have been read. */
  pinned?: PinnedTools | undefined;
  /** What the configuration adds to the descriptions of tools, by their names. */
  remarks?: ReadonlyMap<string, string | undefined>;
  /** Milliseconds that a call may take, not counting the human. */
  callTimeoutMs: number;
  /** Milliseconds that the human has for an answer. Default 15 minutes. */
  answerMs?: number | undefined;
  /** Replaces secrets in a text that leaves the server. */
  redact: (text: string) => string;
  /** As `redact`, with the secrets besides that the user has given by now. Default: `redact`. */
  redactOf?: ((user: string) => (text: string) => string) | undefined;
  /** Where the events of every call go, besides the caller. */
  statusSinks?: readonly StatusSink[];
  onCall?: (call: CallLog) => void;
}

/** Tools that the configuration makes of operations of APIs. */
export interface PinnedTools {
  /** Their names, which the configuration alone gives. */
  names: ReadonlySet<string>;
  /** Each by its name, in a constant order: the tool, or why there is none now. Never throws. */
  load(): Promise<ReadonlyMap<string, AnyTool | ToolError>>;
}

export interface ToolBoundary extends Pick<UnderWay, "idle" | "stop"> {
  /** All that can be called, the pinned ones last; those are read when they are first asked for. */
  listTools(): Promise<readonly AnyTool[]>;
  /** Those that are there whatever the configuration says of the tool that gives the same. */
  resources: readonly AnyResource[];
  prompts: readonly AnyPrompt[];
  /** Why what gives the same as a tool, by a method that cannot ask, is not there; undefined where it is. */
  whyKeptOff(tool: string | undefined): ToolError | undefined;
  /** The tools whose work a call does as well, see `needs` of tools; none for a call that fails by itself. */
  needsOf(name: string, args: unknown): Promise<readonly NeededTool[]>;
  /** Whether nothing may be changed. */
  readOnly: boolean;
  /** Whether the human may be asked before the tool runs. */
  mayConfirm(tool: AnyTool): boolean;
  /** What the configuration adds to the tool's description. */
  remarkOn(tool: AnyTool): string | undefined;
  /** Runs a tool. Never throws: every failure is a result with `isError`. */
  call(name: string, args: unknown, request: CallRequest): Promise<CallOutcome>;
  /** Answers any other request of a user. */
  answer: AnswerRequest;
  /** Tells of changes of a user's resources. */
  watch(user: User | undefined, tell: (event: ResourceEvent) => void): ResourceWatch;
}

const NO_SINKS: readonly StatusSink[] = [];
const HEARTBEAT_MS = 10_000;

/** The one boundary between the protocol and the domain: identity, validation, deadline, status, questions, errors. */
export function createToolBoundary(options: ToolBoundaryOptions): ToolBoundary {
  const { readOnly = false, confirmsCalls = false, pinned } = options;
  const policy = createConfirmationPolicy(options.confirmationRequired, { readOnly });
  const { mayAsk } = policy;
  const switches = createSwitchedOff({ ...options, readOnly, pinned: pinned?.names ?? [], mayAsk });
  const { whyOff, whyKeptOff, assertOn } = switches;
  const resources = (options.resources ?? []).filter(({ uri }) => whyKeptOff(toolOfUri(uri)) === undefined);
  const prompts = (options.prompts ?? []).filter(() => whyKeptOff(RECALLS) === undefined);
  const enabled = options.tools.filter((tool) => whyOff(tool) === undefined);
  const byName = new Map(enabled.map((tool) => [tool.name, tool]));

  const usedAnswers = createUsedAnswers({ answerMs: options.answerMs });
  const { statusSinks: logSinks = [], redactOf = () => options.redact } = options;
  /** Asked for anew wherever something leaves the server: a user may have given a secret meanwhile. */
  const redactorOf = (user: User | undefined) => (user ? redactOf(user.id) : options.redact);
  const questions = createOpenQuestions();
  const underWay = createUnderWay(options.callTimeoutMs);
  const answer = createAnswerRequest({
    ...options,
    underWay,
    onAnswer({ request, ms, error }) {
      const outcome = error?.code ?? "success";
      if (request.method === WATCH && outcome === "success") return;
      const failure = outcome === "internal" ? { error: error?.cause } : {};
      options.onCall?.({ tool: request.method, user: request.user?.id, ms, outcome, ...failure });
    },
  });

  async function call(name: string, args: unknown, request: CallRequest): Promise<CallOutcome> {
    underWay.begin();
    const startedAt = performance.now();
    const listened = request.sinks.length > 0;
    const status = createStatusEmitter({
      sinks:
        listened || logSinks.length > 0
          ? [...request.sinks, ...logSinks].map((sink) => redacting(sink, request.user))
          : NO_SINKS,
      heartbeatMs: listened ? HEARTBEAT_MS : 0,
    });
    let outcome: CallOutcome;
    let label = "success";
    let failure: unknown;
    try {
      outcome = await run(name, args, request, status);
      if (outcome.kind === "question") label = "question";
    } catch (thrown) {
      const error =
        request.signal.aborted && !(thrown instanceof ToolError) ? abortError(request.signal) : toToolError(thrown);
      status.error(error.statusLine);
      outcome = { kind: "result", result: errorResult(error, redactorOf(request.user)) };
      label = error.code;
      failure = error.code === "internal" ? error.cause : undefined;
    }
    const closing = status.close();
    if (closing) await closing;
    if (request.settle && !request.signal.aborted) await request.settle();
    options.onCall?.({
      tool: byName.has(name) || pinned?.names.has(name) ? name : "unknown",
      user: request.user?.id,
      ms: performance.now() - startedAt,
      outcome: label,
      ...(failure !== undefined && { error: failure }),
    });
    underWay.end();
    return outcome;
  }

  async function needsOf(name: string, args: unknown): Promise<readonly NeededTool[]> {
    const tool = byName.get(name);
    if (!tool?.needs) return [];
    const services = (await options.services.get(tool.uses)) as Services;
    try {
      return await tool.needs(parseArguments(tool, args), { services });
    } catch (error) {
      if (error instanceof ToolError) return [];
      throw error;
    }
  }

  /** @throws ToolError `unknown_tool`, `disabled`, or why a pinned tool is not there */
  async function find(name: string): Promise<AnyTool> {
    const enabledTool = byName.get(name);
    if (enabledTool) return enabledTool;
    const own = options.tools.find((tool) => tool.name === name);
    const hint = whyOff({ name, effect: own?.effect ?? "read" });
    if (hint !== undefined) throw new ToolError("disabled", `The tool ${name} is switched off.`, { hint });
    const found = pinned?.names.has(name) ? (await pinned.load()).get(name) : undefined;
    if (found instanceof ToolError) throw found;
    if (found) return found;
    throw new ToolError("unknown_tool", `There is no tool "${name.slice(0, 60)}".`, {
      hint: `Tools: ${[...byName.keys(), ...(pinned?.names ?? [])].join(", ")}.`,
    });
  }

  async function listTools(): Promise<readonly AnyTool[]> {
    if (!pinned) return enabled;
    const found = [...(await pinned.load()).values()].filter((tool): tool is AnyTool => !(tool instanceof ToolError));
    return [...enabled, ...found.filter((tool) => whyOff(tool) === undefined)];
  }

  async function run(name: string, args: unknown, request: CallRequest, status: RunningStatus): Promise<CallOutcome> {
    const tool = await find(name);
    if (!request.user) {
      throw new ToolError("unauthenticated", "User information not available", {
        hint: "Call with the credentials of a user.",
      });
    }
    const input = parseArguments(tool, args);
    const state = request.state && (await matchState(request.state, name, args));
    // A read may be repeated with the same answers, as clients do whose connection was lost, unless they permit the call itself.
    const claimed = state && (isConfirming(state.answers) || !tool.effect.startsWith("read")) ? state.id : undefined;
    if (claimed !== undefined) usedAnswers.claim(claimed);
    const user = request.user;
    const deadline = underWay.deadline(request.signal);
    const asking = askingOf({ ...request, user }, state, { deadline, questions });
    let hasBegun = false;
    const work = async (): Promise<Record<string, unknown>> => {
      const services = (tool.uses.length > 0 ? await options.services.get(tool.uses) : {}) as Services;
      const context = { user, services, signal: deadline.signal };
      const mostUsd = once(async () => tool.mayCost?.(input, context));
      const effects = once(async () => (await tool.effectsOf?.(input, context)) ?? [tool.effect]);
      const needs = (await tool.needs?.(input, context)) ?? [];
      assertOn(needs);
      const guarded = await policy.guarded(needs, { tools: options.tools, mostUsd });
      const must =
        (await tool.mustConfirm?.(input, context)) ??
        (guarded.length > 0 || (await policy.asks(tool, { effects, mostUsd })));
      let budgetUsd: number | undefined;
      if (must && !tool.continues?.(input, { user, services })) {
        budgetUsd = await mostUsd();
        const cost = tool.mayCost && costInWords(budgetUsd);
        const remarks = [...guarded.map(({ by, tool: other }) => `${by} does what ${other} does.`), cost];
        const call = { tool, input, user, signal: deadline.signal, remarks };
        const means = { services: options.services, redact: redactorOf(user), status, asking };
        const unanswered = await confirmCall(call, means);
        if (unanswered) return unanswered;
      }
      // Once the answers have been given back, they are no more this call's.
      if (claimed !== undefined) deadline.signal.throwIfAborted();
      hasBegun = true;
      return tool.run(input, {
        user,
        get signal() {
          return deadline.signal;
        },
        services,
        status,
        budgetUsd,
        showsApp: request.showsApps,
        elicit: (key, question) => takeAnswer(asking, key, question),
        elicitPage: (key, asked) => takePage(asking, key, asked),
      });
    };
    try {
      const output = await deadline.race(work());
      const blocks = await blocksOf(tool, output, { ...request, user, input });
      const result = successResult(output, blocks, redactorOf(user));
      if (!status.done) status.success("Done");
      return { kind: "result", result };
    } catch (thrown) {
      const isAsking = thrown instanceof AwaitingAnswer;
      // A client that goes away while the human is on a page has had nothing done, and may come back.
      if (claimed !== undefined && (isAsking || (!hasBegun && request.signal.aborted))) usedAnswers.release(claimed);
      if (!isAsking) throw thrown;
      return {
        kind: "question",
        key: thrown.key,
        question: thrown.question,
        state: {
          id: state?.id ?? crypto.randomUUID(),
          tool: name,
          digest: await digestOf(args),
          asked: thrown.key,
          ...("url" in thrown.question && { page: thrown.question.id }),
          answers: asking.answers,
        },
      };
    } finally {
      underWay.release(deadline);
    }
  }

  function mayConfirm(tool: AnyTool): boolean {
    const needed = options.tools.filter(({ name }) => tool.mayNeed?.includes(name));
    return (
      [tool, ...needed].some((each) => policy.mayAsk(each)) ||
      (confirmsCalls && tool.mustConfirm !== undefined && tool.uses.includes("apis"))
    );
  }

  /** What the client gets after the JSON. */
  async function blocksOf(
    tool: AnyTool,
    output: Record<string, unknown>,
    { user, takesLinks, takesMedia, input }: CallRequest & { user: User; input: unknown },
  ): Promise<ContentBlock[]> {
    const links = takesLinks ? (tool.links?.(output) ?? []) : [];
    const blocks = links.map((link): ContentBlock => ({ type: "resource_link", ...link }));
    if (!takesMedia || !tool.media) return blocks;
    const services = (await options.services.get(tool.uses)) as Services;
    return [...(await tool.media(output, { user, services }, input)), ...blocks];
  }

  function redacting(sink: StatusSink, user: User | undefined): StatusSink {
    return (event) => sink(redactJson(event, redactorOf(user)) as StatusEvent);
  }

  return {
    listTools,
    resources,
    prompts,
    whyKeptOff,
    needsOf,
    readOnly,
    mayConfirm,
    remarkOn: ({ name }) => options.remarks?.get(name),
    call,
    answer,
    watch: (user, tell) => createResourceWatch(resources, answer, user, tell),
    idle: underWay.idle,
    stop: underWay.stop,
  };
}

/** What the client answers counts only for the question that this call asked. */
function askingOf(
  request: CallRequest & { user: User },
  state: CallState | undefined,
  { deadline, questions }: { deadline: Deadline; questions: OpenQuestions },
): Asking {
  const { user, ask, canAsk, canOpen = false, inputResponses = {}, signal, isHeard } = request;
  const open = <T>(work: (signal: AbortSignal) => Promise<T>, goesOn = false): Promise<T> => {
    const either = (givenUp: AbortSignal) => work(AbortSignal.any([signal, givenUp]));
    return deadline.pauseFor(questions.during(user.id, either, { isHeard, goesOn }));
  };
  return {
    canAsk,
    canOpen,
    ask: ask && ((question) => open((either) => ask(question, either))),
    // With rounds, the client comes back for what it waits for.
    wait: (work) => (ask ? open(work, true) : deadline.pauseFor(work(signal))),
    giveUpOne: () => questions.giveUp(user.id),
    completed: (page) => request.completed?.(page),
    page: state?.page,
    answers: { ...state?.answers },
    responses:
      state && Object.hasOwn(inputResponses, state.asked) ? { [state.asked]: inputResponses[state.asked] } : {},
  };
}

/** The work done when it is first asked for, and not again. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
