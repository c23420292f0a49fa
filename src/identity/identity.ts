/** Who calls, as the transport has authenticated it. */
export interface Caller {
  /** The user's id, by which everything is kept. */
  user: string;
  /** What the credential allows, for `auth.toolScopes`. Undefined: everything. */
  scopes?: readonly string[] | undefined;
  /** Whether an access token of the authorization server names the user: its client can ask that server for more scopes. */
  byAccessToken?: boolean | undefined;
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

/** The resources that this server protects: the MCP endpoint, and the models below `/v1`. */
export type ResourceName = "mcp" | "v1";

/** What of a request tells who calls. */
export interface Credentials {
  headers: Headers;
  /** Address of the other end of the socket; undefined where it is gone. */
  peer: string | undefined;
  /** What is asked for, which an access token has to be made for. Default: the MCP endpoint. */
  resource?: ResourceName | undefined;
  /**
   * Whether this is a browser at a page, which needs no credential and has none but what a proxy adds: nobody else is asked about
   * what it sends.
   */
  atPage?: boolean | undefined;
}

export type Authentication = { caller: Caller } | { refusal: Refusal };

/** Tells who calls, in the way that the configuration wants. */
export interface Identity {
  authenticate(credentials: Credentials): Promise<Authentication>;
  /**
   * The refusal of a caller whose scopes do not allow a tool; undefined where they do. It carries the challenge by which a client
   * asks for more (RFC 6750, section 3.1) where an access token named the user, and none where a key did: that is no matter of
   * HTTP then, for bridges lose the answer to a call that comes under another status than 200.
   */
  refuseTool(
    caller: Caller,
    tool: string,
    request?: Partial<Pick<Credentials, "headers" | "resource">>,
  ): Refusal | undefined;
  /** Whether no credential is asked for. */
  isOpen(): Promise<boolean>;
  /** Protected resource metadata by path (RFC 9728), as they are for a request; empty where no authorization server is configured. */
  metadata: ReadonlyMap<string, (headers: Headers) => Record<string, unknown>>;
}
