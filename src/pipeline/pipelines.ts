import { setImmediate as nextTurn } from "node:timers/promises";
import { ToolError } from "../errors.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import {
  createDefinitions,
  type FoundRun,
  type PipelineDefinition,
  type PipelineDescription,
  type PipelineSummary,
} from "./definitions/definitions.ts";
import { readInputOptions } from "./definitions/input-options.ts";
import { callsOfSteps, type OutsideCall } from "./definitions/outside-calls.ts";
import type { EngineInput, EngineOrder } from "./engine/engine-order.ts";
import { isAnswerUri, type OpenSource, openSource, type SourceResource } from "./files/open-source.ts";
import { type OpenTables, openTables, tableSource } from "./files/open-tables.ts";
import { presentResult } from "./present-result.ts";
import { createEngineProcesses } from "./process/run-in-process.ts";
import type { ResultStore } from "./results/result-store.ts";
import type { RunRequest, RunResult } from "./run-request.ts";
import type { ApiRequest, Host, LlmRequest } from "./steps/step.ts";

/** Rows of `data` that are written as JSON in one go. */
const LIST_ROWS = 1000;

/** Who calls, as the other services want it. */
export interface PipelineUser {
  id: string;
}

/** What a call of another service is given. */
export interface CallContext {
  signal: AbortSignal;
  status: StatusEmitter;
  /** The run that the call belongs to: the same object for all its calls, and another one for other runs'. */
  run: object;
}

/** The other services as functions, so that this room knows none of them. See Host for what they give. */
export interface PipelineServices {
  searchMemory(user: PipelineUser, query: string, limit: number): Promise<unknown>;
  callApi(user: PipelineUser, request: ApiRequest, context: CallContext): Promise<unknown>;
  processInput(user: PipelineUser, request: LlmRequest, context: CallContext): Promise<unknown>;
  /** A resource of this server that rows can be read from; undefined where there is none of that URI for this user. */
  readResource(user: PipelineUser, uri: string): Promise<SourceResource | undefined>;
  /** USD that the calls of `processInput` of one run may cost together; undefined: no limit. */
  budgetUsd?: number | undefined;
}

export interface PipelineSettings {
  definitions: Record<string, PipelineDefinition>;
  /** Folders whose files may be read, by name. */
  folders: Record<string, string>;
  timeoutMs: number;
  /** Megabytes. */
  maxHeapMb: number;
  maxInlineLength: number;
  maxDiskBytes: number;
}

export interface Pipelines {
  /**
   * Runs data through steps. The same request gives the same result, as far as the services that enrich it answer the same.
   * @throws ToolError `invalid_input` for a wrong request, definition or input text, `unknown_pipeline`, `invalid_config` that
   * names the pipeline, the step and the key where the configured one is wrong, `not_found` for a source, `too_large`,
   * `validation_failed` when a step ends the run: `issues` are the reasons by row, further fields are `error`, `run_id`,
   * `warnings`, `steps` with the later ones skipped, and the failed step's record as `details`; `aborted`, `deadline_exceeded`.
   */
  run(
    user: PipelineUser,
    request: RunRequest,
    context: { signal: AbortSignal; status: StatusEmitter },
  ): Promise<RunResult>;
  /**
   * What a run may cost at most in USD: nothing where no step asks a model, else what the budget of a call allows; undefined where
   * there is none. @throws ToolError as `run` for the pipeline and its parameters
   */
  mostUsd(request: RunRequest): number | undefined;
  /**
   * What a run does beyond the data at hand because its caller says so: the calls of the caller's own steps, and the kept answers of
   * APIs that it reads. The steps of a configured pipeline are its administrator's. @throws ToolError as `run` for the pipeline and
   * its parameters
   */
  callsOf(request: RunRequest): OutsideCall[];
  /** The configured pipelines as a caller may see them. */
  describe(): PipelineDescription[];
  /** How steps are written, as Markdown. */
  reference(): Promise<string>;
  /** The configured pipelines, wrong ones with their error. Loads the steps into this thread. */
  list(): Promise<PipelineSummary[]>;
  /** Ends all runs. */
  close(): Promise<void>;
}

