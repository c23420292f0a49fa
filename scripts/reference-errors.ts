import { ERROR_CODES } from "../src/errors.ts";

/** The reference page of the error codes. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return `# Error codes

Written by \`npm run gen\` from \`src/errors.ts\`. A failed call answers with \`isError\` and, as JSON in its text block,
\`{status: "error", code, message, hint?, retryable, retry_after_ms?, issues?}\`. \`message\` says what was wrong and may be
reworded; \`code\` never changes its meaning. \`hint\` says what to do next, \`retryable\` whether the same call may succeed later,
\`retry_after_ms\` how long to wait before it, \`issues\` lists single reasons as \`{path, message}\`.

| code | meaning |
|---|---|
${rows.join("\n")}
`;
}
