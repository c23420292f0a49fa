import { z } from "zod";
import { defineTool } from "./define-tool.ts";

// Rows pass as they are: their check, which also keeps fields such as __proto__, is the pipeline's.
const anyObject = z.unknown().meta({ type: "object" });

export default defineTool({
  name: "run_pipeline",
  title: "Run a data pipeline",
  description:
    'Validates, transforms, enriches and formats rows. Steps run in order, any may repeat: {name:"validate",schema,mode?: stop|drop|flag}, ' +
    '{name:"transform",operations:[{op,…}]}, {name:"enrich",lookup|memory|api|llm}, {name:"format",format?,columns?}. ' +
    "Operations: pick/omit{fields:[]}, rename/cast{fields:{}}, trim/lowercase/uppercase{fields?}, fill{values}, map_values{field,values}, " +
    "compute{field,expression}, filter{expression}, split{field,separator,into?}, join{fields,separator,into}, dedupe{fields?}, " +
    "sort{by,descending?}, limit{count}, group{by,aggregates:{name:{fn,field}}}, flatten. " +
    'Expressions: price * qty > 10 and lower(country) == "de".',
  effect: "read-open",
  uses: ["pipelines"],
  input: z.strictObject({
    pipeline: z.string().optional().describe("A configured pipeline, instead of steps."),
    data: z.array(anyObject).optional().describe("Rows, as objects. Give either data or text."),
    text: z.string().optional().describe("Input as text, in input_format."),
    input_format: z.string().optional().describe("Format of text: json (default), csv, tsv, ndjson, yaml, markdown."),
    output_format: z
      .string()
      .optional()
      .describe("Format of final_data: json (default; rows), csv, ndjson, yaml, markdown."),
    steps: z
      .array(anyObject)
      .optional()
      .describe("Steps: name, enabled? (true) and options. Default: all four without options."),
    dry_run: z.boolean().optional().describe("Try on 20 rows, show rows after each step, call no service."),
  }),
  output: z.object({
    run_id: z.string(),
    original: z.unknown(),
    steps: z.array(z.record(z.string(), z.unknown())),
    warnings: z.array(z.string()).optional(),
    final_data: z.unknown(),
    dry_run: z.boolean().optional(),
  }),
  async run(input, { user, signal, status, services }) {
    const result = await services.pipelines.run(
      user,
      {
        pipeline: input.pipeline,
        data: input.data,
        text: input.text,
        inputFormat: input.input_format,
        outputFormat: input.output_format,
        steps: input.steps,
        dryRun: input.dry_run,
      },
      { signal, status },
    );
    const ran = result.steps.filter((step) => step.status !== "skipped").length;
    status.success(`Pipeline finished, steps run: ${ran}`);
    return { ...result };
  },
});
