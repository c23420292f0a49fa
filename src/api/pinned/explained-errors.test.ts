import { expect, it } from "vitest";
import { failure, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { PinnedOperation } from "./pinned-operations.ts";

it.each([
  ["application/octet-stream", "no base64!", "is no base64"],
  ["text/plain", "half \ud800", "holds half a surrogate pair"],
])("a body of %s that is wrong is named as the tool's argument", async (type, body, message) => {
  const operation = { operationId: "run", requestBody: { required: true, content: { [type]: {} } } };
  const { client, requests } = await openDocumented(minimalDocument({ "/run": { post: operation } }));
  const [tool] = await client.pinned("x", [{ name: "x_run", api: "x", operation: "run" }]);
  const { toRequest, explain } = tool as PinnedOperation;
  const error = await failure(client.call({ id: "ana" }, toRequest({ body }), { signal: AbortSignal.timeout(5000) }));
  expect(explain(error)).toMatchObject({ code: "invalid_input", issues: [{ path: "body", message }] });
  expect(requests).toEqual([]);
});
