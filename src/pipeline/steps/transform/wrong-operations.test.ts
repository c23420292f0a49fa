import { describe, expect, it } from "vitest";
import { compileTransform } from "./transform.ts";

describe("transform", () => {
  it.each<[unknown, RegExp]>([
    [{ op: "rename", fields: { a: "x", b: "x" } }, /same new name/],
    [{ op: "cast", fields: { a: "money" } }, /type of "a" must be one of string, number/],
    [
      { op: "cast", fields: { a: "datetime" }, timezone: "Europe/Berlinn" },
      /must be a time zone, not "Europe\/Berlinn"/,
    ],
    [{ op: "cast", fields: { a: "date" }, timezone: "Europe/Berlin" }, /"timezone" is for datetime/],
    [{ op: "cast", fields: { a: "date" }, formats: ["ISO"] }, /an object with a format for each field/],
    [{ op: "cast", fields: { a: "date" }, date_format: "YYYY" }, /must name YYYY, MM and DD/],
    [{ op: "cast", fields: { a: "number" }, decimal: ";" }, /"decimal" must be one of \., ,/],
    [{ op: "cast", fields: {} }, /must map field names to types/],
    [{ op: "compute", field: "a", expression: "1 +" }, /operation 1 \(compute\): The expression "1 \+" is wrong/],
    [{ op: "filter" }, /"expression" must be a text, not nothing/],
    [{ op: "sort", by: [] }, /at least one field/],
    [{ op: "limit", count: -1 }, /whole number from 0/],
    [{ op: "split", field: "a", separator: "" }, /"separator" must be a text/],
    [{ op: "group", aggregates: { n: { fn: "middle", field: "a" } } }, /"n": "fn"/],
    [{ op: "trim", on_error: "keep" }, /unknown key "on_error"/],
    [{ op: "join", source: "exports/a.csv", key: "id" }, /"source" is not for this operation/],
    [{ fields: [] }, /operation 1: "op" is missing/],
    [{ op: 5 }, /unknown operation 5/],
  ])("refuses %j", (operation, message) => {
    expect(() => compileTransform({ operations: [operation] }, "Step 1 (transform)")).toThrow(message);
  });

  it.each<[unknown, RegExp]>([
    [{ op: "tirm" }, /unknown operation "tirm"/],
    [{ op: "mutate", field: "a" }, /Did you mean "compute"\? "op" is one of pick, /],
    [{ op: "sort_values" }, /Did you mean "sort"\?/],
    [{ op: "to_date" }, /Did you mean "cast"\?/],
    [{ op: "lookup" }, /Looking up is a step: \{ "name": "enrich", "lookup": /],
    [{ op: "validate" }, /Validating is a step: \{ "name": "validate", /],
    [{ op: "dropna" }, /"not is_empty\(a\)"/],
    [{ op: "titlecase" }, /"title\(a\)"/],
    [{ op: "Filter" }, /Did you mean "filter"\?/],
    [{ op: "cast", feilds: {} }, /Did you mean "fields"\? Keys allowed there: op, fields, type, formats/],
    [{ op: "sort", by: "a", when: "true" }, /Filter the rows first/],
    [{ op: "cast", fields: { a: "date" }, date_format: "DD.MM" }, /MMM \(Jan\)/],
    [{ op: "rename" }, /"case": "snake"/],
  ])("says what %j may have meant", (operation, hint) => {
    const compile = () => compileTransform({ operations: [operation] }, "Step 1 (transform)");
    let error: unknown;
    try {
      compile();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "invalid_input" });
    const { message, hint: help } = error as { message: string; hint: string };
    expect(`${message} ${help}`).toMatch(hint);
  });
});
