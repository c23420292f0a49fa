import type { Config } from "../config/config-schema.ts";
import { ToolError } from "../errors.ts";
import type { ServiceContainer } from "../services.ts";
import { apiErrorOf, errorResponse, outcomeOf, RequestError } from "./api-error.ts";
import type { ModelProvider, ModelRequestContext } from "./model-provider.ts";
import { canWork, listed, modelsOf, type OfferedModel } from "./offered-models.ts";
import { readBody } from "./read-body.ts";
import { readRequest } from "./read-request.ts";
import { type Limits, respond } from "./respond.ts";
import type { Redact } from "./visible-text.ts";

export interface ModelProviderOptions {
  config: Pick<Config, "moa" | "llm" | "modelProvider">;
  services: ServiceContainer;
  /** Bytes of a request. */
  maxBytes: number;
  /** Why a tool cannot be called by this way, whoever calls; undefined where it can. */
  whyOff(tool: OfferedModel["tool"]): ToolError | undefined;
  limits: Limits;
  redact: Redact;
  onCall?: ((call: { tool: string; user: string; ms: number; outcome: string; error?: unknown }) => void) | undefined;
}

const COMPLETIONS = "/v1/chat/completions";
const MODELS = "/v1/models";

/** The mixture and llm_processor, each with its presets, as models. */
export function createModelProvider(options: ModelProviderOptions): ModelProvider {
  const { config, services, redact } = options;
  const models = modelsOf(config);
  const created = Math.floor(Date.now() / 1000);

  async function fetch(request: Request, context: ModelRequestContext): Promise<Response> {
    const startedAt = performance.now();
    const path = new URL(request.url).pathname.replace(/\/+$/, "");
    const tell = (outcome: string, error?: unknown) =>
      options.onCall?.({
        tool: path.startsWith(`${MODELS}/`) ? MODELS : path === COMPLETIONS || path === MODELS ? path : "/v1",
        user: context.user.id,
        ms: performance.now() - startedAt,
        outcome,
        ...(error !== undefined && { error }),
      });
    try {
      if (path === COMPLETIONS) return await complete(request, context, tell);
      const response = await look(path, request, context);
      tell("success");
      return response;
    } catch (thrown) {
      const { outcome, error } = outcomeOf(thrown);
      tell(outcome, error);
      return errorResponse(apiErrorOf(thrown, redact));
    }
  }

  async function complete(
    request: Request,
    context: ModelRequestContext,
    tell: (outcome: string, error?: unknown) => void,
  ): Promise<Response> {
    if (request.method !== "POST") throw new RequestError(405, "method_not_allowed", `${COMPLETIONS} takes POST.`);
    const chat = readRequest(await readBody(request, options.maxBytes));
    const model = models.find(({ id }) => id === chat.model);
    if (!model) throw noModel(chat.model);
    const refusal = refusalOf(model, context);
    if (refusal) throw refusal;
    return respond({
      chat,
      model,
      headers: request.headers,
      context,
      config,
      services,
      redact,
      limits: options.limits,
      tell,
    });
  }

  /** Lists models: to those who may call them, those that can work. */
  async function look(path: string, request: Request, context: ModelRequestContext): Promise<Response> {
    if (path !== MODELS && !path.startsWith(`${MODELS}/`)) {
      throw new RequestError(404, "not_found", `There are ${MODELS} and ${COMPLETIONS} here, and nothing else.`);
    }
    if (request.method !== "GET") throw new RequestError(405, "method_not_allowed", `${MODELS} takes GET.`);
    const { llm } = await services.get(["llm"]);
    const isOffered = async (model: OfferedModel) =>
      !refusalOf(model, context) && (await canWork(model, config, llm, context.signal));
    if (path === MODELS) {
      const offered = await Promise.all(models.map(isOffered));
      const data = models.filter((_, index) => offered[index]).map((model) => listed(model, created));
      return Response.json({ object: "list", data });
    }
    const id = decoded(path.slice(MODELS.length + 1));
    const model = models.find((each) => each.id === id);
    if (!model || !(await isOffered(model))) throw noModel(id);
    return Response.json(listed(model, created));
  }

  function refusalOf({ id, tool }: OfferedModel, context: ModelRequestContext): Error | undefined {
    const off = options.whyOff(tool);
    if (off) return off;
    const refusal = context.refuseTool?.(tool);
    if (!refusal) return undefined;
    const message = `The model \`${id}\` is the tool ${tool}. ${refusal.message}`;
    const more = { type: "permission_error", challenge: refusal.challenge };
    return new RequestError(refusal.status, "insufficient_permissions", message, "model", more);
  }

  return { fetch };
}

function noModel(id: string): RequestError {
  const message = `The model \`${id.slice(0, 100)}\` does not exist. ${MODELS} lists those that do.`;
  return new RequestError(404, "model_not_found", message, "model");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a tool says that a human would have to be asked about, for nobody can be asked here. */
export function needsConfirmation(tool: string): ToolError {
  return new ToolError("confirmation_required", `${tool} has to be confirmed by a human, whom /v1 cannot ask.`, {
    hint: `Take ${tool} out of interaction.confirmationRequired to offer it as a model, or call it as a tool.`,
  });
}
