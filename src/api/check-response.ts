import { ToolError } from "../errors.ts";
import type { Target } from "./api-request.ts";
import type { ApiDescription } from "./configured-api.ts";
import { compileCheck, type SchemaCheck } from "./json-schema.ts";
import { bundleSchema } from "./openapi/schemas.ts";

export interface ResponseChecker {
  /**
   * Warnings where the answer differs from what the document says, which is no error: documents are often behind.
   * @throws ToolError `invalid_response` where it breaks the configured `responseSchema`.
   */
  check(target: Target, status: number, content: { data: unknown; content_type?: string }): Promise<string[]>;
  /** Compiles the configured schema. @throws ToolError `invalid_config` */
  ready(): Promise<void>;
}

const MAX_KEPT = 100;
const MAX_WARNINGS = 3;
/** Characters of a document's schema that is compiled; a larger one costs more than its warnings are worth. */
const MAX_SCHEMA = 30_000;

export function createResponseChecker(api: ApiDescription): ResponseChecker {
  const { responseSchema } = api.settings;
  const document = api.document?.source;
  const kept = new Map<string, Promise<SchemaCheck>>();
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
    let check = kept.get(key);
    if (!check) {
      const schema = target.details.responseSchema(status);
      if (schema === undefined) return undefined;
      const bundle = bundleSchema(document, schema, { direction: "response" });
      check =
        JSON.stringify(bundle).length > MAX_SCHEMA
          ? Promise.resolve(() => [])
          : compileCheck(bundle, { mode: "lenient" });
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as string);
      kept.set(key, check);
    }
    return check;
  };

  return {
    async ready() {
      await configuredCheck();
    },
    async check(target, status, content) {
      const own = await configuredCheck();
      const issues = own?.(content.data) ?? [];
      if (issues.length > 0) {
        throw new ToolError("invalid_response", "Response validation failed", {
          hint: `The answer does not satisfy apis.${api.name}.responseSchema.`,
          issues,
          details: { http_status: status },
        });
      }
      if (own || content.content_type !== undefined || content.data === null) return [];
      const differences = (await documentedCheck(target, status))?.(content.data) ?? [];
      const shown = differences.slice(0, MAX_WARNINGS).map(({ path, message }) => `${path} ${message}`);
      if (shown.length === 0) return [];
      const more = differences.length > shown.length ? `; and ${differences.length - shown.length} more` : "";
      return [`The answer differs from the API's document: ${shown.join("; ")}${more}.`];
    },
  };
}
