import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { send, submit } from "./fixtures/pages.ts";
import { type RunningProcess, serverCommand, startHttpServer, startProcess, waitForOutput } from "./fixtures/spawn.ts";

const KEYS = { ana: "key-of-ana-0123456789", proxy: "key-of-the-proxy-0123456789" };
const FIELDS = { fields: [{ name: "name", label: "Your name", required: true }] };

const mcp = {
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "collect_input", arguments: FIELDS },
};

/** Asks by a client that shows nothing by itself; gives what the model is told. */
async function ask({ url }: { url: string }, headers: Record<string, string>, args: object = FIELDS) {
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream", ...headers },
    body: JSON.stringify({ ...mcp, params: { ...mcp.params, arguments: args } }),
  });
  const text = await response.text();
  const message = JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text);
  return JSON.parse(message.result.content[0].text) as Record<string, string>;
}

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

/** The ports that a process listens on (Linux). */
function portsOf(pid: number): number[] {
  const fds = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const sockets = new Set(fds.map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]));
  const lines = ["tcp", "tcp6"].flatMap((family) => readFileSync(`/proc/net/${family}`, "utf8").split("\n").slice(1));
  const listening = lines.map((line) => line.trim().split(/\s+/)).filter((parts) => parts[3] === "0A");
  const own = listening.filter((parts) => sockets.has(parts[9]));
  return own.map((parts) => Number.parseInt(parts[1]?.split(":")[1] ?? "", 16));
}

describe("over HTTP", () => {
  it("pages are the server's own, and answer the call that asked", async () => {
    const server = await startHttpServer({ config: { auth: { apiKeys: [{ key: KEYS.ana, user: "ana" }] } } });
    const asked = await ask(server, bearer(KEYS.ana));
    expect(asked.url).toMatch(new RegExp(`^${server.url}/interact/[\\w-]{22}\\.[\\w-]{43}$`));
    const later = ask(server, bearer(KEYS.ana), { resume_token: asked.resume_token });
    expect(await submit(asked.url!, { f0: "Zoë" }, { Origin: server.url })).toMatchObject({ status: 303 });
    expect(await later).toMatchObject({ status: "success", data: { name: "Zoë" } });
    for (const path of ["", "/", "/x"]) {
      const answer = await send(`${server.url}/interact${path}`);
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });

  it("pages are where the configuration says that browsers are, whose forms are taken", async () => {
    const http = { host: "0.0.0.0", publicUrl: "https://patchbay.example.com:8443/base/" };
    const auth = { apiKeys: [{ key: KEYS.ana, user: "ana" }] };
    const server = await startHttpServer({ config: { http, auth } });
    const { url = "" } = await ask(server, bearer(KEYS.ana));
    const [, path] = /^https:\/\/patchbay\.example\.com:8443\/base(\/interact\/.+)$/.exec(url) ?? [];
    // As a proxy does that has taken the TLS and the first part of the path away.
    const Host = "patchbay.example.com:8443";
    const inside = `${server.url}${path}`;
    expect(await send(inside, { headers: { Host } })).toMatchObject({
      status: 200,
      text: expect.stringContaining(Host),
    });
    expect(await submit(inside, { f0: "x" }, { Host, Origin: "https://evil.example" })).toMatchObject({ status: 403 });
    expect(await submit(inside, { f0: "x" }, { Host, Origin: `https://${Host}` })).toMatchObject({ status: 303 });
    expect(await send(inside, { headers: { Host: "evil.example" } })).toMatchObject({ status: 403 });
  });

  it("there are none where it is not known how browsers come", async () => {
    const config = { http: { host: "0.0.0.0" }, auth: { apiKeys: [{ key: KEYS.ana, user: "ana" }] } };
    const server = await startHttpServer({ config });
    const asked = await ask(server, bearer(KEYS.ana));
    expect(asked).toMatchObject({ status: "needs_input", resume_token: expect.any(String) });
    expect(asked).not.toHaveProperty("url");
    await expect.poll(server.stdout, { timeout: 15_000 }).toContain("http.publicUrl");
  });

  it("a browser that a proxy vouches for has the pages of its user only", async () => {
    const auth = {
      mode: "trusted-header",
      apiKeys: [{ key: KEYS.proxy }],
      trustedHeader: { header: "X-User", proxies: ["127.0.0.1/32"] },
    };
    const server = await startHttpServer({ config: { auth } });
    const as = (user: string) => ({ ...bearer(KEYS.proxy), "X-User": user });
    const { url = "" } = await ask(server, as("ana"));
    expect(await send(url, { headers: as("ben") })).toMatchObject({
      status: 403,
      text: expect.not.stringContaining("Your name"),
    });
    const own = await send(url, { headers: as("ana") });
    expect(own.status).toBe(200);
    // Headers that prove nothing are no proof of anybody else either.
    expect(await send(url, { headers: { "X-User": "ben" } })).toMatchObject({ status: 200 });
    const token = /name="token" value="([^"]+)"/.exec(own.text)?.[1] ?? "";
    expect(await submit(url, { token, f0: "x" }, as("ben"))).toMatchObject({ status: 403 });
    expect(await submit(url, { token, f0: "x" }, as("ana"))).toMatchObject({ status: 303 });
  });
});

