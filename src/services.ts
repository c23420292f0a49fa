import { join } from "node:path";
import type { AnswerStore } from "./api/answer/answer-store.ts";
import type { ApiClient } from "./api/api-client.ts";
import type { Config } from "./config/config-schema.ts";
import type { Interaction } from "./interaction/interaction.ts";
import type { Secrets } from "./interaction/secrets.ts";
import type { Account } from "./llm/account.ts";
import type { ModelClient } from "./llm/model-client.ts";
import type { InputProcessor } from "./llm/process-input.ts";
import type { Embedder } from "./memory/embeddings/embedder.ts";
import type { MemoryStore } from "./memory/store.ts";
import type { MixtureOfAgents } from "./moa/mixture-of-agents.ts";
import type { RunArchive } from "./moa/run-record.ts";
import type { PageSite } from "./pages/page-site.ts";
import type { Pipelines } from "./pipeline/pipelines.ts";
import type { ResultStore } from "./pipeline/results/result-store.ts";

/** What tools can ask for by `uses`; each is made on first use, so that the server starts without any of them. */
export interface Services {
  memory: MemoryStore;
  llm: ModelClient;
  processor: InputProcessor;
  moa: MixtureOfAgents;
  /** What `moa` has run; apart from it, for a look at old runs needs no model. */
  runs: RunArchive;
  apis: ApiClient;
  /** Answers of `apis` that were too long or binary; apart from it, for a look at them needs no API. */
  answers: AnswerStore;
  pipelines: Pipelines;
  /** What `pipelines` has kept of runs; apart from it, for a look at old runs needs no process. */
  pipelineResults: ResultStore;
  interaction: Interaction;
  /** Secrets that users gave for calls of APIs. */
  secrets: Secrets;
  /** Pages on which `interaction` asks the human; apart from it, for browsers come to them by themselves. */
  pages: PageSite;
}

export interface ServiceContainer {
  /** The named services, made where needed. A failure to make one is thrown and tried again at the next call. */
  get<Uses extends keyof Services>(uses: readonly Uses[]): Promise<Pick<Services, Uses>>;
  /** The service, if something has asked for it already. */
  peek<Name extends keyof Services>(name: Name): Services[Name] | undefined;
  /** Closes what was made, in reverse order. */
  dispose(): Promise<void>;
}

type Factories = { [Name in keyof Services]: () => Promise<Services[Name]> };

/** What a store of memories has besides its configuration. */
export interface StoreExtras {
  /** Calls the model that `memory.embeddings` names. Without it, memories are found by words alone. */
  llm?: Promise<Pick<ModelClient, "embed">> | undefined;
  warn?: ((message: string) => void) | undefined;
}

/** Opens the memories where `memory.database` says they are: in a file of `dataDir`, or in PostgreSQL. @throws ToolError `storage_…` */
export async function openMemoryStore(
  options: Config["memory"],
  dataDir: string,
  { llm, warn }: StoreExtras = {},
): Promise<MemoryStore> {
  const { database, embeddings, ...limits } = options;
  const embedder = await makeEmbedder(embeddings, llm);
  if (database !== "sqlite") {
    const { openPostgresStore } = await import("./memory/postgres/postgres-store.ts");
    return openPostgresStore({ ...limits, url: database, embedder, warn });
  }
  const { openSqliteStore } = await import("./memory/sqlite/sqlite-store.ts");
  return openSqliteStore({ ...limits, file: join(dataDir, "memory.db"), embedder, warn });
}

async function makeEmbedder(
  { model, ...prefixes }: Config["memory"]["embeddings"],
  llm: StoreExtras["llm"],
): Promise<Embedder | undefined> {
  if (model === undefined || !llm) return undefined;
  const { createEmbedder } = await import("./memory/embeddings/embedder.ts");
  return createEmbedder({ model, ...prefixes }, async ({ signal, ...request }) => (await llm).embed(request, signal));
}

/** Embeds a word with the model that `memory.embeddings` names. Gives the dimensions of its vector. @throws what is wrong */
export async function tryEmbeddings(
  embeddings: Config["memory"]["embeddings"],
  llm: NonNullable<StoreExtras["llm"]>,
  signal: AbortSignal,
): Promise<number> {
  const embedder = await makeEmbedder(embeddings, llm);
  try {
    const vectors = await embedder?.embed(["test"], "query", signal);
    return vectors?.[0]?.length ?? 0;
  } finally {
    await embedder?.close?.();
  }
}

/** What reads and writes the files of exports. */
export const memoryFiles = () => import("./memory/files/memory-file.ts");

/** What checks backups and restores them; without a store, for the database may be beyond opening. */
export const memoryBackups = () => import("./memory/sqlite/restore.ts");

/**
 * Puts the domain rooms together from the configuration. Nothing is opened, loaded or contacted before `get`. `warn` tells an
 * operator of what does not work as configured; `redact` blots out secrets in what is kept of runs; `pagesUrl` is where browsers reach the pages that
 * this process serves by itself (undefined: nowhere), instead of a server for them alone.
 */
