/** Who calls, as the transport has authenticated it. */
export interface Caller {
  /** The user's id, by which everything is kept. */
  user: string;
  /** What the credential allows, for `auth.toolScopes`. Undefined: everything. */
  scopes?: readonly string[] | undefined;
  /**
   * A bearer token of the request that is no credential of this server: where Open-WebUI passes on the session of its user, it
   * is the key to the user's chats. Never logged, never kept beyond the request, and sent to the configured Open-WebUI only.
   */
  passedToken?: string | undefined;
}

/** Why nobody is let in. */
export interface Refusal {
  status: 401 | 403 | 503;
  /** For the person who set up the client; without a secret. */
  message: string;
  /** Value of `WWW-Authenticate` (RFC 6750, RFC 9728). */
  challenge?: string | undefined;
}

/** What of a request tells who calls. */
export interface Credentials {
  headers: Headers;
  /** Address of the other end of the socket; undefined where it is gone. */
  peer: string | undefined;
}

export type Authentication = { caller: Caller } | { refusal: Refusal };

/** Tells who calls, in the way that the configuration wants. */
export interface Identity {
  authenticate(credentials: Credentials): Promise<Authentication>;
  /**
   * The refusal of a caller whose scopes do not allow a tool; undefined where they do.
   * Under OAuth it carries the challenge by which a client asks for more (RFC 6750, section 3.1).
   */
  refuseTool(caller: Caller, tool: string): Refusal | undefined;
  /** Protected resource metadata by path (RFC 9728); empty where no authorization server is configured. */
  metadata: ReadonlyMap<string, Record<string, unknown>>;
}