describe("over stdio", () => {
  const initialize = {
    ...{ jsonrpc: "2.0", id: 0, method: "initialize" },
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "0" } },
  };
  const write = (server: RunningProcess, ...messages: object[]) =>
    server.process.stdin?.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));

  it("nothing listens before a page is asked for, and nothing after the end, even for a browser that stays", async () => {
    const server = startProcess(serverCommand({ built: true }));
    const { pid = 0 } = server.process;
    const notice = { ...mcp, id: 1, params: { name: "display_result", arguments: { message: "hello" } } };
    write(server, initialize, { jsonrpc: "2.0", method: "notifications/initialized" }, notice);
    await waitForOutput(server, /"id":1\b/, 15_000);
    expect(portsOf(pid)).toEqual([]);
    write(server, { ...mcp, id: 2 });
    await waitForOutput(server, /"id":2\b/, 15_000);
    const [, url = ""] = /(http:\/\/127\.0\.0\.1:\d+\/interact\/[\w.-]+)/.exec(server.stdout()) ?? [];
    const { port, pathname, host } = new URL(url);
    expect(portsOf(pid)).toEqual([Number(port)]);
    const staying = connect(Number(port), "127.0.0.1");
    staying.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const [answer] = await once(staying, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
    const [token = ""] = /"resume_token\\*":\\*"([^"\\]+)/.exec(server.stdout())?.slice(1) ?? [];
    expect(await submit(url, { f0: "Zoë" })).toMatchObject({ status: 303 });
    write(server, { ...mcp, id: 3, params: { name: "collect_input", arguments: { resume_token: token } } });
    await waitForOutput(server, /"id":3\b/, 15_000);
    expect(server.stdout()).toContain("Zoë");
    const gone = Promise.all([once(staying, "close"), once(server.process, "close")]);
    server.process.stdin?.end();
    await gone;
    expect(server.process.exitCode).toBe(0);
    expect(server.stderr()).toBe("");
    await expect(send(url)).rejects.toThrow("ECONNREFUSED");
  });

  it("a page stays unseen by a client that is told of none", async () => {
    const server = startProcess(serverCommand({ config: { interaction: { form: "chat" } } }));
    write(server, initialize, { jsonrpc: "2.0", method: "notifications/initialized" }, { ...mcp, id: 2 });
    await waitForOutput(server, /"id":2\b/, 15_000);
    expect(server.stdout()).not.toContain("/interact/");
    expect(portsOf(server.process.pid ?? 0)).toEqual([]);
    server.process.stdin?.end();
    await once(server.process, "close");
  });
});
