import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Worker } from "node:worker_threads";
import type { Embedder, EmbedderOptions } from "./embedder.ts";
import type { WorkerReply, WorkerRequest } from "./model-worker.ts";

/** What a configured model begins with that is a folder. */
export const FOLDER_PREFIX = "folder:";
/** Where models have been exported to, as sentence-transformers and Transformers.js lay them out; the smallest first. */
const MODEL_FILES = [
  "model_quantized.onnx",
  "onnx/model_quantized.onnx",
  "onnx/model_int8.onnx",
  "model.onnx",
  "onnx/model.onnx",
];

/**
 * Runs a model of sentences in ONNX format from a folder that also has its tokenizer.json. Nothing is loaded before the first
 * text, and nothing is ever downloaded.
 */
export function createFolderEmbedder({ model, queryPrefix, memoryPrefix }: EmbedderOptions): Embedder {
  const folder = resolve(model.slice(FOLDER_PREFIX.length));
  const modelFile = MODEL_FILES.find((file) => existsSync(join(folder, file)));
  const size = modelFile === undefined ? 0 : statSync(join(folder, modelFile)).size;
  let worker: Promise<Worker> | undefined;
  let requests = 0;
  const waiting = new Map<number, { resolve: (vectors: Float32Array[]) => void; reject: (error: Error) => void }>();

  function leave(error: Error): void {
    worker = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  async function startWorker(file: string): Promise<Worker> {
    const [{ Worker: Thread }, { workerFile }] = await Promise.all([
      import("node:worker_threads"),
      import("./model-worker.ts"),
    ]);
    const started = new Thread(new URL(workerFile), { workerData: { embeddingModel: { folder, modelFile: file } } });
    started.unref();
    started.on("message", (reply: WorkerReply) => {
      const request = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ("vectors" in reply) request?.resolve(reply.vectors);
      else request?.reject(new Error(reply.error));
    });
    started.on("error", leave);
    started.on("exit", () => leave(new Error("The thread of the model has ended.")));
    return started;
  }

  return {
    // Another model of the same name has seldom the same size.
    id: `${FOLDER_PREFIX}${basename(folder)} ${size}${memoryPrefix === "" ? "" : ` ${memoryPrefix}`}`,
    async embed(texts, side, signal) {
      if (modelFile === undefined) throw new Error(`There is no ${MODEL_FILES.join(", ")} in ${folder}.`);
      if (!existsSync(join(folder, "tokenizer.json"))) throw new Error(`There is no tokenizer.json in ${folder}.`);
      const prefix = side === "query" ? queryPrefix : memoryPrefix;
      worker ??= startWorker(modelFile);
      const thread = await worker;
      signal.throwIfAborted();
      const id = ++requests;
      return new Promise<Float32Array[]>((fulfil, reject) => {
        waiting.set(id, { resolve: fulfil, reject });
        thread.postMessage({ id, texts: texts.map((text) => prefix + text) } satisfies WorkerRequest);
      });
    },
    async close() {
      const ended = worker;
      leave(new Error("The store is closed."));
      await (await ended)?.terminate();
    },
  };
}
