import type { Config } from "../config/config-schema.ts";
import type { Account } from "../llm/account.ts";
import type { FinishReason } from "../llm/adapters/finish-reason.ts";
import type { ChatMessage } from "../llm/model-adapter.ts";
import type { CallProgress } from "../llm/model-client.ts";
import type { RunEvent, TraceEntry } from "../moa/run-record.ts";
import type { Services } from "../services.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import type { OfferedModel } from "./offered-models.ts";
import type { ChatRequest } from "./read-request.ts";

/** What an answer needs, and where it is told as it comes. */
export interface Answering {
  user: { id: string };
  services: Pick<Services, "llm" | "processor" | "moa">;
  config: Pick<Config, "moa" | "llm" | "modelProvider">;
  /** Pays all calls. */
  account: Account;
  signal: AbortSignal;
  status: StatusEmitter;
  /** Undefined: nobody reads the answer before it is whole. */
  onAnswer?: ((progress: CallProgress) => void) | undefined;
  /** What is thought on the way to the answer. */
  onThought?: ((text: string) => void) | undefined;
}

/** A whole answer. */
export interface Answer {
  text: string;
  finishReason: "stop" | "length" | "content_filter";
  /** What is told besides, such as the run's id. */
  more: Record<string, unknown>;
}

/** Characters of a proposal that the reasoning shows in brief. */
const BRIEF = 280;

/** Answers as the model that was asked for. @throws ToolError as the services do */
export function answerChat(model: OfferedModel, request: ChatRequest, answering: Answering): Promise<Answer> {
  if (model.tool === "mixture_of_agents") return mix(model.preset, request, answering);
  return model.preset.task === undefined
    ? chat(model.preset, request, answering)
    : process(model.preset, request, answering);
}

/** One call of the model for Open-WebUI's own tasks. @throws ToolError as the model client does */
export async function answerTask(request: ChatRequest, { services, config, ...answering }: Answering): Promise<Answer> {
  const { text, finish_reason, model } = await services.llm.complete(
    {
      messages: messagesOf(request),
      model: config.modelProvider.taskModel,
      maxTokens: request.maxTokens,
      temperature: request.temperature,
    },
    { signal: answering.signal, account: answering.account, onProgress: answering.onAnswer },
  );
  return { text, finishReason: finished(finish_reason), more: { model } };
}

type Preset<Tool extends OfferedModel["tool"]> = Extract<OfferedModel, { tool: Tool }>["preset"];

async function mix(preset: Preset<"mixture_of_agents">, request: ChatRequest, answering: Answering): Promise<Answer> {
  const { user, services, signal, status, account, config } = answering;
  const { system, turns, query, schema } = request;
  const { numLayers, agentsPerLayer } = preset;
  const earlier: ChatMessage[] = [...(system === "" ? [] : [{ role: "system" as const, content: system }]), ...turns];
  const { reasoning } = config.modelProvider;
  const onThought = reasoning === "off" ? undefined : answering.onThought;
  const result = await services.moa.run(
    user,
    {
      ...{ query, earlier, preset, numLayers, agentsPerLayer },
      ...{ maxTokens: request.maxTokens, temperature: request.temperature, seed: request.seed },
    },
    {
      signal,
      account,
      status,
      onAnswer: schema ? undefined : answering.onAnswer,
      onEvent: onThought && ((event) => tellProposal(event, onThought, reasoning === "full")),
    },
  );
  const { answer, run_id, timeline, seed, degraded, warnings, trace } = result;
  const more = { run_id, timeline, seed, degraded, ...(warnings.length > 0 && { warnings }) };
  if (schema) {
    status.progress("Writing the answer as JSON");
    const task =
      "Give this answer as JSON, with all that the schema asks for and nothing that the answer does not say.";
    const asked = { input: answer, task, outputSchema: schema, model: trace.at(-1)?.model };
    const { data } = await services.processor.process(user, asked, { signal, account });
    status.emit("Process complete", "complete", true, { progress: 100 });
    return { text: JSON.stringify(data), finishReason: "stop", more };
  }
  status.emit("Process complete", "complete", true, { progress: 100 });
  const isCut = trace.findLast(({ role, status }) => role === "aggregator" && status === "ok")?.truncated === true;
  return { text: answer, finishReason: isCut ? "length" : "stop", more };
}

