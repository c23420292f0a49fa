import type { TaskTalk } from "../../worker/task-messages.ts";
import type { EngineOrder } from "../engine/engine-order.ts";
import { runEngine } from "../engine/run-engine.ts";
import type { Host } from "../steps/step.ts";
import { fromPlainError, toPlainError } from "./plain-error.ts";
import type { FromRun, HostRequest, RunReply, ToRun } from "./run-messages.ts";

/** Runs a pipeline in this process; what it asks of the server is said and heard. Never throws. */
export async function runPipelineTask({ order }: { order: unknown }, talk: TaskTalk): Promise<RunReply> {
  try {
    return { result: await runEngine(order as EngineOrder, hostOver(talk)) };
  } catch (error) {
    return { error: toPlainError(error) };
  }
}

function hostOver(talk: TaskTalk): Host {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let calls = 0;
  const send = (message: FromRun): void => talk.say(message);
  const call = (request: HostRequest): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++calls;
      waiting.set(id, { resolve, reject });
      send({ type: "call", id, request });
    });
  talk.hear((message) => {
    const reply = message as ToRun;
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("error" in reply) asked?.reject(fromPlainError(reply.error));
    else asked?.resolve(JSON.parse(reply.json));
  });
  return {
    searchMemory: (query, limit) => call({ kind: "memory", query, limit }),
    callApi: (request) => call({ kind: "api", request }),
    processInput: (request) => call({ kind: "llm", request }),
    progress: (description, percent) => send({ type: "progress", description, percent }),
  };
}