/** Pipelines of the configuration, and any that a caller defines. A wrong one of the configuration leaves the others alone. */
export function createPipelines(
  settings: PipelineSettings,
  services: PipelineServices,
  results: ResultStore,
): Pipelines {
  const { maxInlineLength, maxDiskBytes } = settings;
  const definitions = createDefinitions(settings.definitions);
  const processes = createEngineProcesses(settings);
  const underWay = new Set<Promise<void>>();

  return {
    async run(user, asked, { signal, status }) {
      const request = withoutBlanks(asked);
      const { dryRun = false, suggest = false } = request;
      const found = definitions.find(request);
      const { inputOptions, onBadRow } = readInputOptions({ ...found.inputOptions, ...request.inputOptions });

      status.progress("Reading the input", 0);
      const open = (source: string) =>
        openSource(source, {
          folders: settings.folders,
          user,
          results,
          readResource: (uri) => services.readResource(user, uri),
        });
      const { input, tables, close } = await openAll(request, found, open);
      const work = results.workFolder();
      const ended = Promise.withResolvers<void>();
      underWay.add(ended.promise);
      try {
        const order: EngineOrder = {
          input: input.engine,
          inputFormat: request.inputFormat ?? found.inputFormat,
          inputName: input.name,
          inputEscaped: input.escaped,
          inputOptions,
          onBadRow,
          outputFormat: request.outputFormat ?? found.outputFormat,
          steps: found.steps,
          tables,
          parameters: found.parameters,
          pipeline: found.pipeline,
          dryRun,
          suggest,
          workFolder: work.path,
          limits: { maxInlineLength, maxDiskBytes, maxBufferBytes: settings.maxHeapMb * 2 ** 20 },
        };
        const run = {};
        const host = (ended: AbortSignal) => hostFor(user, services, { signal: ended, status, run });
        const result = await processes.run(user.id, order, host, signal);
        return await presentResult(result, { user, request, pipeline: found.pipeline, results });
      } catch (error) {
        throw found.pipeline === undefined ? error : definitions.explain(found.pipeline.name, error, request);
      } finally {
        await close();
        await work.remove();
        underWay.delete(ended.promise);
        ended.resolve();
      }
    },
    mostUsd(asked) {
      const request = withoutBlanks(asked);
      const { steps } = definitions.find(request);
      return request.dryRun || request.suggest || !steps.some(asksModel) ? 0 : services.budgetUsd;
    },
    callsOf(asked) {
      const request = withoutBlanks(asked);
      const { pipeline, steps, parameters } = definitions.find(request);
      const sources = [
        { by: '"source"', source: request.source },
        ...steps.map((step, index) => ({
          by: `The lookup of step ${index + 1}`,
          source: tableSource(step, parameters),
        })),
      ];
      return [
        ...(pipeline ? [] : callsOfSteps(steps, parameters)),
        ...sources.flatMap(({ by, source = "" }) => (isAnswerUri(source) ? [{ kind: "answer" as const, by }] : [])),
      ];
    },
    describe: definitions.describe,
    reference: async () => (await import("./definitions/reference.ts")).writeReference(),
    list: definitions.list,
    async close() {
      await processes.close();
      // The process may end once this is done: what the runs have on disk has to be gone by then.
      await Promise.all(underWay);
    },
  };
}

interface OpenInput {
  engine: EngineInput;
  /** Of the file, where it is one. */
  name?: string | undefined;
  escaped?: boolean | undefined;
  close(): Promise<void>;
}

type Open = (source: string) => Promise<OpenSource>;

/** Opens all that a run reads: its input, and the tables of its lookups. */
async function openAll(
  request: RunRequest,
  { steps, parameters }: FoundRun,
  open: Open,
): Promise<{ input: OpenInput; tables: OpenTables["tables"]; close(): Promise<void> }> {
  const input = await openInput(request, open);
  try {
    const { tables, close } = await openTables(steps, parameters, open);
    return {
      input,
      tables,
      async close() {
        await input.close();
        await close();
      },
    };
  } catch (error) {
    await input.close();
    throw error;
  }
}

async function openInput({ data, text, source }: RunRequest, open: Open): Promise<OpenInput> {
  const given = Object.entries({ data, text, source }).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  if (given.length > 1) {
    throw new ToolError("invalid_input", `Give either "data" (rows), "text" or "source", not ${given.join(" and ")}.`);
  }
  const close = async (): Promise<void> => {};
  if (text !== undefined) return { engine: { kind: "text", text }, close };
  if (data !== undefined) return { engine: { kind: "rows", rows: data.length, lists: await writeLists(data) }, close };
  if (source === undefined) {
    throw new ToolError("invalid_input", "There is no input.", {
      hint: 'Give rows as "data", a text as "text", or a file or resource as "source".',
    });
  }
  return open(source);
}

/** Rows as JSON lists, between which other work gets its turn. */
async function writeLists(data: readonly unknown[]): Promise<string[]> {
  const lists: string[] = [];
  for (let at = 0; at < data.length; at += LIST_ROWS) {
    // Before the first one, too: reading the call was work enough for a turn.
    await nextTurn();
    lists.push(JSON.stringify(data.slice(at, at + LIST_ROWS)));
  }
  return lists;
}

/** What single calls say would drown how far the run is. */
const SILENT: StatusEmitter = { progress() {}, success() {}, error() {}, emit() {} };

function hostFor(user: PipelineUser, services: PipelineServices, context: CallContext): Host {
  const { signal } = context;
  const within = (timeoutMs: number | undefined): CallContext => ({
    ...context,
    status: SILENT,
    ...(timeoutMs !== undefined && { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) }),
  });
  return {
    searchMemory: (query, limit) => services.searchMemory(user, query, limit),
    callApi: ({ timeoutMs, ...request }) => services.callApi(user, request, within(timeoutMs)),
    processInput: ({ timeoutMs, ...request }) => services.processInput(user, request, within(timeoutMs)),
    progress: (description, percent) => context.status.progress(description, percent),
  };
}

/** The request without the empty texts that some callers send for what they leave out. */
function withoutBlanks(request: RunRequest): RunRequest {
  const { pipeline, text, source, inputFormat, outputFormat } = request;
  const other = request.data !== undefined || Boolean(source);
  return {
    ...request,
    pipeline: pipeline || undefined,
    source: source || undefined,
    text: text === "" && other ? undefined : text,
    inputFormat: inputFormat || undefined,
    outputFormat: outputFormat || undefined,
  };
}

/** Whether a step looks something up by a model; one that is written wrongly counts, for it is read elsewhere. */
function asksModel(step: unknown): boolean {
  return typeof step === "object" && step !== null && /\bllm\b/i.test(JSON.stringify(step));
}
