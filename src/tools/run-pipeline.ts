import { z } from "zod";
import type { KeptRows, RunRequest, RunResult } from "../pipeline/run-request.ts";
import { effectsOfMethod } from "./api-confirmation.ts";
import { defineTool, type ResourceLink, type ToolEffect } from "./define-tool.ts";
import { asJson, asScalar } from "./loose-values.ts";

// Rows and steps pass as they are: their check, which also keeps fields such as __proto__, is the pipeline's.
const anyObject = z.unknown().meta({ type: "object" });
const objects = (error: string) => z.preprocess(asJson, z.array(anyObject, { error })).optional();
const flag = (description: string) => z.preprocess(asScalar, z.boolean()).optional().describe(description);
const object = (description: string) =>
  z.preprocess(asJson, z.record(z.string(), z.unknown())).optional().describe(description);

export default defineTool({
  name: "run_pipeline",
  title: "Run a data pipeline",
  description:
    "Checks, cleans, reshapes and enriches rows step by step, instead of doing so by hand; gives final_data, what each step did, " +
    'and reasons by input row. Steps run in order, any may repeat: {name:"validate",fields:{f:{type?,required?,unique?,enum?,min?,max?,' +
    'pattern?,format?}}|schema,mode?: stop|drop|flag|quarantine}, {name:"transform",operations:[{op,…}]}, ' +
    '{name:"enrich",lookup:{field,table|source,key?}|memory|api|llm}, {name:"format",format?,columns?}. ' +
    "Operations: pick/omit{fields:[]}, rename{fields:{old:new}}, cast{fields:{f:type},date_format?,decimal?}, " +
    "trim/normalize/lowercase/uppercase{fields?}, replace{fields,search,with}, nullify, fill/set{values}, map_values{field,values}, " +
    "compute{field,expression}, filter{expression}, round{fields,digits}, split{field,separator,into?}, extract{field,pattern,into}, " +
    "join{fields,separator,into}, flatten, nest, explode/lift{field}, dedupe{fields?}, sort{by,descending?}, limit/top{count}, " +
    "group{by,aggregates:{name:{fn,field}}}, pivot{index,column,value}, unpivot{fields}; with on_error?: fail|null|keep, when?: expression. " +
    'Expressions: price * qty > 10 and lower(country) == "de". ' +
    "Cells of csv are text: cast before you compare. All options: resource pipeline://reference.",
  effect: "read-open",
  uses: ["pipelines"],
  input: z.strictObject({
    pipeline: z
      .string()
      .optional()
      .describe("A configured pipeline (name or name@version) instead of steps; pipeline://definitions lists them."),
    parameters: object("Values of its parameters by name; in own steps $name in expressions, {{$name}} in texts."),
    data: objects('"data" must be a list of rows as objects; other input belongs in "text".').describe(
      "Rows, as objects. Give data, text or source.",
    ),
    text: z.string().optional().describe("Input as text."),
    source: z
      .string()
      .optional()
      .describe(
        'A file in a configured folder, "exports/a.csv", or the URI of a kept result (with limit{count,offset} a part of it) or API answer.',
      ),
    input_format: z.string().optional().describe("json, csv, tsv, ndjson, yaml, xml or markdown. Default: found out."),
    input_options: object(
      "encoding, delimiter, header (true, false or names), skip_lines, skip_footer, row_path, null_values [], on_bad_row (stop, skip or pad).",
    ),
    output_format: z
      .string()
      .optional()
      .describe("Format of final_data: json (default; rows), csv, tsv, ndjson, yaml, xml, markdown."),
    steps: objects('"steps" must be a list of steps, such as [{"name": "transform", "operations": []}].').describe(
      "Steps: name, enabled? (true) and options. Default: all four without options.",
    ),
    dry_run: flag("Try on 20 rows, call no service."),
    suggest: flag("Instead of a run: the steps that the data seem to need."),
    report: flag("Also a report for a person, in Markdown."),
  }),
  output: z.object({
    run_id: z.string(),
    pipeline: z.looseObject({}).optional(),
    input: z.looseObject({}),
    original: z.unknown(),
    steps: z.array(z.record(z.string(), z.unknown())),
    warnings: z.array(z.string()).optional(),
    rows: z.int(),
    final_data: z.unknown(),
    complete: z.boolean(),
    resource: z.looseObject({}).optional(),
    quarantine: z.looseObject({}).optional(),
    report: z.string().optional(),
    suggestion: z.looseObject({}).optional(),
    dry_run: z.boolean().optional(),
  }),
  links(output) {
    const { run_id: id, resource, quarantine } = output as unknown as RunResult;
    return [linkTo(`Result of run ${id}`, resource), linkTo(`Quarantine of run ${id}`, quarantine?.resource)].flat();
  },
  mayCost: (input, { services }) => services.pipelines.mostUsd(requestOf(input)),
  mayNeed: ["memory_search", "call_api", "llm_processor"],
  needs(input, { services }) {
    const isTrial = Boolean(input.dry_run || input.suggest);
    return services.pipelines.callsOf(requestOf(input)).map(({ kind, by, operation }) => {
      const effects = kind === "api" ? effectsOfOperation(operation) : EFFECTS[kind];
      return { tool: NEEDED[kind], by, effects: isTrial && kind !== "answer" ? "tried" : effects };
    });
  },
  async run(input, { user, signal, status, services }) {
    const result = await services.pipelines.run(user, requestOf(input), { signal, status });
    const ran = result.steps.filter((step) => step.status !== "skipped").length;
    status.success(result.suggestion ? `Looked at ${result.input.rows} rows` : `Pipeline finished, steps run: ${ran}`);
    const { resource, ...output } = result;
    return { ...output, ...(resource && { resource: { ...resource } }) };
  },
});

