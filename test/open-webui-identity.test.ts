import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import { JWT_SECRET, KEYS } from "./fixtures/identities.ts";
import { OPEN_WEBUI_SETUP_MS, type OpenWebUi, startOpenWebUi } from "./fixtures/open-webui.ts";
import type { ChatSocket } from "./fixtures/open-webui-chat.ts";
import type { Person } from "./fixtures/open-webui-person.ts";
import { startScriptedModel } from "./fixtures/scripted-model.ts";
import { type RunningServer, runProcess, serverCommand, startHttpServer } from "./fixtures/spawn.ts";

const dataDir = temporaryFolder();
let webUi: OpenWebUi;
let ben: Person;
let sessions: RunningServer;
const tabs: ChatSocket[] = [];

beforeAll(async () => {
  const model = await startScriptedModel();
  whenDone(() => model.close());
  webUi = await startOpenWebUi({ models: model.url, jwtSecret: JWT_SECRET });
  whenDone(() => webUi.stop());
  const start = (auth: object) => startHttpServer({ config: { dataDir, auth, openWebui: { url: webUi.url } } });
  const jwt = { mode: "open-webui-jwt", apiKeys: [{ key: KEYS.service }], openWebuiJwt: { secret: JWT_SECRET } };
  const [signed, other] = await Promise.all([
    start(jwt),
    start({ ...jwt, openWebuiJwt: { secret: `another-${JWT_SECRET}` } }),
  ]);
  sessions = await start({ mode: "open-webui-session" });
  await webUi.setToolServers(
    { id: "bearer", url: `${signed.url}/mcp`, auth: "bearer", key: KEYS.service },
    { id: "both", url: `${signed.url}/mcp`, auth: "session", headers: { "X-API-Key": KEYS.service } },
    { id: "session", url: `${sessions.url}/mcp`, auth: "session" },
    { id: "keyless", url: `${signed.url}/mcp`, auth: "none" },
    { id: "other", url: `${other.url}/mcp`, auth: "bearer", key: KEYS.service },
  );
  await webUi.grantModels("scripted");
  ben = await webUi.addUser("Ben Böhm");
  for (const person of [webUi.admin, ben]) tabs.push(await person.open());
  whenDone(() => {
    for (const tab of tabs) tab.close();
  });
}, OPEN_WEBUI_SETUP_MS);

/** What the chat of one of the two holds after the call of a tool by a connection. */
async function chat(who: "ana" | "ben", connection: string, call: string): Promise<string> {
  const tab = tabs[who === "ana" ? 0 : 1] as ChatSocket;
  const turn = await tab.ask(`CALL ${call}`, { tools: [`server:mcp:${connection}`] });
  return JSON.stringify(await turn.ended());
}

const post = (token: string) =>
  fetch(`${sessions.url}/mcp`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
  });

describe("users of Open-WebUI", () => {
  it("are themselves, by signed headers and by their sessions, whatever the connection, and nobody else", async () => {
    const roads = ["bearer", "both", "session"];
    for (const road of roads) {
      expect(await chat("ana", road, `memory_add {"content":"Ana's word by ${road}"}`)).toContain("success");
    }
    expect(await chat("ben", "bearer", `memory_add {"content":"Ben's own word"}`)).toContain("success");
    for (const road of roads) {
      const anas = await chat("ana", road, "memory_list {}");
      for (const other of roads) expect(anas).toContain(`Ana's word by ${other}`);
      expect(anas).not.toContain("Ben's own word");
      const bens = await chat("ben", road, "memory_list {}");
      expect(bens).toContain("Ben's own word");
      expect(bens).not.toContain("Ana's word");
    }
    const list = { config: { dataDir }, args: ["memory", "list", "--user", `open-webui#${ben.id}`] };
    expect((await runProcess(serverCommand(list))).stdout).toContain("Ben's own word");
  }, 120_000);

  it.each(["keyless", "other"])(
    "get no tools by a connection without the right secrets: %s",
    async (connection) => {
      expect(await chat("ana", connection, "memory_list {}")).not.toContain("Ana's word");
    },
    60_000,
  );

  it("are let in by their session for as long as Open-WebUI lets them", async () => {
    expect((await post(ben.token)).status).toBe(200);
    expect((await post(`${ben.token.slice(0, -3)}AAA`)).status).toBe(401);
    const guest = await webUi.addUser("Guest");
    const { id, name, email } = guest;
    await webUi.admin.request("POST", `/api/v1/users/${id}/update`, {
      role: "pending",
      name,
      email,
      profile_image_url: "/user.png",
    });
    expect((await post(guest.token)).status).toBe(403);
  });
});
