import type { AdapterReply, AdapterRequest, Delta, Provider } from "../model-adapter.ts";
import { ModelError } from "../model-error.ts";
import { readingPieces } from "./event-stream.ts";
import { type AnswerEnd, type HttpConnection, tooLarge } from "./http-connection.ts";
import type { HttpAnswer, Json } from "./read-failure.ts";
import { readReply, replyOf } from "./read-reply.ts";

/** No completion has more characters of text and reasoning; more is a fault or an attack. */
const MAX_LENGTH = 8 * 1024 * 1024;

/** Puts the pieces of a streamed answer together into what would have come in one piece. */
export interface CompletionCollector {
  /** Takes in text of the stream, cut anywhere. */
  add(text: string): void;
  /** What came, as a completion of OpenAI's: `choices` is empty where no answer has begun, `error` set where the stream said so. */
  completion(): Json;
  readonly end: AnswerEnd;
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
  let length = 0;
  const take = (delta: Delta): void => {
    length += (delta.text?.length ?? 0) + (delta.reasoning?.length ?? 0);
    if (length > MAX_LENGTH) throw tooLarge(provider.name);
    onDelta?.(delta);
  };
  const collector = stream ? wire.collect(take) : undefined;
  const onText = collector && ((text: string) => readingPieces(provider.name, () => addTo(collector, text)));
  const answer = await http.send({ method: "POST", path, body, signal, onText, ...(headers && { headers }) });
  if (!answer.streamed || !collector) return readWhole(http, provider.name, model, answer, wire);
  const completion = readingPieces(provider.name, () => collector.completion());
  if (completion.error !== undefined && completion.error !== null) {
    const told = { ...answer, body: http.redact(JSON.stringify(completion)) };
    return readReply(provider.name, model, told, wire);
  }
  const choice: unknown = (completion.choices as unknown[] | undefined)?.[0];
  if (choice !== undefined && collector.end === "none") {
    throw new ModelError("unreachable", `Provider "${provider.name}" broke off in the middle of the answer.`, {
      hint: `Try again; if it stays, look at what ends the connections to provider "${provider.name}".`,
    });
  }
  return replyOf(provider.name, model, answer, completion);
}

function addTo(collector: CompletionCollector, text: string): AnswerEnd {
  collector.add(text);
  return collector.end;
}

/** An answer may say what the provider was told; an error must not, and is read again without it. */
function readWhole(
  http: HttpConnection,
  provider: string,
  model: string,
  answer: HttpAnswer,
  wire: Wire,
): AdapterReply {
  try {
    return readReply(provider, model, answer, wire);
  } catch (error) {
    const body = http.redact(answer.body);
    if (body === answer.body) throw error;
    return readReply(provider, model, { ...answer, body }, wire);
  }
}
