/** Who asks, and what Open-WebUI says of the request. */
export interface ModelRequestContext {
  user: { id: string };
  signal: AbortSignal;
}

/** The mixture and the presets as models, in OpenAI's protocol. */
export interface ModelProvider {
  /** Answers a request below `/v1`, of a caller that is known already. */
  fetch(request: Request, context: ModelRequestContext): Promise<Response>;
}
