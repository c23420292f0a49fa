import { describe, expect, it } from "vitest";
import { readProblem } from "./error-body.ts";

const read = (body: unknown) => readProblem(JSON.stringify(body));

describe("the message of a failed answer", () => {
  it.each([
    [
      "problem details",
      { type: "about:blank", title: "Not Found", detail: "There is no pet 7" },
      "Not Found: There is no pet 7",
    ],
    ["only a title", { title: "Forbidden", status: 403 }, "Forbidden"],
    ["GitHub", { message: "Not Found", documentation_url: "https://docs.example" }, "Not Found"],
    [
      "Stripe",
      { error: { message: "No such customer: 'x'", type: "invalid_request_error", code: "resource_missing" } },
      "No such customer: 'x' (resource_missing)",
    ],
    ["Google", { error: { code: 404, message: "Not here", status: "NOT_FOUND" } }, "Not here (NOT_FOUND)"],
    [
      "OAuth2",
      { error: "invalid_grant", error_description: "The code\n has expired" },
      "invalid_grant: The code has expired",
    ],
    ["a single text", { error: "It is so" }, "It is so"],
    ["Spring", { status: 404, error: "Not Found", message: "no pet", path: "/pets/7" }, "Not Found: no pet"],
    [
      "JSON:API",
      { errors: [{ title: "Bad", detail: "name is missing", source: { pointer: "/data/name" } }] },
      "/data/name: name is missing",
    ],
    ["GraphQL", { errors: [{ message: "Cannot query field x" }] }, "Cannot query field x"],
    ["FastAPI", { detail: [{ loc: ["body", "age"], msg: "is no number", type: "int" }] }, "body/age: is no number"],
    ["a list", ["first", "second"], "first; second"],
    ["Salesforce", [{ message: "bad field", errorCode: "INVALID_FIELD" }], "bad field"],
    ["SOAP gateway", { fault: { faultstring: "Quota reached" } }, "Quota reached"],
    ["nothing that is known", { a: { b: 1 } }, ""],
  ])("of %s", (_what, body, message) => {
    expect(read(body)?.message).toBe(message);
  });

  it("is none where the text is no object or list", () => {
    for (const text of ["", "Not Found", '"x"', "{ broken", "7"]) expect(readProblem(text)).toBeUndefined();
  });
});

describe("what a failed answer complains of", () => {
  it.each([
    [{ title: "x", errors: [{ pointer: "#/age", detail: "must be positive" }] }, [["#/age", "must be positive"]]],
    [{ title: "x", "invalid-params": [{ name: "color", reason: "unknown" }] }, [["color", "unknown"]]],
    [
      { message: "Validation Failed", errors: [{ resource: "Issue", field: "title", code: "missing_field" }] },
      [["title", "missing_field"]],
    ],
    [
      { errors: { name: ["is short", "is odd"], age: "is old" } },
      [
        ["name", "is short; is odd"],
        ["age", "is old"],
      ],
    ],
    [{ error: { message: "x", details: [{ field: "a", description: "b" }] } }, [["a", "b"]]],
    [{ detail: [{ loc: ["query", 0], msg: "no" }] }, [["query/0", "no"]]],
    [{ message: "x", errors: ["plain"] }, [["", "plain"]]],
    [{ message: "x", errors: [1, null, {}] }, []],
  ])("in %j", (body, issues) => {
    expect(read(body)?.issues).toEqual(issues.map(([path, message]) => ({ path, message })));
  });

  it("is bounded", () => {
    const { issues } = read({
      errors: Array.from({ length: 99 }, () => ({ field: "f".repeat(999), message: "m".repeat(999) })),
    })!;
    expect(issues).toHaveLength(20);
    expect(issues[0]).toEqual({ path: "f".repeat(300), message: "m".repeat(300) });
  });
});
