import {
  CORE_SCHEMA,
  defineScalarTag,
  floatCoreTag,
  intCoreTag,
  loadAll,
  mapTag,
  mergeTag,
  seqTag,
  YAMLException,
} from "js-yaml";
import { ToolError } from "../../errors.ts";
import { MAX_DEPTH } from "../rows.ts";

/** Keys that `<<` may bring in. */
const MAX_MERGED = 1_000_000;
/** Values that a document may mean, those of aliases counted as often as they are used. */
const MAX_VALUES = 1_000_000;

/** Scalars that are read another way than they look: the first of each kind. */
export interface OddScalars {
  /** Digits that stay text: with a zero first (8 or 10 in YAML 1.1 and 1.2), or a plus sign. JSON has no such numbers. */
  code?: string;
  /** A number that loses zeros at its end. */
  shortened?: string;
}

// What resolving a scalar tells, which takes place inside of parsing.
let odd: OddScalars = {};

const CODE = /^(?:[-+]?0\d|\+\d)/;
const SHORTENED = /^-?\d+\.\d*0$/;

const keepCodes = <Tag extends typeof intCoreTag>(tag: Tag): Tag => ({
  ...tag,
  resolve(source, isExplicit, tagName) {
    if (!isExplicit && CODE.test(source) && Number.isFinite(Number(source))) {
      odd.code ??= source;
      return source;
    }
    if (odd.shortened === undefined && SHORTENED.test(source)) odd.shortened = source;
    return tag.resolve(source, isExplicit, tagName);
  },
});

const SCHEMA = CORE_SCHEMA.withTags(
  keepCodes(intCoreTag),
  keepCodes(floatCoreTag),
  mergeTag,
  ...["!", "tag:"].flatMap(ignoredTags),
);

/** Tags other than YAML's own: dates and texts stay the text they are, lists and maps what they are. */
function ignoredTags(prefix: string) {
  return [
    defineScalarTag(prefix, { matchByTagPrefix: true, resolve: (source) => source, identify: () => false }),
    { ...mapTag, tagName: prefix, matchByTagPrefix: true, identify: () => false },
    { ...seqTag, tagName: prefix, matchByTagPrefix: true, identify: () => false },
  ];
}

/** Why a text is no YAML that is taken. */
export class BrokenYaml extends Error {
  readonly rule: "yaml" | "depth";
  private readonly line: number;
  constructor(rule: "yaml" | "depth", problem: string, line: number) {
    super(problem);
    this.rule = rule;
    this.line = line;
  }

  /** What is wrong, with its line in a text of which this is a part that begins at line `first`. */
  tell(first: number): string {
    if (this.rule === "depth") return `is nested more than ${MAX_DEPTH} levels deep`;
    return `is broken at line ${first + this.line}: ${this.message}`;
  }

  asToolError(first: number): ToolError {
    const hint = this.rule === "depth" ? "Flatten the data before sending it." : undefined;
    return new ToolError(this.rule === "depth" ? "too_large" : "invalid_input", `The yaml input ${this.tell(first)}.`, {
      hint,
    });
  }
}

/**
 * The documents of a text. With `anchors`, values that are used several times are copied. `scalars` is told of those that look
 * like codes.
 * @throws BrokenYaml, ToolError `too_large` for aliases that multiply
 */
export function parseYaml(text: string, anchors: boolean, scalars: OddScalars = {}): unknown[] {
  odd = scalars;
  try {
    const documents = loadAll(text, { schema: SCHEMA, maxDepth: MAX_DEPTH + 2, maxTotalMergeKeys: MAX_MERGED });
    return anchors ? (copy(documents, { left: MAX_VALUES }, -2) as unknown[]) : documents;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const reason = String(error.reason);
    if (reason.includes("maxDepth")) throw new BrokenYaml("depth", reason, 0);
    if (/merge keys|maxTotalMergeKeys/i.test(reason)) throw multiplied();
    throw new BrokenYaml("yaml", reason.slice(0, 200), error.mark?.line ?? 0);
  }
}

/** A copy in which nothing is shared; values that hold themselves are nested without end. */
function copy(value: unknown, budget: { left: number }, depth: number): unknown {
  if (budget.left-- <= 0) throw multiplied();
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) throw new BrokenYaml("depth", "", 0);
  if (Array.isArray(value)) return value.map((entry) => copy(entry, budget, depth + 1));
  const object = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value)) object[key] = copy((value as Record<string, unknown>)[key], budget, depth + 1);
  return object;
}

function multiplied(): ToolError {
  return new ToolError("too_large", "The yaml input uses aliases that multiply beyond the limit.", {
    hint: "Write the values out instead of using anchors and aliases.",
  });
}
