import type { ErrorIssue } from "../../errors.ts";

/** What the JSON of a failed answer says, in one line, and which parts of the request it complains of. */
export interface Problem {
  /** Empty where no member is known to hold one. */
  message: string;
  issues: ErrorIssue[];
}

type Body = Readonly<Record<string, unknown>>;

const MAX_ISSUES = 20;
const MAX_ISSUE = 300;
/** Members that hold the message, the better ones first. */
const MESSAGES = [
  ...["message", "detail", "error_description", "description", "error_message", "errorMessage", "errorSummary"],
  ...["msg", "reason", "faultstring", "Message", "title", "error"],
];
const CODES = ["code", "type", "error_code", "errorCode", "status"];
const LISTS = ["errors", "invalid-params", "invalid_params", "violations", "detail", "details", "issues", "causes"];
const PLACES = [
  "pointer",
  "field",
  "name",
  "param",
  "parameter",
  "path",
  "loc",
  "location",
  "property",
  "propertyPath",
];
const REASONS = ["detail", "message", "reason", "msg", "description", "title", "code", "type"];

/**
 * Reads problem details (RFC 9457) and what else is common: `message` with `errors` (GitHub), an `error` object (Stripe, Google),
 * `error_description` (OAuth2), `errors` alone (JSON:API, GraphQL), `detail` as a list (FastAPI), messages by field (Rails).
 * Undefined where the text is no JSON object or list.
 */
export function readProblem(text: string): Problem | undefined {
  let parsed: unknown;
  try {
    parsed = /^\s*[[{]/.test(text) ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
  if (Array.isArray(parsed)) parsed = { errors: parsed };
  if (!isBody(parsed)) return undefined;
  const inner = [parsed.error, parsed.fault, parsed.Error].find(isBody);
  const issues = [...(inner ? issuesOf(inner) : []), ...issuesOf(parsed)].slice(0, MAX_ISSUES);
  const message = (inner && messageOf(inner)) || messageOf(parsed) || summaryOf(issues);
  return { message, issues };
}

function messageOf(body: Body): string {
  const name = MESSAGES.find((member) => lineOf(body[member]) !== "");
  if (name === undefined) return "";
  const message = lineOf(body[name]);
  // "Not Found: there is no pet 7", "invalid_grant: the code has expired".
  const head = [lineOf(body.title), lineOf(body.error)].find((line) => line !== "" && line !== message);
  if (head !== undefined && !message.toLowerCase().includes(head.toLowerCase())) return `${head}: ${message}`;
  const code = CODES.map((member) => body[member]).find(
    (value) => typeof value === "string" && /^[A-Za-z][\w.-]{0,59}$/.test(value) && !message.includes(value),
  );
  return code === undefined ? message : `${message} (${code})`;
}

function issuesOf(body: Body): ErrorIssue[] {
  for (const member of LISTS) {
    const found = body[member];
    if (Array.isArray(found)) {
      const issues = found.slice(0, MAX_ISSUES).flatMap(issueOf);
      if (issues.length > 0) return issues;
    } else if (isBody(found) && member !== "detail") {
      const byField = Object.entries(found).flatMap(([path, value]) => {
        const message = (Array.isArray(value) ? value.map(lineOf).filter(Boolean).join("; ") : lineOf(value)).trim();
        return message === "" ? [] : [{ path: path.slice(0, MAX_ISSUE), message: message.slice(0, MAX_ISSUE) }];
      });
      if (byField.length > 0) return byField;
    }
  }
  return [];
}

function issueOf(entry: unknown): ErrorIssue[] {
  if (typeof entry === "string") return entry === "" ? [] : [{ path: "", message: lineOf(entry).slice(0, MAX_ISSUE) }];
  if (!isBody(entry)) return [];
  const message = REASONS.map((member) => lineOf(entry[member])).find((line) => line !== "");
  if (message === undefined) return [];
  const source = isBody(entry.source) ? entry.source : {};
  const place = [...PLACES.map((member) => entry[member]), source.pointer, source.parameter]
    .map((value) => (Array.isArray(value) ? value.map(String).join("/") : lineOf(value)))
    .find((line) => line !== "");
  return [{ path: (place ?? "").slice(0, MAX_ISSUE), message: message.slice(0, MAX_ISSUE) }];
}

function summaryOf(issues: readonly ErrorIssue[]): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
    .join("; ");
}

/** A text in one line; empty for anything else. */
function lineOf(value: unknown): string {
  return typeof value === "string" ? value.replace(/\s+/g, " ").trim() : "";
}

function isBody(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
