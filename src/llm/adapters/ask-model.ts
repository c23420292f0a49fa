import type { AdapterReply, AdapterRequest, Delta, Provider } from "../model-adapter.ts";
import { ModelError } from "../model-error.ts";
import type { HttpConnection } from "./http-connection.ts";
import type { Json } from "./read-failure.ts";
import { readReply, replyOf } from "./read-reply.ts";

/** Puts the pieces of a streamed answer together into what would have come in one piece. */
export interface CompletionCollector {
  /** Takes in text of the stream, cut anywhere. */
  add(text: string): void;
  /** What came, as a completion of OpenAI's: `choices` is empty where no answer has begun, `error` set where the stream said so. */
  completion(): Json;
  /** Whether the provider said that the answer has ended. */
  readonly ended: boolean;
}

/** How the answers of a protocol are written. All are read into OpenAI's form, so that one place judges what is in them. */
export interface Wire {
  collect(onDelta?: (delta: Delta) => void): CompletionCollector;
  /** Whether a body that no header calls a stream is one. */
  isStream(body: string): boolean;
  /** An answer in one piece as a completion of OpenAI's. What is no answer stays as it is. */
  completionOf(json: Json): Json;
}

/** A request for a completion, in the words of its protocol. */
export interface Question {
  path: string;
  body: object;
  headers?: Record<string, string>;
  wire: Wire;
}

/** Sends one request for a completion and reads its answer, which may come in pieces or not. @throws ModelError */
export async function askModel(
  http: HttpConnection,
  provider: Provider,
  { model, stream }: AdapterRequest,
  { path, body, headers, wire }: Question,
  signal: AbortSignal,
  onDelta: ((delta: Delta) => void) | undefined,
): Promise<AdapterReply> {
  const collector = stream ? wire.collect(onDelta) : undefined;
  const onText = collector && ((text: string) => collector.add(text));
  const answer = await http.send({ method: "POST", path, body, signal, onText, ...(headers && { headers }) });
  if (!answer.streamed || !collector) return readReply(provider.name, model, answer, wire);
  const completion = collector.completion();
  if (completion.error !== undefined && completion.error !== null) {
    const told = { ...answer, body: http.redact(JSON.stringify(completion)) };
    return readReply(provider.name, model, told, wire);
  }
  const choice: unknown = (completion.choices as unknown[] | undefined)?.[0];
  if (choice !== undefined && !collector.ended) {
    throw new ModelError("unreachable", `Provider "${provider.name}" broke off in the middle of the answer.`);
  }
  return replyOf(provider.name, model, answer, completion);
}
