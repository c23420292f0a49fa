import { abortError, ToolError, toToolError } from "../../errors.ts";
import type { Hear } from "../../worker/task-process.ts";
import { createTaskRunner, TaskFailure, type TaskRunner } from "../../worker/task-runner.ts";
import type { EngineOrder, EngineResult } from "../engine/engine-order.ts";
import type { Host } from "../steps/step.ts";
import { fromPlainError, toPlainError } from "./plain-error.ts";
import type { FromRun, HostRequest, RunReply, ToRun } from "./run-messages.ts";

/** Characters of a run's result, what is given at once included. */
const MAX_RESULT = 33_554_432;

/** Runs at once; one of each user begins as long as there are no more. */
const MAX_RUNS = 8;
/** Runs of one user at once, a second one only while there are few in all; and those that wait. */
const MAX_OWN_RUNS = 2;
const FEW_RUNS = 4;
const MAX_WAITING_RUNS = 10;

export interface ProcessLimits {
  /** Milliseconds of a run. */
  timeoutMs: number;
  /** Megabytes of its memory. */
  maxHeapMb: number;
}

/** Runs pipelines in processes of their own. */
export interface EngineProcesses {
  /**
   * Runs an order of a user, of whom a few run at once. Calls of the host get a signal that also fires when the run ends before them.
   * @throws ToolError what the run fails with; `deadline_exceeded` or `too_large` where the process was ended for its time or
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

/** Processes are made with the first runs, and given up when there was nothing to do for a minute. */
export function createEngineProcesses({ timeoutMs, maxHeapMb }: ProcessLimits): EngineProcesses {
  const runner: TaskRunner = createTaskRunner({
    kind: "pipelines",
    maxProcesses: MAX_RUNS,
    maxOwnTasks: MAX_OWN_RUNS,
    maxShared: FEW_RUNS,
    maxOwnWaiting: MAX_WAITING_RUNS,
    maxHeapMb,
  });
  return {
    async run(owner, order, host, signal) {
      const ended = new AbortController();
      const hear = answerCalls(host(AbortSignal.any([signal, ended.signal])));
      try {
        const limits = { signal, timeoutMs, maxResultLength: MAX_RESULT, owner };
        const reply = (await runner.run("pipeline", { order }, limits, hear)) as RunReply;
        if ("error" in reply) throw fromPlainError(reply.error);
        return reply.result;
      } catch (error) {
        if (signal.aborted) throw abortError(signal);
        throw error instanceof TaskFailure ? endedBy(error) : error;
      } finally {
        ended.abort();
      }
    },
    close: () => runner.close(),
  };
}

/** Answers what a run asks. */
function answerCalls(host: Host): Hear {
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
  return (said, reply) => {
    const message = said as FromRun;
    if (message.type === "progress") {
      host.progress(message.description, message.percent);
      return;
    }
    const { id, request } = message;
    const send = (given: ToRun): void => reply(given);
    answer(request)
      .then((value) => JSON.stringify(value ?? null))
      .then(
        (json) => send({ id, json }),
        (error: unknown) => send({ id, error: toPlainError(error) }),
      );
  };
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
    case "queue":
      return new ToolError("rate_limited", `Too many runs at once: ${fault.message}.`, {
        hint: "Wait for the runs that were begun.",
        retryable: true,
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
