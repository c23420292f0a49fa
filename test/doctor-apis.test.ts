import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/connect.ts";
import { startHttpServer as startApi, unusedPort } from "./fixtures/http-server.ts";
import { runProcess, serverCommand, startHttpServer, waitForOutput } from "./fixtures/spawn.ts";

const SHOP = resolve("test/fixtures/shop.openapi.yaml");

const doctor = (config: Record<string, unknown>) => runProcess(serverCommand({ config, args: ["doctor"] }));

describe("patchbay-mcp doctor", () => {
  it("counts and lists the tools that operations are, with why one cannot be used", async () => {
    const api = await startApi();
    const { code, stdout } = await doctor({
      apis: { shop: { apiUrl: api.url, openapi: SHOP, tools: ["getItem", "getItm", "listItems"] } },
      tools: { disabled: ["shop_list_items"] },
    });
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(/^ok {5}tool shop_get_item: getItem of API shop$/m);
    expect(stdout).toMatch(/^BROKEN tool shop_get_itm \(apis\.shop\.tools\.1\): .*"getItm"\.\n {9}Closest: getItem/m);
    expect(stdout).toMatch(/^13 of 17 tools can be used\.$/m);
    expect(stdout).toMatch(/^ {2}shop_get_itm: API "shop" has no operation "getItm"\.$/m);
    expect(stdout).toMatch(/^ {2}shop_list_items: switched off by tools\.disabled$/m);
    // A tool that is broken is no matter of the others.
    expect(stdout).not.toMatch(/^ {2}(api_search|api_describe|call_api|shop_get_item): /m);
  });

  it("knows what works of an API whose host is down", async () => {
    const gone = { apiUrl: `http://127.0.0.1:${await unusedPort()}`, openapi: SHOP, tools: ["getItem"] };
    const { code, stdout } = await doctor({ apis: { gone } });
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(/^BROKEN API gone: .*nothing listens there/m);
    expect(stdout).toMatch(/^ {2}call_api: .*nothing listens there/m);
    expect(stdout).toMatch(/^ {2}gone_get_item: .*nothing listens there/m);
    expect(stdout).not.toMatch(/^ {2}(api_search|api_describe): /m);
  });

  it("names tools that can be used in part with the API that they cannot be used with", async () => {
    const api = await startApi();
    const gone = { apiUrl: `http://127.0.0.1:${await unusedPort()}`, openapi: SHOP };
    const unread = { apiUrl: api.url, openapi: "/nowhere/api.yaml" };
    const { stdout } = await doctor({ apis: { there: { apiUrl: api.url }, gone, unread } });
    expect(stdout).toMatch(/^ {2}call_api: can be used, but not with API gone, API unread$/m);
    expect(stdout).toMatch(/^ {2}api_search: can be used, but not with API unread$/m);
  });

  it("is not content with rules that fit nothing", async () => {
    const api = await startApi();
    const shop = { apiUrl: api.url, openapi: SHOP, confirm: ["DELETE /item/*"], allow: ["GET /itmes", "GET /items"] };
    const { code, stdout } = await doctor({ apis: { shop } });
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(/^ok {5}API shop: /m);
    expect(stdout).toMatch(/^BROKEN apis\.shop\.allow: "GET \/itmes" fits no operation.*\n {9}Closest: GET \/items\./m);
    expect(stdout).toMatch(/^BROKEN apis\.shop\.confirm: "DELETE \/item\/\*" fits no operation/m);
  });

  it("names users with credentials that nobody is", async () => {
    const api = await startApi();
    const users = { ana: { apiKey: "key-of-ana-1" }, anna: { apiKey: "key-of-anna" } };
    const auth = { apiKeys: [{ key: "bearer-of-anna-1", user: "anna" }] };
    const own = { apiUrl: api.url, users, requireUserCredentials: true };
    const known = await doctor({ auth, apis: { own } });
    expect(known.code, known.stdout).toBe(0);
    expect(known.stdout).toMatch(
      /^warn {3}apis\.own\.users\.ana: no user is called "ana" here: known are local and anna\.\n {9}Did you mean "anna"\?/m,
    );
    const nobody = await doctor({ auth, apis: { own: { ...own, users: { ana: users.ana } } } });
    expect(nobody.code, nobody.stdout).toBe(1);
    expect(nobody.stdout).toMatch(/^BROKEN apis\.own\.users: .*nobody that is known may call/m);
    // Over stdio --user names whoever it is.
    const alone = await doctor({ apis: { own: { ...own, users: { ana: users.ana, local: users.anna } } } });
    expect(alone.code, alone.stdout).toBe(0);
  });

  it("shows the path of a document as it is configured, which no model gets to see", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "conf"));
    const file = join(folder, "conf", "patchbay.yaml");
    writeFileSync(file, "apis:\n  gh: { apiUrl: http://127.0.0.1:1, openapi: ../docs/gh.yaml }\n");
    const { args, ...command } = serverCommand();
    const { code, stdout } = await runProcess({ ...command, args: [args[0]!, "doctor", "--config", file] });
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(
      /^BROKEN API gh: The OpenAPI document of API "gh" does not exist: apis\.gh\.openapi is "\.\.\/docs\/gh\.yaml", which is \/.*\/docs\/gh\.yaml\.$/m,
    );
  });
});

describe("the start page of patchbay-mcp http", () => {
  it("lists the APIs and the tools that operations are", async () => {
    const api = await startApi();
    const server = await startHttpServer({
      config: {
        apis: {
          shop: { apiUrl: api.url, openapi: SHOP, tools: ["getItem", "getItm"] },
          weather: { apiUrl: api.url, allow: ["GET /v1/*"] },
        },
      },
    });
    await waitForOutput(server, /stdio .*mcpServers/, 20_000);
    const page = server.stdout();
    expect(page).toMatch(/^ {2}on {3}shop_get_item +getItem of API shop$/m);
    expect(page).toMatch(/^ {2}off {2}shop_get_itm +API "shop" has no operation/m);
    expect(page).toMatch(
      /^APIs\n {2}shop: http:\/\/127.*, \d+ operations, .*\n {2}weather: .*, 1 operation without a document/m,
    );
  });

  it("gives clients over stdio the configuration and the data that it was started with", async () => {
    const dataDir = join(temporaryFolder(), "data of mine");
    const server = await startHttpServer({
      config: { tools: { disabled: ["memory_delete"] } },
      args: ["--data-dir", dataDir],
    });
    await waitForOutput(server, /stdio .*mcpServers/, 20_000);
    const { mcpServers } = JSON.parse(/^ {2}stdio +(\{.*\})$/m.exec(server.stdout())?.[1] ?? "{}") as {
      mcpServers: { patchbay: { command: string; args: string[] } };
    };
    const { command, args } = mcpServers.patchbay;
    const shown = await runProcess({ command, args: [...args, "config"], env: {} }, { cwd: temporaryFolder() });
    expect(shown.stdout).toContain("memory_delete");
    expect(shown.stdout).toContain(dataDir);
  });
});
