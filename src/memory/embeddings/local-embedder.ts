import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Worker } from "node:worker_threads";
import type { Embedder, EmbedderOptions } from "./embedder.ts";
import type { ModelSource, WorkerReply, WorkerRequest } from "./model-worker.ts";

/** What a configured model begins with that is a folder, or a package. */
const FOLDER = "folder:";
const PACKAGE = "package:";

/** Where models have been exported to, as sentence-transformers and Transformers.js lay them out; the smallest first. */
const MODEL_FILES = [
  "model_quantized.onnx",
  "onnx/model_quantized.onnx",
  "onnx/model_int8.onnx",
  "model.onnx",
  "onnx/model.onnx",
];

/**
 * Runs a model of this machine: a sentence model in ONNX format from a folder that also has its tokenizer.json, or the one in
 * an installed package. Nothing is loaded before the first text, and nothing is ever downloaded.
 */
export function createLocalEmbedder({ model, queryPrefix, memoryPrefix }: EmbedderOptions): Embedder {
  const { source, name } = model.startsWith(PACKAGE) ? fromPackage(model) : fromFolder(model);
  let worker: Promise<Worker> | undefined;
  let requests = 0;
  const waiting = new Map<number, { resolve: (vectors: Float32Array[]) => void; reject: (error: Error) => void }>();

  function leave(error: Error): void {
    worker = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  async function startWorker(embeddingModel: ModelSource): Promise<Worker> {
    const [{ Worker: Thread }, { workerFile }] = await Promise.all([
      import("node:worker_threads"),
      import("./model-worker.ts"),
    ]);
    const started = new Thread(new URL(workerFile), { workerData: { embeddingModel } });
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
    id: memoryPrefix === "" ? name : `${name} ${memoryPrefix}`,
    async embed(texts, side, signal) {
      const prefix = side === "query" ? queryPrefix : memoryPrefix;
      worker ??= startWorker(source());
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

/** What a worker needs to know, or throws what is missing; and what names the vectors. */
interface Model {
  source(): ModelSource;
  name: string;
}

function fromPackage(model: string): Model {
  return { source: () => ({ package: model.slice(PACKAGE.length) }), name: model };
}

function fromFolder(model: string): Model {
  const folder = resolve(model.slice(FOLDER.length));
  const modelFile = MODEL_FILES.find((file) => existsSync(join(folder, file)));
  const size = modelFile === undefined ? 0 : statSync(join(folder, modelFile)).size;
  return {
    // Another model of the same name has seldom the same size.
    name: `${FOLDER}${basename(folder)} ${size}`,
    source() {
      if (modelFile === undefined) throw new Error(`There is no ${MODEL_FILES.join(", ")} in ${folder}.`);
      if (!existsSync(join(folder, "tokenizer.json"))) throw new Error(`There is no tokenizer.json in ${folder}.`);
      return { folder, modelFile };
    },
  };
}
