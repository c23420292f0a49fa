import { type ErrorIssue, ToolError } from "../../errors.ts";
import type { Target } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import { compileCheck, type SchemaCheck } from "../json-schema.ts";
import { boundedSchema } from "../openapi/schemas.ts";

export interface ResponseChecker {
  /**
   * Warnings where the answer differs from what the document says, which is no error unless `checkResponses` says so: documents
   * are often behind. Only JSON is checked.
   * @throws ToolError `invalid_response` where it breaks the configured `responseSchema`, or strictly the document.
   */
  check(target: Target, status: number, content: { data: unknown; content_type?: string }): Promise<string[]>;
  /** Compiles the configured schema. @throws ToolError `invalid_config` */
  ready(): Promise<void>;
}

const MAX_WARNINGS = 3;
const MAX_ISSUES = 20;
/** Characters of a document's schema that is compiled, at 2 to 4 µs each; what is further from its root is not checked. */
const MAX_SCHEMA = 30_000;
/** Characters of all schemas whose checks are kept. */
const MAX_KEPT = 1_000_000;
/** Characters of an answer's JSON that an error still holds. */
const MAX_DATA = 4_000;

export function createResponseChecker(api: ApiDescription): ResponseChecker {
  const { responseSchema, checkResponses } = api.settings;
  const document = api.document?.source;
  const kept = new Map<string, { check: Promise<SchemaCheck>; size: number }>();
  let keptSize = 0;
  let configured: Promise<SchemaCheck> | undefined;

  const configuredCheck = async (): Promise<SchemaCheck | undefined> => {
    if (!responseSchema) return undefined;
    configured ??= compileCheck(responseSchema, { mode: "strict" });
    try {
      return await configured;
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      throw new ToolError(error.code, `apis.${api.name}.responseSchema: ${error.message}`, { cause: error });
    }
  };

  const documentedCheck = (target: Target, status: number): Promise<SchemaCheck> | undefined => {
    if (!document || !target.operation) return undefined;
    const key = `${target.id} ${status}`;
    const known = kept.get(key);
    if (known) return known.check;
    const schema = target.details.responseSchema(status);
    if (schema === undefined) return undefined;
    const bounded = boundedSchema(document, schema, { direction: "response", limit: MAX_SCHEMA });
    const size = JSON.stringify(bounded).length;
    const check = compileCheck(bounded, { mode: "lenient", digitsAreNumbers: true, maxIssues: 1000 });
    kept.set(key, { check, size });
    keptSize += size;
    for (const [oldest, { size: freed }] of kept) {
      if (keptSize <= MAX_KEPT) break;
      kept.delete(oldest);
      keptSize -= freed;
    }
    return check;
  };

  return {
    async ready() {
      await configuredCheck();
    },
    async check(target, status, content) {
      const own = responseSchema && (await configuredCheck());
      const issues = own?.(content.data) ?? [];
      if (issues.length > 0) {
        throw new ToolError("invalid_response", "Response validation failed", {
          hint: `The answer does not satisfy apis.${api.name}.responseSchema.`,
          issues,
          details: { http_status: status },
        });
      }
      if (own || checkResponses === "off" || content.content_type !== undefined || content.data === null) return [];
      const documented = await documentedCheck(target, status);
      const found = documented?.(content.data) ?? [];
      if (found.length === 0) return [];
      const differences = distinct(found);
      if (checkResponses === "strict") throw differs(api.name, status, content.data, differences);
      const shown = differences.slice(0, MAX_WARNINGS).map(({ path, message }) => `${path} ${message}`);
      const more = differences.length > shown.length ? `; and ${differences.length - shown.length} more` : "";
      return [`The answer differs from the API's document: ${shown.join("; ")}${more}.`];
    },
  };
}

/** The call itself was made and may have changed something: what it answered is not lost. */
function differs(api: string, status: number, data: unknown, issues: ErrorIssue[]): ToolError {
  const fits = JSON.stringify(data).length <= MAX_DATA;
  return new ToolError("invalid_response", `The answer of API "${api}" differs from its document.`, {
    hint: `The call was made and succeeded there${fits ? ", see data" : ""}; do not simply repeat it. With apis.${api}.checkResponses: warn such answers are given with a warning.`,
    issues: issues.slice(0, MAX_ISSUES),
    details: { http_status: status, ...(fits && { data }) },
  });
}

/** Each difference once, however many items of a list have it: at the first place, with how many others there are. */
function distinct(issues: readonly ErrorIssue[]): ErrorIssue[] {
  const groups = Map.groupBy(issues, ({ path, message }) => {
    // What was found instead may differ.
    const [rule] = message.split(", not ");
    return `${path.replace(/\/\d+(?=\/|$)/g, "/*")} ${rule}`;
  });
  return [...groups.values()].map(([first, ...others]) => {
    const { path } = first!;
    const message = first!.message.replace(/^is required$/, "is missing");
    const more = others.length === 1 ? "1 other place" : `${others.length} other places`;
    return { path, message: others.length > 0 ? `${message} (also at ${more})` : message };
  });
}
