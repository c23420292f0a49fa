import module from "node:module";
import { serveTasks } from "../../worker/serve-tasks.ts";

// As the program's own thread does (src/main.ts); it is not inherited.
module.enableCompileCache?.();

// A run of a pipeline in a thread of its own, which can be ended whatever it does.
serveTasks({
  pipeline: async () => (await import("./pipeline-task.ts")).runPipelineTask,
});
