import { createAnswerStore } from "../src/api/answer/create-answer-store.ts";
import { createApiClient } from "../src/api/api-client.ts";
import { api } from "../src/config/api-settings.ts";

/**
 * `api-ready DOCUMENT QUERY`: a process of its own that searches an API of this document once. Prints milliseconds from the
 * start of the process, its own start included, to the reply, and the most memory that it had (KiB).
 */
const [openapi, query = ""] = process.argv.slice(2);
const settings = api.parse({ apiUrl: "http://127.0.0.1:9", openapi });
const client = createApiClient({ one: settings }, createAnswerStore());
const { operations } = await client.search({ query, limit: 5 });
const ms = performance.now();
console.log(JSON.stringify({ ms, rssKiB: process.resourceUsage().maxRSS, first: operations[0]?.operation }));
await client.close();
