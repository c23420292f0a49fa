import { serveTasks } from "../../worker/serve-tasks.ts";

// A run of a pipeline in a thread of its own, which can be ended whatever it does.
serveTasks({
  pipeline: async () => (await import("./pipeline-task.ts")).runPipelineTask,
});
