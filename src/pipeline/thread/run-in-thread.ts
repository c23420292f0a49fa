import { MessageChannel, type MessagePort } from "node:worker_threads";
import { abortError, ToolError, toToolError } from "../../errors.ts";
import { createTaskRunner, TaskFailure, type TaskRunner } from "../../worker/task-runner.ts";
import type { EngineOrder, EngineResult } from "../engine/engine-order.ts";
import type { Host } from "../steps/step.ts";
import { fromPlainError, toPlainError } from "./plain-error.ts";
import type { FromThread, HostRequest, ThreadReply, ToThread } from "./thread-messages.ts";

/** Characters of a run's result, what is given at once included. */
const MAX_RESULT = 268_435_456;

/** Runs at once, and those of one user; others wait. */
const MAX_RUNS = 4;
const MAX_OWN_RUNS = 2;

export interface ThreadLimits {
  /** Milliseconds of a run. */
  timeoutMs: number;
  /** Megabytes of its memory. */
  maxHeapMb: number;
}

/** Runs pipelines in threads of their own. */
export interface EngineThreads {
  /**
   * Runs an order of a user, of whom a few run at once. Calls of the host get a signal that also fires when the run ends before them.
   * @throws ToolError what the run fails with; `deadline_exceeded` or `too_large` where the thread was ended for its time or
   * memory; `aborted` once the signal has fired
   */
  run(
    owner: string,
    order: EngineOrder,
    host: (signal: AbortSignal) => Host,
    signal: AbortSignal,
  ): Promise<EngineResult>;
  close(): Promise<void>;
}

/** Threads are made with the first runs, and given up when there was nothing to do for a minute. */
export function createEngineThreads({ timeoutMs, maxHeapMb }: ThreadLimits): EngineThreads {
  const runner: TaskRunner = createTaskRunner({
    threads: "pipelines",
    maxThreads: MAX_RUNS,
    maxOwnThreads: MAX_OWN_RUNS,
    maxHeapMb,
  });
  return {
    async run(owner, order, host, signal) {
      const { port1, port2 } = new MessageChannel();
      const ended = new AbortController();
      const stop = answerCalls(port1, host(AbortSignal.any([signal, ended.signal])));
      try {
        const input = { order, port: port2 };
        const limits = { signal, timeoutMs, maxResultLength: MAX_RESULT, owner };
        const reply = (await runner.run("pipeline", input, limits, [port2])) as ThreadReply;
        if ("error" in reply) throw fromPlainError(reply.error);
        return reply.result;
      } catch (error) {
        if (signal.aborted) throw abortError(signal);
        throw error instanceof TaskFailure ? endedBy(error) : error;
      } finally {
        stop();
        ended.abort();
      }
    },
    close: () => runner.close(),
  };
}

/** Answers what a run asks until it is stopped. */
function answerCalls(port: MessagePort, host: Host): () => void {
  const answer = async (request: HostRequest): Promise<unknown> => {
    switch (request.kind) {
      case "memory":
        return host.searchMemory(request.query, request.limit);
      case "api":
        return host.callApi(request.request);
      case "llm":
        return host.processInput(request.request);
    }
  };
  port.on("message", (message: FromThread) => {
    if (message.type === "progress") {
      host.progress(message.description, message.percent);
      return;
    }
    const { id, request } = message;
    const send = (reply: ToThread): void => port.postMessage(reply);
    answer(request)
      .then((value) => JSON.stringify(value ?? null))
      .then(
        (json) => send({ id, json }),
        (error: unknown) => send({ id, error: toPlainError(error) }),
      );
  });
  return () => port.close();
}

function endedBy({ fault }: TaskFailure): ToolError {
  switch (fault.kind) {
    case "time":
      return new ToolError("deadline_exceeded", `The run was ended: ${fault.message}.`, {
        hint: "Use fewer rows, simpler patterns and expressions, or fewer calls; the configuration sets pipelineRuns.timeout.",
      });
    case "memory":
      return new ToolError("too_large", `The run was ended: ${fault.message}.`, {
        hint: "Filter, pick or limit earlier, or group by fewer values; the configuration sets pipelineRuns.maxMemory.",
      });
    case "result_too_large":
      return new ToolError("too_large", `The run has no result: ${fault.message}.`, {
        hint: "Filter, pick or limit more, or ask for a format that is kept as a resource, such as csv.",
      });
    default:
      // A run says what is wrong in its own words, so this is a bug, whose words may have paths of the machine in them.
      return toToolError(new Error(fault.message));
  }
}
