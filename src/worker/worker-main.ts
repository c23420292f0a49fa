import { serveTasks } from "./serve-tasks.ts";

// What runs in a thread of its own, one task at a time; what a task needs is loaded with the first one.
serveTasks({
  jmespath: async () => (await import("./jmespath-task.ts")).runJmespath,
});
