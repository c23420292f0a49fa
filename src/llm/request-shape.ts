import type { AdapterRequest, ProviderKind, ResponseFormat } from "./model-adapter.ts";
import type { ModelError } from "./model-error.ts";

/** What of a request a model may refuse, so that it has to be asked in another way. */
export interface RequestShape {
  responseFormat: ResponseFormat | undefined;
  /** Whether the format is enforced by a forced call of a tool. */
  byTool: boolean;
  maxTokensParameter: AdapterRequest["maxTokensParameter"];
  /** Whether a temperature and a seed are sent, where the call has them. */
  sampling: boolean;
  stream: boolean;
  /** Whether a stream is asked for the tokens used. */
  streamUsage: boolean;
}

/** The shapes of one call to one model. */
export interface CallShapes {
  /** What to send next. */
  next(): RequestShape;
  /** Takes in a failure; true where the next shape differs by it and is worth sending. */
  refused(failure: ModelError, sent: RequestShape): boolean;
  accepted(sent: RequestShape): void;
}

interface Known extends Omit<RequestShape, "responseFormat" | "byTool"> {
  format: Level;
}

/** What each model was found not to take, for as long as the process lives. */
export interface RequestShapes {
  /** `model` is `provider/model`, `wish` the format that the call would like best. */
  start(model: string, wish: ResponseFormat | undefined, provider: { kind: ProviderKind; stream: boolean }): CallShapes;
}

/** From the most that can be enforced to nothing. */
const LEVELS = ["json_schema", "tool", "json_object", "none"] as const;
type Level = (typeof LEVELS)[number];
/** Anthropic has no `json_object`; older models of it know schemas of tools only, and newer ones cannot be forced to call one. */
const LACKS = (kind: ProviderKind): Level => (kind === "anthropic" ? "json_object" : "tool");

/**
 * The ladder json_schema → (a tool | json_object) → the prompt alone. A model that refuses a format is not asked for it again; a refusal
 * of one schema, or one that does not say what it is about, holds for that call only, unless the call then succeeds.
 */
export function createRequestShapes(): RequestShapes {
  const models = new Map<string, Known>();
  return {
    start(model, wish, { kind, stream }) {
      const levels = LEVELS.filter((level) => level !== LACKS(kind));
      const offered = (level: Level) => levels.find((other) => lower(level, other) === other)!;
      const known = models.get(model) ?? {
        format: "json_schema",
        maxTokensParameter: "max_tokens",
        sampling: true,
        stream: true,
        streamUsage: true,
      };
      models.set(model, known);
      let own: Level = wish?.type ?? "none";
      let suspected = false;
      return {
        next() {
          const level = offered(lower(own, known.format));
          const format = level !== "json_schema" && !wantsObject(wish) ? "none" : level;
          return {
            responseFormat: format === "none" ? undefined : format === "json_object" ? { type: "json_object" } : wish,
            byTool: format === "tool",
            maxTokensParameter: known.maxTokensParameter,
            sampling: known.sampling,
            stream: stream && known.stream,
            streamUsage: known.streamUsage,
          };
        },
        refused(failure, sent) {
          if (failure.kind === "max_tokens_refused" && sent.maxTokensParameter === "max_tokens") {
            known.maxTokensParameter = "max_completion_tokens";
            return true;
          }
          if (failure.kind === "temperature_refused" && sent.sampling) {
            known.sampling = false;
            return true;
          }
          if (failure.kind === "stream_options_refused" && sent.streamUsage) {
            known.streamUsage = false;
            return true;
          }
          if (failure.kind === "stream_refused" && sent.stream) {
            known.stream = false;
            return true;
          }
          const level = levelOf(sent);
          if (level === "none") return false;
          const below = levels[levels.indexOf(level) + 1]!;
          if (failure.kind === "format_refused") known.format = lower(known.format, below);
          else if (failure.kind === "schema_refused") own = below;
          else if (failure.kind === "rejected" && isUnexplained(failure)) {
            own = below;
            suspected = true;
          } else return false;
          return true;
        },
        accepted(sent) {
          if (suspected) known.format = lower(known.format, levelOf(sent));
        },
      };
    },
  };
}

function levelOf({ responseFormat, byTool }: RequestShape): Level {
  return byTool ? "tool" : (responseFormat?.type ?? "none");
}

function lower(a: Level, b: Level): Level {
  return LEVELS[Math.max(LEVELS.indexOf(a), LEVELS.indexOf(b))]!;
}

/** Whether `json_object` and a tool, which force an object, can serve. */
function wantsObject(wish: ResponseFormat | undefined): boolean {
  if (wish?.type !== "json_schema") return true;
  return wish.schema.type === "object" || (wish.schema.type === undefined && wish.schema.properties !== undefined);
}

/** Not every server says what it does not know; these statuses mean that something in the request is it. */
function isUnexplained(failure: ModelError): boolean {
  const status = failure.details?.http_status;
  return status === 400 || status === 422;
}
