import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode, ToolError } from "../errors.ts";
import { apiErrorOf, errorResponse, outcomeOf, RequestError } from "./api-error.ts";

const redact = (text: string) => text.replaceAll("sk-secret", "[redacted]");
const answerTo = (thrown: unknown) => errorResponse(apiErrorOf(thrown, redact));

describe("an error", () => {
  it.each(Object.keys(ERROR_CODES) as ErrorCode[])("of code %s has the form and a status of OpenAI's", async (code) => {
    const response = answerTo(new ToolError(code, "It failed with sk-secret.", { hint: "Try sk-secret." }));
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(600);
    expect(await response.json()).toEqual({
      error: {
        message: "It failed with [redacted]. Try [redacted].",
        type: expect.stringMatching(/^[a-z_]+$/),
        param: null,
        code: expect.any(String),
      },
    });
  });

  it("says how long to wait, and whether that is worth it", () => {
    const busy = answerTo(new ToolError("rate_limited", "Later.", { retryAfterMs: 1200, retryable: true }));
    expect(busy.headers.get("Retry-After")).toBe("2");
    expect(busy.headers.get("X-Should-Retry")).toBe("true");
    const spent = answerTo(new ToolError("limit_reached", "Used up."));
    expect(spent.headers.get("Retry-After")).toBeNull();
    expect(spent.headers.get("X-Should-Retry")).toBe("false");
  });

  it("of every model has each one's reason", () => {
    const issues = [{ path: "p/a", message: "No credit left." }];
    expect(apiErrorOf(new ToolError("upstream_error", "All failed.", { issues }), redact).error.message).toBe(
      "All failed. p/a: No credit left.",
    );
  });

  it("that is a bug says nothing of itself but in the log", async () => {
    const bug = new TypeError("x of undefined at /home/ana/file.ts");
    expect(await answerTo(bug).text()).not.toContain("undefined");
    expect(outcomeOf(bug)).toEqual({ outcome: "internal", error: bug });
  });

  it("of a scope that is missing carries the challenge", () => {
    const challenge = 'Bearer error="insufficient_scope", scope="mixture"';
    const response = answerTo(new RequestError(403, "insufficient_permissions", "No.", "model", { challenge }));
    expect(response.headers.get("WWW-Authenticate")).toBe(challenge);
  });
});
