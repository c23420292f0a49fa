import type { MessagePort } from "node:worker_threads";
import type { EngineOrder } from "../engine/engine-order.ts";
import { runEngine } from "../engine/run-engine.ts";
import type { Host } from "../steps/step.ts";
import { fromPlainError, toPlainError } from "./plain-error.ts";
import type { FromThread, HostRequest, ThreadReply, ToThread } from "./thread-messages.ts";

/** Runs a pipeline in this thread; what it asks of the server goes through the port. Never throws. */
export async function runPipelineTask({ order, port }: { order: unknown; port: MessagePort }): Promise<ThreadReply> {
  const { host, close } = hostOver(port);
  try {
    return { result: await runEngine(order as EngineOrder, host) };
  } catch (error) {
    return { error: toPlainError(error) };
  } finally {
    close();
  }
}

function hostOver(port: MessagePort): { host: Host; close(): void } {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let calls = 0;
  const send = (message: FromThread): void => port.postMessage(message);
  const call = (request: HostRequest): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++calls;
      waiting.set(id, { resolve, reject });
      send({ type: "call", id, request });
    });
  port.on("message", (reply: ToThread) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("error" in reply) asked?.reject(fromPlainError(reply.error));
    else asked?.resolve(JSON.parse(reply.json));
  });
  return {
    host: {
      searchMemory: (query, limit) => call({ kind: "memory", query, limit }),
      callApi: (request) => call({ kind: "api", request }),
      processInput: (request) => call({ kind: "llm", request }),
      progress: (description, percent) => send({ type: "progress", description, percent }),
    },
    close: () => port.close(),
  };
}
