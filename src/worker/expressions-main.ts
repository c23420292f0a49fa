import { serveTasks } from "./serve-tasks.ts";

// Expressions that users write, each loaded with the first one of its kind.
serveTasks({
  jmespath: async () => (await import("./jmespath-task.ts")).runJmespath,
  jsonata: async () => (await import("./jsonata-task.ts")).runJsonata,
});
