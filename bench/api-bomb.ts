import { createAnswerStore } from "../src/api/answer/create-answer-store.ts";
import { createApiClient } from "../src/api/api-client.ts";
import { api } from "../src/config/api-settings.ts";

/** `api-bomb URL`: bytes that the RSS of this process grows by with an answer that is too large. */
const [apiUrl] = process.argv.slice(2);
const client = createApiClient({ x: api.parse({ apiUrl, allow: ["GET /*"] }) }, createAnswerStore());
const { signal } = new AbortController();
const get = (path: string) => client.call({ id: "bench" }, { api: "x", operation: `GET ${path}` }, { signal });
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
