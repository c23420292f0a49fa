import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from "@modelcontextprotocol/server";
import { abortError, ToolError } from "../errors.ts";
import type { ServiceContainer, Services } from "../services.ts";
import type { User } from "../tools/define-tool.ts";
import { redactJson } from "./redact-json.ts";
import type { UnderWay } from "./under-way.ts";

/** A request other than `tools/call`, and who makes it; both come from the transport. */
export interface UserRequest {
  method: string;
  user: User | undefined;
  signal: AbortSignal;
  /** The resource that it is about, where there is one. */
  uri?: string | undefined;
}

/** What answers the request may use. */
export interface AnswerContext<Uses extends keyof Services> {
  user: User;
  services: Pick<Services, Uses>;
}

/**
 * Answers a request by the domain: with the same identity check, deadline, redaction and log as a tool call.
 * @throws ProtocolError with our error as its data; of a resource that is not there, with its URI alone, as the protocol wants
 */
export type AnswerRequest = <Uses extends keyof Services, T extends object>(
  request: UserRequest,
  uses: readonly Uses[],
  work: (context: AnswerContext<Uses>) => Promise<T>,
) => Promise<T>;

export interface AnswerOptions {
  services: ServiceContainer;
  underWay: UnderWay;
  redact: (text: string) => string;
  redactOf?: ((user: string) => (text: string) => string) | undefined;
  onAnswer: (answer: { request: UserRequest; ms: number; error: ToolError | undefined }) => void;
}

export function createAnswerRequest(options: AnswerOptions): AnswerRequest {
  const { services, underWay, redactOf = () => options.redact, onAnswer } = options;
  return async (request, uses, work) => {
    const { user, signal } = request;
    const startedAt = performance.now();
    underWay.begin();
    const deadline = underWay.deadline(signal);
    const redact = (text: string) => (user ? redactOf(user.id) : options.redact)(text);
    let error: ToolError | undefined;
    try {
      if (!user) {
        throw new ToolError("unauthenticated", "User information not available", {
          hint: "Call with the credentials of a user.",
        });
      }
      const answer = async () => work({ user, services: await services.get(uses) });
      return redactJson(await deadline.race(answer()), redact) as Awaited<ReturnType<typeof work>>;
    } catch (thrown) {
      error = toError(thrown, signal);
      throw protocolError(error, request.uri, redact);
    } finally {
      underWay.release(deadline);
      underWay.end();
      onAnswer({ request, ms: performance.now() - startedAt, error });
    }
  };
}

function toError(thrown: unknown, signal: AbortSignal): ToolError {
  if (thrown instanceof ToolError) return thrown;
  if (signal.aborted) return abortError(signal);
  return new ToolError("internal", "The server failed to answer this request.", {
    hint: "This is a bug; the server's log has the details.",
    cause: thrown,
  });
}

function protocolError(error: ToolError, uri: string | undefined, redact: (text: string) => string): ProtocolError {
  const message = redact(error.message);
  if (error.code === "not_found" && uri !== undefined) return new ResourceNotFoundError(redact(uri), message);
  const code = error.code === "invalid_input" ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(code, message, redactJson(error.toResult(), redact));
}
