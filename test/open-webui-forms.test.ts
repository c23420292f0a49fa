import { beforeAll, describe, expect, it } from "vitest";
import { answerPage } from "./fixtures/asking-clients.ts";
import { whenDone } from "./fixtures/cleanup.ts";
import { OPEN_WEBUI_SETUP_MS, startOpenWebUi } from "./fixtures/open-webui.ts";
import type { ChatEvent, ChatSocket } from "./fixtures/open-webui-chat.ts";
import { startScriptedModel } from "./fixtures/scripted-model.ts";
import { startHttpServer } from "./fixtures/spawn.ts";

interface Dialog {
  mode: string;
  message: string;
  url?: string;
  requestedSchema?: { properties: Record<string, Record<string, unknown>>; required?: string[] };
}

let tab: ChatSocket;

beforeAll(async () => {
  const model = await startScriptedModel();
  whenDone(() => model.close());
  const webUi = await startOpenWebUi({ models: model.url });
  whenDone(() => webUi.stop());
  const server = await startHttpServer({ config: { interaction: { confirmationRequired: ["memory_add"] } } });
  await webUi.setToolServers({ id: "pb", url: `${server.url}/mcp`, auth: "none" });
  tab = await webUi.admin.open();
  whenDone(() => tab.close());
}, OPEN_WEBUI_SETUP_MS);

/** What the chat holds after a call whose dialogs are answered so, one after the other; and the dialogs. */
async function chat(call: string, ...answers: ((dialog: Dialog) => unknown)[]) {
  const dialogs: Dialog[] = [];
  tab.answerWith(({ type, data }: ChatEvent) => {
    if (type !== "request:elicitation") return undefined;
    const dialog = data as unknown as Dialog;
    dialogs.push(dialog);
    return answers[dialogs.length - 1]?.(dialog) ?? { action: "cancel" };
  });
  const turn = await tab.ask(`CALL ${call}`, { tools: ["server:mcp:pb"] });
  return { stored: JSON.stringify(await turn.ended()).replaceAll("\\", ""), dialogs };
}

const accept = (content: Record<string, unknown>) => () => ({ action: "accept", content });

describe("a dialog of Open-WebUI", () => {
  const fields = [
    { name: "zip", pattern: "[0-9]{5}", pattern_message: "five digits", required: true },
    { name: "mail", type: "email" },
    { name: "when", type: "datetime", required: true },
    { name: "sizes", type: "multiselect", options: ["s", { value: "l", label: "Large" }], max: 1 },
    { name: "code", min: 3 },
    { name: "n", type: "integer", max: 9, default: 3 },
  ];
  const call = `collect_input ${JSON.stringify({ title: "Order", fields })}`;

  it("asks again, by field, for what it does not check itself, and keeps what was right", async () => {
    const wrong = { zip: "123", mail: "ana@example", when: "tomorrow", sizes: ["l"], code: "", n: 5 };
    const right = { zip: "12345", mail: "", when: "2026-01-31 09:30", sizes: ["l"], code: "abc", n: 5 };
    const { stored, dialogs } = await chat(call, accept(wrong), accept(right));
    expect(dialogs).toHaveLength(2);
    expect(dialogs[0]?.message).toBe("Order");
    expect(dialogs[1]?.message).toContain("- zip is not right: five digits");
    expect(dialogs[1]?.message).toContain("- mail must be an e-mail address");
    expect(dialogs[1]?.message).toContain("- when must be a date and time");
    expect(dialogs[1]?.requestedSchema?.properties.sizes).toMatchObject({ type: "array", default: ["l"] });
    expect(dialogs[1]?.requestedSchema?.properties.n).toMatchObject({ default: 5, maximum: 9 });
    for (const value of ['"zip": "12345"', '"when": "2026-01-31T09:30"', '"code": "abc"', '"n": 5']) {
      expect(stored).toContain(value);
    }
  }, 60_000);

  it("tells a no, and a dialog that is closed, apart", async () => {
    expect((await chat(call, () => ({ action: "decline" }))).stored).toContain('"code":"declined"');
    expect((await chat(call, () => ({ action: "cancel" }))).stored).toContain('"code":"cancelled"');
    const no = await chat('memory_add {"content":"Ana likes rum"}', accept({ confirm: false }));
    expect(no.stored).toContain('"code":"declined"');
    const yes = await chat('memory_add {"content":"Ana likes tea"}', accept({ confirm: true }));
    expect(yes.stored).toContain('"status": "success"');
    // A default would be sent by who presses the dialog's main button, which is drawn beside a list of yes and no.
    expect(yes.dialogs[0]?.requestedSchema?.properties.confirm).not.toHaveProperty("default");
    expect(yes.dialogs[0]?.requestedSchema?.required).toEqual(["confirm"]);
  }, 60_000);

  it("leads to a page for a secret, which the chat never sees", async () => {
    const { stored, dialogs } = await chat(
      'collect_input {"title":"Sign in","fields":[{"name":"pin","type":"password","required":true}]}',
      ({ url = "" }) => {
        setTimeout(() => void answerPage(url, { f0: "hunter2-0042" }), 100);
        return { action: "accept" };
      },
    );
    expect(dialogs).toMatchObject([
      { mode: "url", message: "Sign in", url: expect.stringMatching(/^http.*\/interact\//) },
    ]);
    expect(stored).toMatch(/"pin": "secret:\/\/[0-9a-f]{32}"/);
    expect(stored).not.toContain("hunter2");
  }, 60_000);
});
