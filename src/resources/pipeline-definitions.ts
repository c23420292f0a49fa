import { defineResource } from "./define-resource.ts";

const URI = "pipeline://definitions";

export default defineResource({
  uri: URI,
  name: "pipelines",
  title: "The configured pipelines",
  description:
    "The pipelines that run_pipeline takes by name: version, description, parameters, formats and steps, as they are configured.",
  uses: ["pipelines"],
  match: (uri) => (uri.toLowerCase() === URI ? "" : undefined),
  read: async (_id, { services: { pipelines } }) => ({ pipelines: pipelines.describe() }),
  // The configuration stays as it was at the start.
  version: async () => "",
  onChange: () => () => {},
});
