import { describe, expect, it } from "vitest";
import { startAuthorizationServer } from "./fixtures/authorization-server.ts";
import { unusedPort } from "./fixtures/http-server.ts";
import { hash, JWT_SECRET, KEYS, startSessionServer } from "./fixtures/identities.ts";
import { runProcess, serverCommand, startHttpServer, waitForOutput } from "./fixtures/spawn.ts";

const run = (command: string, config: Record<string, unknown>) =>
  runProcess(serverCommand({ config, env: { OLLAMA_HOST: "" }, args: command.split(" ") }));
const doctor = (config: Record<string, unknown>) => run("doctor --no-probe", config);

const apiKeys = [
  { key: KEYS.ana, user: "ana" },
  { hash: hash(KEYS.ben), user: "ben" },
];
const service = { key: KEYS.service };

describe("patchbay-mcp doctor", () => {
  it("says by what users are known", async () => {
    const open = await doctor({});
    expect(open.stdout).toMatch(
      /^ok {5}auth: api-key, no credential is asked for: everybody on this machine is "local"$/m,
    );
    const keyed = await doctor({ auth: { apiKeys } });
    expect(keyed.stdout).toMatch(/^ok {5}auth: api-key: each key is a user$/m);
  });

  it("says why the server would not start", async () => {
    const { code, stdout } = await doctor({ auth: { mode: "oauth" } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^BROKEN auth: auth\.mode oauth needs auth\.oauth\.issuer\.\n +Set it to/m);
  });

  it("asks the authorization server for its keys", async () => {
    const { issuer } = await startAuthorizationServer();
    const users = {
      ana: [
        { issuer, subject: "1" },
        { issuer: "open-webui", subject: "2" },
      ],
    };
    const good = await doctor({ auth: { mode: "oauth", oauth: { issuer }, users } });
    expect(good.code, good.stdout).toBe(0);
    expect(good.stdout).toMatch(/^ok {5}auth\.oauth: http:.*, 1 key, tokens for the URL it listens on \+ \/mcp$/m);
    expect(good.stdout).toMatch(
      /^ok {5}auth\.users: auth\.mode oauth knows accounts of "http:.*"; those of "open-webui" count at a server of another/m,
    );
    const bad = await doctor({ auth: { mode: "oauth", oauth: { issuer: `${issuer}/` } } });
    expect([bad.code, bad.stdout]).toEqual([1, expect.stringMatching(/^BROKEN auth\.oauth: .*name another issuer/m)]);
  });

  it("warns of what is allowed and hardly meant", async () => {
    const open = await doctor({ http: { allowedHosts: ["localhost", "host.docker.internal"] } });
    expect([open.code, open.stdout]).toEqual([
      0,
      expect.stringMatching(/^warn {3}http\.allowedHosts: whoever .* as host\.docker\.internal, .* is "local"/m),
    ]);
    const pages = await doctor({ http: { allowedOrigins: ["https://pb.example.com"] } });
    expect(pages.stdout).toMatch(/^warn {3}http\.allowedOrigins: pages of https:.* are "local" without a credential/m);
    const keyed = await doctor({ http: { allowedHosts: ["host.docker.internal"] }, auth: { apiKeys } });
    expect(keyed.stdout).not.toMatch(/warn {3}http\.allowedHosts/);
    const { issuer } = await startAuthorizationServer();
    const oauth = { issuer, userClaim: "preferred_username" };
    const users = { ana: [{ issuer: "open-webui", subject: "2" }] };
    const elsewhere = await doctor({ auth: { mode: "oauth", oauth, users } });
    expect(elsewhere.stdout).toMatch(/^warn {3}auth\.oauth\.userClaim: users are known by preferred_username/m);
    expect(elsewhere.stdout).toMatch(/^warn {3}auth\.users: .*\n +Link accounts of "http/m);
    const clear = await doctor({ auth: { apiKeys }, openWebui: { url: "http://owui.example.com" } });
    expect(clear.stdout).toMatch(/^warn {3}status lines in Open-WebUI: http:.* has no TLS/m);
    const unknown = await doctor({ auth: { apiKeys, users: { ana: [{ issuer: "okta", subject: "2" }] } } });
    expect(unknown.stdout).toMatch(/^warn {3}auth\.users: .* those of "okta" count at .*\n +An issuer is the URL/m);
  });

  it("asks Open-WebUI whether it tells whose session a request carries", async () => {
    const { url } = await startSessionServer();
    const good = await doctor({ auth: { mode: "open-webui-session" }, openWebui: { url: `${url}/api` } });
    expect(good.stdout).toMatch(/^ok {5}auth: Open-WebUI: http:.* tells whose session a request carries$/m);
    const nobody = `http://127.0.0.1:${await unusedPort()}`;
    const bad = await doctor({ auth: { mode: "open-webui-session" }, openWebui: { url: nobody } });
    expect([bad.code, bad.stdout]).toEqual([1, expect.stringMatching(/^BROKEN auth: Open-WebUI: .*ECONNREFUSED/m)]);
  });
});

it("patchbay-mcp config shows neither keys nor hashes nor the secret", async () => {
  const auth = { mode: "open-webui-jwt", apiKeys: [...apiKeys, service], openWebuiJwt: { secret: JWT_SECRET } };
  const { code, stdout, stderr } = await run("config", { auth });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("[redacted]");
  expect(stdout).not.toMatch(/key-of|[0-9a-f]{64}|a-secret-of/);
});

it.each([
  ["api-key", { apiKeys }, "authentication Bearer with your key"],
  [
    "open-webui-jwt",
    { apiKeys: [service], openWebuiJwt: { secret: JWT_SECRET } },
    "FORWARD_USER_INFO_HEADER_JWT_SECRET=<the secret",
  ],
  ["open-webui-session", {}, "authentication Session"],
  [
    "oauth",
    { oauth: { issuer: "https://idp.example.com", jwksUri: "http://127.0.0.1:9/" } },
    "authentication OAuth 2.1",
  ],
  [
    "trusted-header",
    { apiKeys: [service], trustedHeader: { proxies: ["127.0.0.2"] } },
    "through the proxy, which sends its key and X-Forwarded-User",
  ],
])("the start page of mode %s says how Open-WebUI connects, without a secret", async (mode, more, text) => {
  const server = await startHttpServer({
    config: { auth: { mode, ...more }, openWebui: { url: "http://127.0.0.1:9" } },
  });
  await waitForOutput(server, /stdio {8}/, 20_000);
  expect(server.stdout()).toContain(text);
  expect(server.stdout()).not.toMatch(/key-of|[0-9a-f]{64}|a-secret-of/);
});
