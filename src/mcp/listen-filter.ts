import { isObject } from "./is-object.ts";

/** What a subscription asks to be told of: changes of the list, and of these resources. */
export interface ResourceFilter {
  list: boolean;
  uris: readonly string[];
}

/** URIs that one client may be told of. */
export const MAX_URIS = 1_000;

/** Whether a message asks to be told of changes (MCP 2026-07-28, `subscriptions/listen`). */
export function isListen(message: unknown): boolean {
  return isObject(message) && message.method === "subscriptions/listen" && "id" in message;
}

/** The resources that a `subscriptions/listen`, or its acknowledgement, names; nothing where it is malformed. */
export function filterOf(message: unknown): ResourceFilter {
  const params = isObject(message) && isObject(message.params) ? message.params : {};
  const asked = isObject(params.notifications) ? params.notifications : {};
  const uris = Array.isArray(asked.resourceSubscriptions) ? asked.resourceSubscriptions : [];
  return { list: asked.resourcesListChanged === true, uris: uris.filter((uri) => typeof uri === "string") };
}
