import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { request } from "undici";
import { createAnswerStore } from "../src/api/answer/create-answer-store.ts";
import { createApiClient } from "../src/api/api-client.ts";
import { api } from "../src/config/api-settings.ts";
import { withFolder } from "./folder.ts";

/**
 * `node bench/api-call.ts ours|undici URL [AT_ONCE]`: CPU time of a call in µs, of an operation whose parameters and answer are
 * checked, or of the same request with undici and `JSON.parse`. `… bomb URL`: bytes that RSS grows by with a large answer.
 */
const CALLS = Number(process.env.BENCH_CALLS ?? 3000);
const WARM_UP = 3;
const [side, base = "", atOnce = "1"] = process.argv.slice(2);
const { signal } = new AbortController();
const user = { id: "bench" };

if (side === "undici") {
  await measure(async () => {
    const { body } = await request(`${base}/pets/7?limit=3`, { headers: { authorization: "Bearer key-of-the-bench" } });
    JSON.parse(await body.text());
  });
} else if (side === "bomb") await measureBomb();
else {
  await withFolder(async (folder) => {
    const openapi = join(folder, "pets.json");
    writeFileSync(openapi, JSON.stringify(document()));
    const client = createApiClient(
      { pets: api.parse({ apiUrl: base, openapi, apiKey: "key-of-the-bench" }) },
      createAnswerStore(),
    );
    const call = { api: "pets", operation: "getPet", path: { id: 7 }, query: { limit: 3 } };
    await measure(async () => {
      const { http_status, warnings } = await client.call(user, call, { signal });
      if (http_status !== 200 || warnings) throw new Error(`The call went wrong: ${warnings?.join(" ")}`);
    });
    await client.close();
  });
}
process.exit(0);

async function measure(once: () => Promise<void>): Promise<void> {
  const run = async () => {
    const before = process.cpuUsage();
    for (let call = 0; call < CALLS; call += Number(atOnce)) {
      await Promise.all(Array.from({ length: Number(atOnce) }, once));
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / CALLS;
  };
  for (let turn = 0; turn < WARM_UP; turn++) await run();
  console.log(await run());
}

async function measureBomb(): Promise<void> {
  const client = createApiClient({ x: api.parse({ apiUrl: base, allow: ["GET /*"] }) }, createAnswerStore());
  const get = (path: string) => client.call(user, { api: "x", operation: `GET ${path}` }, { signal });
  await get("/small");
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 1);
  const error: { code?: string } = await get("/bomb").then(
    () => ({}),
    (thrown) => thrown,
  );
  clearInterval(timer);
  if (error.code !== "too_large") throw new Error(`The answer was not refused: ${error.code}`);
  console.log(Math.max(most, process.memoryUsage().rss) - before);
  await client.close();
}

function document(): object {
  const pet = {
    type: "object",
    required: ["id", "name"],
    properties: {
      id: { type: "integer" },
      name: { type: "string" },
      tags: { type: "array", items: { type: "string" } },
      owner: { type: "object", properties: { name: { type: "string" }, city: { type: "string" } } },
    },
  };
  return {
    openapi: "3.1.0",
    info: { title: "Pets", version: "1" },
    paths: {
      "/pets/{id}": {
        get: {
          operationId: "getPet",
          parameters: [
            { name: "id", in: "path", required: true, schema: { type: "integer" } },
            { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 100 } },
          ],
          responses: { 200: { description: "A pet.", content: { "application/json": { schema: pet } } } },
        },
      },
    },
    components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
    security: [{ key: [] }],
  };
}
