import { defineResource } from "./define-resource.ts";

const URI = "ui://patchbay/display-result";

/** The same for everybody: what it shows comes from the client, which has the result of the call. */
export default defineResource({
  uri: URI,
  name: "display_result app",
  title: "What display_result shows",
  description: "The MCP App that draws results of display_result.",
  mimeType: "text/html;profile=mcp-app",
  // Clients find it by its tool; in the list it would only be offered to people and models as something to read (SEP-1865,
  // Resource Discovery).
  unlisted: true,
  // No csp: nothing is loaded from anywhere, and the strictest default holds.
  meta: { ui: { permissions: { clipboardWrite: {} }, prefersBorder: true } },
  uses: [],
  match: (uri) => (uri.toLowerCase() === URI ? "" : undefined),
  async read() {
    const { readApp } = await import("../apps/read-app.ts");
    return readApp("display-result");
  },
  version: async () => "",
  onChange: () => () => {},
});
