import { expect, it } from "vitest";
import { readInputOptions } from "./input-options.ts";

it("options of the input are all found out where they are left out, and bad rows end the run", () => {
  expect(readInputOptions({})).toEqual({ inputOptions: {}, onBadRow: "stop" });
});

it("options of the input are taken as they are written", () => {
  const given = {
    encoding: "windows-1252",
    delimiter: "|",
    header: ["id", "name"],
    skip_lines: 2,
    skip_footer: 1,
    comment: "#",
    quote: "none",
    row_path: "data.items",
    null_values: ["", "NA"],
    on_bad_row: "skip",
  };
  expect(readInputOptions(given)).toEqual({
    inputOptions: {
      encoding: "windows-1252",
      delimiter: "|",
      header: ["id", "name"],
      skipLines: 2,
      skipFooter: 1,
      comment: "#",
      quotes: false,
      rowPath: "data.items",
      nullValues: ["", "NA"],
    },
    onBadRow: "skip",
  });
});

it("rows that are filled up are no bad rows, and the rest end the run", () => {
  expect(readInputOptions({ on_bad_row: "pad" })).toEqual({ inputOptions: { pad: true }, onBadRow: "stop" });
});

it.each([
  ["tab", "\t"],
  ["\\t", "\t"],
  ["semicolon", ";"],
  ["auto", undefined],
])("the delimiter may be written as %j", (delimiter, sign) => {
  expect(readInputOptions({ delimiter }).inputOptions.delimiter).toBe(sign);
});

it.each<[object, string]>([
  [{ delimiter: ";;" }, '"delimiter" must be one character, not ";;".'],
  [{ delimiter: "\n" }, '"delimiter" must be one character, not "\\n".'],
  [{ header: "id" }, '"header" must be true, false, "repair" or a list of the columns\' names, not "id".'],
  [{ header: [] }, '"header" must be true, false, "repair" or a list of the columns\' names, not [].'],
  [{ skip_lines: -1 }, '"skip_lines" must be a whole number from 0 to 1000000, not -1.'],
  [{ null_values: [null] }, '"null_values" must be a list of texts, not [null].'],
  [{ on_bad_row: "ignore" }, '"on_bad_row" must be one of stop, skip, pad, not "ignore".'],
  [{ quote: "'" }, '"quote" must be one of auto, none, not "\'".'],
  [{ row_path: "a.".repeat(64) }, '"row_path" has more than 64 names.'],
  [{ skip_footer: 1.5 }, '"skip_footer" must be a whole number from 0 to 1000, not 1.5.'],
  [{ comment: "" }, '"comment" must be what lines begin with that are left out, not "".'],
  [{ encoding: 8 }, '"encoding" must be a text, not 8.'],
  [{ nullValues: [] }, 'unknown key "nullValues".'],
])("options of the input like %j are refused", (options, message) => {
  expect(() => readInputOptions({ ...options })).toThrow(`input_options: ${message}`);
});