const NEEDED = { memory: "memory_search", api: "call_api", llm: "llm_processor", answer: "call_api" } as const;
const EFFECTS = { memory: ["read"], llm: ["read-open"], answer: "kept" } as const;

/** What the calls of an enrich step may do, which can be GET, HEAD and POST; an operation that is given by its id may be any of them. */
function effectsOfOperation(operation = "POST "): readonly ToolEffect[] {
  const method = /^\s*([a-z]+)\s/i.exec(operation)?.[1]?.toUpperCase();
  return method === undefined ? ["read-open", "write-open"] : effectsOfMethod(method);
}

/** The call as the pipelines take it, without the empty values that some callers send for what they leave out. */
function requestOf(input: {
  pipeline?: string | undefined;
  parameters?: Record<string, unknown> | undefined;
  data?: unknown[] | undefined;
  text?: string | undefined;
  source?: string | undefined;
  input_format?: string | undefined;
  input_options?: Record<string, unknown> | undefined;
  output_format?: string | undefined;
  steps?: unknown[] | undefined;
  dry_run?: boolean | undefined;
  suggest?: boolean | undefined;
  report?: boolean | undefined;
}): RunRequest {
  const { pipeline, data, steps, text, source } = input;
  const isNoData = data?.length === 0 && (text !== undefined || source !== undefined);
  const isNoSteps = steps?.length === 0 && pipeline !== undefined;
  return {
    pipeline,
    parameters: input.parameters,
    data: isNoData ? undefined : data,
    text,
    source,
    inputFormat: input.input_format,
    inputOptions: input.input_options,
    outputFormat: input.output_format,
    steps: isNoSteps ? undefined : steps?.map(asJson),
    dryRun: input.dry_run,
    suggest: input.suggest,
    report: input.report,
  };
}

function linkTo(name: string, kept: KeptRows | undefined): ResourceLink[] {
  return kept ? [{ uri: kept.uri, name, mimeType: kept.mime_type, size: kept.size }] : [];
}
