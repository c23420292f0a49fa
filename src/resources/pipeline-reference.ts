import { defineResource } from "./define-resource.ts";

const URI = "pipeline://reference";

export default defineResource({
  uri: URI,
  name: "pipeline reference",
  title: "How the steps of run_pipeline are written",
  description: "All steps, operations, functions and options of run_pipeline, with examples, on one page.",
  mimeType: "text/markdown",
  uses: ["pipelines"],
  match: (uri) => (uri.toLowerCase() === URI ? "" : undefined),
  read: (_id, { services: { pipelines } }) => pipelines.reference(),
  version: async () => "",
  onChange: () => () => {},
});
