import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { MCPO_KEY, startMcpo } from "./fixtures/mcpo.ts";
import { OPEN_WEBUI_SETUP_MS, startOpenWebUi } from "./fixtures/open-webui.ts";
import type { ChatSocket } from "./fixtures/open-webui-chat.ts";
import { submit } from "./fixtures/pages.ts";
import { startScriptedModel } from "./fixtures/scripted-model.ts";
import { serverCommand, startHttpServer } from "./fixtures/spawn.ts";

type Json = Record<string, unknown>;

const ROADS = ["stdio", "http"] as const;
let admin: ChatSocket;

beforeAll(async () => {
  const model = await startScriptedModel();
  whenDone(() => model.close());
  const webUi = await startOpenWebUi({ models: model.url });
  whenDone(() => webUi.stop());
  const servers = await Promise.all(
    ROADS.map(async (id) => {
      const url = await startMcpo(...(await wordsFor(id)));
      return { id, url, type: "openapi", auth: "bearer", key: MCPO_KEY } as const;
    }),
  );
  await webUi.setToolServers(...servers);
  admin = await webUi.admin.open();
  whenDone(() => admin.close());
}, OPEN_WEBUI_SETUP_MS);

describe.each(ROADS)("Open-WebUI through mcpo over %s", (road) => {
  /** What the model gets for a call. */
  async function call(tool: string, args: Json = {}): Promise<Json> {
    // mcpo calls each operation so, and Open-WebUI the tool by its operation.
    const turn = await admin.ask(`CALL tool_${tool}_post ${JSON.stringify(args)}`, { tools: [`server:${road}`] });
    const { content } = await turn.ended();
    const [first = "{}"] = JSON.parse(content.replace("Tool said: ", "")) as string[];
    return JSON.parse(first) as Json;
  }

  it("gives the model the form, takes answers from the chat, and those of the page", async () => {
    const fields = [{ name: "guests", label: "Guests", type: "integer", required: true }];
    const asked = await call("collect_input", { title: "Book a table", fields });
    expect(asked).toMatchObject({
      status: "needs_input",
      url: expect.stringContaining("/interact/"),
      schema: { required: ["guests"] },
    });
    const { resume_token } = asked;
    expect(await call("collect_input", { answers: { guests: 4 }, resume_token })).toMatchObject({
      data: { guests: 4 },
    });

    const again = await call("collect_input", { fields });
    expect(await submit(String(again.url), { f0: "5" })).toMatchObject({ status: 303 });
    expect(await call("collect_input", { resume_token: again.resume_token })).toMatchObject({ data: { guests: 5 } });
  });

  it("gives the model the question, and takes yes or no", async () => {
    const asked = await call("confirm_action", { message: "Delete everything?" });
    expect(asked).toMatchObject({ status: "needs_input", question: { message: "Delete everything?" } });
    const { resume_token } = asked;
    expect(await call("confirm_action", { answer: false, resume_token })).toMatchObject({ confirmed: false });
  });

  it("does nothing that needs a confirmation before the yes, and once after it", async () => {
    const { memory } = (await call("memory_add", { content: "Ana prefers tea" })) as { memory: Json };
    const forget = { memory_id: memory.id };
    const asked = await call("memory_delete", forget);
    expect(asked).toMatchObject({ status: "needs_input", code: "confirmation_required" });
    expect(await call("memory_list")).toMatchObject({ total: 1 });
    const yes = { answer: true, resume_token: asked.resume_token };
    expect(await call("confirm_action", yes)).toMatchObject({ confirmed: true });
    expect(await call("memory_delete", forget)).toMatchObject({ status: "success" });
    expect(await call("memory_list")).toMatchObject({ total: 0 });
  });

  it("gives the model what display_result shows", async () => {
    const shown = await call("display_result", { message: "It is done", result_data: { rows: 3 } });
    expect(JSON.stringify(shown)).toContain("It is done");
    expect(JSON.stringify(shown)).toContain('"rows":3');
    const image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    expect(JSON.stringify(await call("display_result", { image, alt: "A dot" }))).toContain("Image: A dot (image/png");
  });
});

/** How mcpo is told of a server. */
async function wordsFor(road: (typeof ROADS)[number]): Promise<string[]> {
  const config = { interaction: { confirmationRequired: ["memory_delete"] } };
  if (road === "stdio") {
    const { command, args, env } = serverCommand({ built: true, config });
    return ["--env", `HOME=${env.HOME}`, "--", command, ...args];
  }
  const auth = { apiKeys: [{ key: "key-of-open-webui", user: "ana" }] };
  const server = await startHttpServer({ built: true, config: { ...config, auth } });
  const header = JSON.stringify({ Authorization: "Bearer key-of-open-webui" });
  return ["--server-type", "streamable-http", "--header", header, "--", `${server.url}/mcp`];
}
