import { isLoopback } from "./loopback.ts";

/** The URLs by which clients reach this server. */
export interface OwnUrls {
  /** That of a request, by its Host header; the first one without a request. */
  of(headers: Headers | undefined): string;
  /** All of them. */
  all(): string[];
}

/**
 * The public URL alone, where there is one. A server on loopback has several names, each a resource of its own to a client
 * (RFC 9728, section 3.3), but one port: what listens on another is another server, whose tokens must not count here.
 */
export function createOwnUrls(publicUrl: string | undefined, listenUrl: () => string): OwnUrls {
  const all = (): string[] => {
    if (publicUrl !== undefined) return [publicUrl.replace(/\/+$/, "")];
    const { hostname, host, port } = new URL(listenUrl());
    const names = isLoopback(hostname) ? ["127.0.0.1", "localhost", "[::1]"] : [];
    return [...new Set([`http://${host}`, ...names.map((name) => new URL(`http://${name}:${port}`).origin)])];
  };
  return {
    all,
    of(headers) {
      const urls = all();
      const asked = `http://${headers?.get("host") ?? ""}`;
      const origin = URL.canParse(asked) ? new URL(asked).origin : "";
      return urls.find((url) => url === origin) ?? (urls[0] as string);
    },
  };
}
