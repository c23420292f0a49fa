import type { StatusSink } from "../status/status-event.ts";

/** Who asks, and what Open-WebUI says of the request. */
export interface ModelRequestContext {
  user: { id: string };
  /** Fires when the client goes away. */
  signal: AbortSignal;
  /** Why the caller's scopes do not allow a tool, with the value of `WWW-Authenticate`; undefined where they do. */
  refuseTool?:
    | ((tool: string) => { status: number; message: string; challenge?: string | undefined } | undefined)
    | undefined;
  /** Where the last status goes that the stream cannot carry any more, because its reader is gone. */
  lastStatus?: StatusSink | undefined;
}

/** The mixture and the presets as models, in OpenAI's protocol. */
export interface ModelProvider {
  /** Answers a request below `/v1`, of a caller that is known already. */
  fetch(request: Request, context: ModelRequestContext): Promise<Response>;
}