export function createServices(
  config: Config & { dataDir: string },
  env: NodeJS.ProcessEnv = process.env,
  warn?: (message: string) => void,
  redact?: (text: string) => string,
  pagesUrl?: () => string | undefined,
): ServiceContainer {
  const made = new Map<keyof Services, Promise<Services[keyof Services]>>();
  const ready = new Map<keyof Services, Services[keyof Services]>();
  const one = <Name extends keyof Services>(name: Name): Promise<Services[Name]> => {
    let service = made.get(name) as Promise<Services[Name]> | undefined;
    if (!service) {
      service = factories[name]();
      made.set(name, service);
      service.then(
        (value) => ready.set(name, value),
        () => made.delete(name),
      );
    }
    return service;
  };

  const factories: Factories = {
    memory() {
      // Asked for first, so that it is closed last.
      const llm = config.memory.embeddings.model === undefined ? undefined : one("llm");
      return openMemoryStore(config.memory, config.dataDir, { llm, warn });
    },
    async llm() {
      const { createModelClient } = await import("./llm/model-client.ts");
      const { providers, openWebui, memory, llm, moa } = config;
      const { createUsageLedger } = await import("./usage/usage-ledger.ts");
      // Longer than any request takes, wherever its limit comes from.
      const holdMs = Math.max(llm.timeout, moa.timeout, moa.callTimeout, 600) * 1000 + 60_000;
      const ledger = createUsageLedger({ file: join(config.dataDir, "usage.db"), holdMs, warn });
      const embeddingModel = memory.embeddings.model;
      const client = createModelClient({ providers, openWebui, embeddingModel, ...llm, ledger }, env);
      const close = async () => {
        await client.close();
        await ledger.close();
      };
      return { ...client, close };
    },
    async processor() {
      const { createInputProcessor } = await import("./llm/process-input.ts");
      return createInputProcessor(await one("llm"), config.llm);
    },
    async moa() {
      const { createMixtureOfAgents } = await import("./moa/mixture-of-agents.ts");
      const [llm, processor, runs] = await Promise.all([one("llm"), one("processor"), one("runs")]);
      return createMixtureOfAgents(llm, config.moa, { processor, runs, redact });
    },
    async runs() {
      const { createRunArchive } = await import("./moa/run-archive.ts");
      return createRunArchive();
    },
    async apis() {
      const { createApiClient } = await import("./api/api-client.ts");
      // A server that changes nothing has no API that does.
      const entries = Object.entries(config.apis);
      const apis = config.readOnly
        ? entries.map(([name, api]) => [name, { ...api, readOnly: true }] as const)
        : entries;
      const [answers, secrets] = await Promise.all([one("answers"), one("secrets")]);
      return createApiClient(Object.fromEntries(apis), answers, { warn, secrets });
    },
    async answers() {
      const { createAnswerStore } = await import("./api/answer/create-answer-store.ts");
      return createAnswerStore();
    },
    async pipelines() {
      const { createPipelines } = await import("./pipeline/pipelines.ts");
      const { folders, timeout, maxMemory, maxInlineLength, maxDiskBytes } = config.pipelineRuns;
      const { pipelines: definitions } = config;
      const limits = { timeoutMs: timeout * 1000, maxHeapMb: maxMemory, maxInlineLength, maxDiskBytes };
      // All rows of a run share the budget of one call.
      const accounts = new WeakMap<object, Account>();
      return createPipelines(
        { definitions, folders, ...limits },
        {
          budgetUsd: config.llm.budgets.perCall?.costUsd,
          searchMemory: async (user, query, limit) => (await one("memory")).search(user, { query, limit }),
          // Rows take whole answers, for nobody reads on in what is kept.
          async callApi(user, { body, ...request }, context) {
            // A body of call_api is an object; the list that a batch makes goes as the text that it is.
            const own = Array.isArray(body) ? { bodyText: JSON.stringify(body) } : { body };
            return (await one("apis")).call(user, { ...request, ...own }, { ...context, looksUp: true });
          },
          async processInput(user, request, { run, ...context }) {
            const [llm, processor] = await Promise.all([one("llm"), one("processor")]);
            const account = accounts.get(run) ?? llm.account(user);
            accounts.set(run, account);
            return processor.process(user, request, { ...context, account });
          },
          async readResource(user, uri) {
            const id = /^api:\/\/answers\/([0-9a-f-]{36})$/i.exec(uri)?.[1]?.toLowerCase();
            const answer = id === undefined ? undefined : (await one("answers")).get(user.id, id);
            if (!answer) return undefined;
            const { name, mime_type: mimeType, content } = answer;
            if (content.kind === "binary") return { name, mimeType, content: content.bytes };
            if (content.kind === "text") return { name, mimeType, content: content.text };
            return { mimeType: "application/json", content: { json: content.value } };
          },
        },
        await one("pipelineResults"),
      );
    },
    async pipelineResults() {
      const { createResultStore } = await import("./pipeline/results/create-result-store.ts");
      const { keepHours, maxKeptBytes } = config.pipelineRuns;
      const folder = join(config.dataDir, "pipeline-runs");
      return createResultStore({ folder, keepHours, maxUserBytes: maxKeptBytes });
    },
    async secrets() {
      const { createSecrets } = await import("./interaction/create-secrets.ts");
      return createSecrets();
    },
    async interaction() {
      const { createInteraction } = await import("./interaction/interaction.ts");
      const [pages, secrets] = await Promise.all([one("pages"), one("secrets")]);
      return createInteraction({ ...config.interaction, pages, secrets, apis: Object.keys(config.apis) });
    },
    async pages() {
      const { createPageSite } = await import("./pages/page-site.ts");
      return createPageSite({ answerMs: config.interaction.answerTimeout * 1000, baseUrl: pagesUrl });
    },
  };

  return {
    async get(uses) {
      const entries = await Promise.all(uses.map(async (name) => [name, await one(name)] as const));
      return Object.fromEntries(entries) as Pick<Services, (typeof uses)[number]>;
    },
    peek: (name) => ready.get(name) as Services[typeof name] | undefined,
    async dispose() {
      const services = [...made.values()].reverse();
      made.clear();
      ready.clear();
      for (const service of services) {
        const closable = (await service.catch(() => undefined)) as { close?: () => void | Promise<void> } | undefined;
        await closable?.close?.();
      }
    },
  };
}
