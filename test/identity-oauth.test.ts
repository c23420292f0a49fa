import type { OAuthClientProvider } from "@modelcontextprotocol/client";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect, it } from "vitest";
import { startAuthorizationServer } from "./fixtures/authorization-server.ts";
import { whenDone } from "./fixtures/cleanup.ts";
import { startHttpServer } from "./fixtures/spawn.ts";

/** A client's memory, and a person at the browser who agrees to everything at once. */
function createProvider() {
  const kept: {
    discovery?: unknown;
    client?: unknown;
    tokens?: unknown;
    verifier?: string;
    code?: string;
    scope?: string | null;
  } = {};
  const provider = {
    redirectUrl: "http://127.0.0.1:1/callback",
    clientMetadata: {
      client_name: "test",
      redirect_uris: ["http://127.0.0.1:1/callback"],
      token_endpoint_auth_method: "none",
    },
    discoveryState: () => kept.discovery,
    saveDiscoveryState(discovery: unknown) {
      kept.discovery = discovery;
    },
    clientInformation: () => kept.client,
    saveClientInformation(client: unknown) {
      kept.client = client;
    },
    tokens: () => kept.tokens,
    saveTokens(tokens: unknown) {
      kept.tokens = tokens;
    },
    saveCodeVerifier(verifier: string) {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier ?? "",
    async redirectToAuthorization(url: URL) {
      kept.scope = url.searchParams.get("scope");
      const { headers } = await fetch(url, { redirect: "manual" });
      kept.code = new URL(headers.get("location") ?? "").searchParams.get("code") ?? "";
    },
  };
  return { kept, provider: provider as unknown as OAuthClientProvider };
}

const info = { name: "test", version: "0" };

it.each([
  [
    "2026-07-28",
    "localhost",
    (url: URL, authProvider: OAuthClientProvider) => new ModernHttp(url, { authProvider }),
    () => new ModernClient(info),
  ],
  [
    "the 2025 era",
    "127.0.0.1",
    (url: URL, authProvider: OAuthClientProvider) => new LegacyHttp(url, { authProvider: authProvider as never }),
    () => new LegacyClient(info),
  ],
])(
  "a client of %s on %s finds the authorization server by itself, and calls with a token that is made for this server",
  async (_era, host, createTransport, createClient) => {
    const issuer = await startAuthorizationServer({ subject: "ana" });
    const users = { ana: [{ issuer: issuer.issuer, subject: "ana" }] };
    const oauth = { issuer: issuer.issuer, requiredScopes: ["mcp"] };
    const toolScopes = { memory_add: ["write"] };
    const server = await startHttpServer({ config: { auth: { mode: "oauth", users, oauth, toolScopes } } });
    const url = new URL("/mcp", server.url.replace("127.0.0.1", host));
    const { kept, provider } = createProvider();

    const first = createTransport(url, provider);
    await expect(createClient().connect(first as never)).rejects.toThrow(/unauthorized/i);
    expect(kept.scope).toBe("mcp");
    await first.finishAuth(kept.code ?? "");
    expect(issuer.granted).toMatchObject([{ aud: url.href, scope: "mcp" }]);

    const second = createTransport(url, provider);
    const client = createClient();
    whenDone(() => client.close());
    await client.connect(second as never);
    const { content } = await client.callTool({ name: "memory_list", arguments: {} });
    expect((content as { text: string }[])[0]?.text).toContain('"success"');

    // A tool that needs more sends the client to ask for it, which it does by itself.
    await expect(client.callTool({ name: "memory_add", arguments: { content: "Tea" } })).rejects.toThrow();
    expect(kept.scope).toBe("mcp write");
    await second.finishAuth(kept.code ?? "");
    const added = await client.callTool({ name: "memory_add", arguments: { content: "Tea" } });
    expect((added.content as { text: string }[])[0]?.text).toContain('"success"');
  },
  30_000,
);
