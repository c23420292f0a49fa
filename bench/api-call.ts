import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";
import { createAnswerStore } from "../src/api/answer/create-answer-store.ts";
import { type ApiRequest, createApiClient } from "../src/api/api-client.ts";
import { api } from "../src/config/api-settings.ts";
import { withFolder } from "./folder.ts";

/**
 * `api-call ours|undici item|list URL AT_ONCE`, forked: for each number of calls that the parent sends, the CPU time of one of
 * them in µs. A call of an operation whose parameters and answer are checked, or the same request with undici and `JSON.parse`.
 */
const [side, kind, base = "", atOnce = "1"] = process.argv.slice(2);
const { signal } = new AbortController();
const key = "key-of-the-bench";
const connections = 16;
const calls: Record<string, { request: ApiRequest; url: string }> = {
  item: {
    request: { api: "pets", operation: "getPet", path: { id: 1007 }, query: { expand: "owner" } },
    url: `${base}/pets/1007?expand=owner`,
  },
  list: {
    request: { api: "pets", operation: "listPets", query: { status: "available", per_page: 10, page: 2 } },
    url: `${base}/pets?status=available&per_page=10&page=2`,
  },
};
const { request: asked, url } = calls[kind as "item"]!;

if (side === "undici") {
  const dispatcher = new Agent({ connections });
  const headers = { accept: "application/json", authorization: `Bearer ${key}` };
  serve(async () => {
    const { statusCode, body } = await request(url, { dispatcher, headers });
    const data: unknown = JSON.parse(await body.text());
    if (statusCode !== 200 || data === null) throw new Error(`The request went wrong: ${statusCode}`);
  });
} else {
  await withFolder(async (folder) => {
    const openapi = join(folder, "pets.json");
    writeFileSync(openapi, JSON.stringify(document()));
    const pets = api.parse({ apiUrl: base, openapi, apiKey: key, concurrency: connections });
    const client = createApiClient({ pets }, createAnswerStore());
    const call = async () => {
      const { http_status, warnings } = await client.call({ id: "bench" }, asked, { signal });
      if (http_status !== 200 || warnings) throw new Error(`The call went wrong: ${warnings?.join(" ")}`);
    };
    await call();
    serve(call);
  });
}

function serve(once: () => Promise<void>): void {
  process.on("message", async (count: number) => {
    const before = process.cpuUsage();
    for (let call = 0; call < count; call += Number(atOnce)) {
      await Promise.all(Array.from({ length: Number(atOnce) }, once));
    }
    const { user, system } = process.cpuUsage(before);
    process.send?.((user + system) / count);
  });
  process.on("disconnect", () => process.exit(0));
}

function document(): object {
  const text = { type: "string" };
  const pet = {
    type: "object",
    required: ["id", "name", "status"],
    properties: {
      id: { type: "integer" },
      name: text,
      status: { enum: ["available", "pending", "sold"] },
      born: { type: "string", format: "date-time" },
      weight: { type: ["number", "null"], minimum: 0 },
      tags: { type: "array", items: text },
      photos: { type: "array", items: { type: "string", format: "uri" } },
      owner: { $ref: "#/components/schemas/Owner" },
    },
  };
  const owner = { type: "object", required: ["name"], properties: { name: text, city: text, phone: text } };
  const parameter = (name: string, schema: object) => ({ name, in: "query", schema });
  const answer = (schema: object) => ({
    200: { description: "What was asked for.", content: { "application/json": { schema } } },
  });
  const ref = { $ref: "#/components/schemas/Pet" };
  const get = (operationId: string, schema: object, parameters: object[]) => ({
    get: { operationId, parameters, responses: answer(schema) },
  });
  return {
    openapi: "3.1.0",
    info: { title: "Pets", version: "1" },
    paths: {
      "/pets": get("listPets", { type: "array", items: ref }, [
        parameter("status", { enum: ["available", "pending", "sold"] }),
        parameter("per_page", { type: "integer", minimum: 1, maximum: 100, default: 30 }),
        parameter("page", { type: "integer", minimum: 1, default: 1 }),
      ]),
      "/pets/{id}": get("getPet", ref, [
        { name: "id", in: "path", required: true, schema: { type: "integer" } },
        parameter("expand", { enum: ["owner", "photos"] }),
        parameter("fields", { type: "array", items: text }),
      ]),
    },
    components: { securitySchemes: { key: { type: "http", scheme: "bearer" } }, schemas: { Pet: pet, Owner: owner } },
    security: [{ key: [] }],
  };
}