function tellProposal(event: RunEvent, onThought: (text: string) => void, isFull: boolean): void {
  if (event.type !== "call_ended" || event.entry.role !== "agent") return;
  const { entry } = event;
  const text = entry.text?.trim() ?? "";
  if (text === "" || (entry.status !== "ok" && entry.status !== "partial")) return;
  const shown = isFull || text.length <= BRIEF ? text : `${text.slice(0, BRIEF).toWellFormed()} …`;
  onThought(`${headingOf(entry)}\n\n${isFull ? shown : shown.replace(/\s+/g, " ")}\n\n`);
}

function headingOf({ layer, model, ms }: TraceEntry): string {
  return `**Layer ${layer} · ${model} · ${(ms / 1000).toFixed(1)} s**`;
}

async function chat(preset: Preset<"llm_processor">, request: ChatRequest, answering: Answering): Promise<Answer> {
  const { services, signal, account, status, config, onAnswer } = answering;
  const { llm } = services;
  const maxTokens = request.maxTokens ?? preset.maxTokens ?? config.llm.maxTokens;
  const asked = {
    messages: messagesOf(request, preset.systemPrompt ?? config.llm.systemPrompt),
    model: preset.modelId,
    maxTokens,
    temperature: request.temperature ?? preset.temperature ?? config.llm.temperature,
  };
  const { name } = await (preset.modelId === undefined
    ? llm.resolveDefault(signal)
    : llm.resolve(preset.modelId, { signal }));
  status.progress(`Asking ${name}`, 5, { active_model: name });
  if (request.schema) {
    const [{ compileSchema }, { structuredAnswer }] = await Promise.all([
      import("../llm/check-schema.ts"),
      import("../llm/structured-answer.ts"),
    ]);
    const wanted = `Answer with one JSON value that satisfies this JSON Schema, and nothing else:\n${JSON.stringify(request.schema)}`;
    const { value, completion } = await structuredAnswer((each) => llm.complete(each, { signal, account, status }), {
      ...asked,
      messages: asked.messages.with(-1, { role: "user", content: `${request.query}\n\n${wanted}` }),
      schema: request.schema,
      check: await compileSchema(request.schema),
      fallbackModels: llm.defaults.fallbackModels,
      moreTokens: request.maxTokens === undefined ? 2 * maxTokens : maxTokens,
    });
    status.success(`Answered by ${completion.model}`, { active_model: completion.model });
    return { text: JSON.stringify(value), finishReason: "stop", more: { model: completion.model } };
  }
  const { text, finish_reason, model, warnings } = await llm.complete(
    { ...asked, seed: request.seed },
    { signal, account, status, onProgress: onAnswer },
  );
  status.success(`Answered by ${model}`, { active_model: model });
  return {
    text,
    finishReason: finished(finish_reason),
    more: { model, ...(warnings.length > 0 && { warnings }) },
  };
}

async function process(preset: Preset<"llm_processor">, request: ChatRequest, answering: Answering): Promise<Answer> {
  const { user, services, signal, account, status, config } = answering;
  const own = preset.systemPrompt ?? config.llm.systemPrompt;
  const { data, format, model, truncated, warnings } = await services.processor.process(
    user,
    {
      input: request.query,
      task: preset.task,
      model: preset.modelId,
      systemPrompt: [own, request.system].filter((text) => text !== "").join("\n\n"),
      maxTokens: request.maxTokens ?? preset.maxTokens,
      temperature: request.temperature ?? preset.temperature,
      outputSchema: request.schema,
    },
    { signal, account, status },
  );
  status.success(`Processed with ${model}`, { active_model: model });
  return {
    text: format === "text" ? String(data) : JSON.stringify(data, null, request.schema ? undefined : 2),
    finishReason: truncated ? "length" : "stop",
    more: { model, ...(warnings.length > 0 && { warnings }) },
  };
}

/** The conversation with its system prompts as one: `own` first. */
function messagesOf({ system, turns, query }: ChatRequest, own = ""): ChatMessage[] {
  const prompt = [own, system].filter((text) => text !== "").join("\n\n");
  return [
    ...(prompt === "" ? [] : [{ role: "system" as const, content: prompt }]),
    ...turns,
    { role: "user", content: query },
  ];
}

function finished(reason: FinishReason): Answer["finishReason"] {
  return reason === "stop" || reason === "content_filter" ? reason : "length";
}
