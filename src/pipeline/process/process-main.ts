import { serveTasks } from "../../worker/serve-tasks.ts";

// Runs of pipelines, which can be ended whatever they do.
serveTasks({
  pipeline: async () => (await import("./pipeline-task.ts")).runPipelineTask,
});
