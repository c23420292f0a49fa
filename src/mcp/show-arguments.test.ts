import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { showArguments } from "./show-arguments.ts";

const shown = (args: Record<string, unknown>) => {
  const { lines, omitted } = showArguments(args);
  return { text: lines.join("\n"), omitted };
};

describe("arguments in a question", () => {
  it("are shown in full, a line each, where they fit", () => {
    const body = { items: [{ id: 7, tags: ["a", "b"] }], note: "x".repeat(1_500), none: null };
    expect(shown({ api: "shop", fields: undefined, body })).toEqual({
      text: `api: "shop"\nbody: ${JSON.stringify(body)}`,
      omitted: [],
    });
  });

  it("have long texts shortened in the middle of each, with every property shown", () => {
    const { text, omitted } = shown({
      body: { pad: "x".repeat(5_000), evil: "DROP", deep: [{ also: "y".repeat(5_000) }] },
    });
    expect(text).toMatch(
      /^body: \{"pad":"x+"… \d+ characters …"x+","evil":"DROP","deep":\[\{"also":"y+"… \d+ characters …"y+"\}\]\}$/,
    );
    expect(text.length).toBeGreaterThan(1_800);
    expect(text.length).toBeLessThanOrEqual(2_000);
    expect(omitted).toEqual(["2 long texts are shortened"]);
  });

  it("have the properties of JSON, forms and queries shown that are given as text", () => {
    const pad = "x".repeat(5_000);
    const { text, omitted } = shown({
      body_text: `{"id": 9007199254740993, "pad": "${pad}", "evil": "DROP", "evil": "TWICE"}`,
      operation: `POST /items?pad=${pad}&force=true`,
    });
    expect(text).toContain(String.raw`body_text: "{\"id\": 9007199254740993, \"pad\": \"x`);
    expect(text).toContain(String.raw`x\", \"evil\": \"DROP\", \"evil\": \"TWICE\"}"`);
    expect(text).toMatch(/operation: "POST \/items\?pad=x+"… \d+ characters …"x+&force=true"/);
    expect(omitted).toEqual(["2 long texts are shortened"]);
  });

  it("have the end of long lists left out, but not the names in it", () => {
    const rows = Array.from({ length: 400 }, (_, id) => ({
      id,
      name: `row ${id}`,
      ...(id === 399 && { evil: { at: 1 } }),
    }));
    const { text, omitted } = shown({ body: { rows, last: true } });
    expect(text).toMatch(
      /^body: \{"rows":\[\{"id":0,"name":"row 0"\},.*,… (\d+) more with "id", "name", "evil", "at"\],"last":true\}$/,
    );
    expect(omitted).toEqual([expect.stringMatching(/^3\d\d items of lists are left out$/)]);
    expect(text.length).toBeLessThanOrEqual(2_000);
  });

  it("show the names of long JSON text that holds too many to be shortened one by one", () => {
    const rows = Array.from({ length: 400 }, (_, id) => ({ id, name: "x".repeat(20), ...(id === 200 && { evil: 1 }) }));
    const { text } = shown({ body_text: JSON.stringify(rows) });
    expect(text).toMatch(/"… \d+ characters with "id", "name", "evil" …"/);
  });

  it("are longer where there are many properties, and have those counted that do not fit at all", () => {
    const many = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`key${i}`, i]));
    const some = shown({ body: many(350) });
    expect(some).toEqual({ text: `body: ${JSON.stringify(many(350))}`, omitted: [] });
    const { text, omitted } = shown({ query: { page: 1 }, body: { nested: many(10_000), more: { all: true } } });
    expect(text.length).toBeLessThan(6_500);
    const counted = /… (\d+) more properties\},… 2 more properties\}\nquery|… (\d+) more properties/.exec(text);
    expect(text).toContain('query: {"page":1}');
    expect(Number(counted?.[1] ?? counted?.[2])).toBeGreaterThan(9_000);
    expect(omitted).toEqual([expect.stringMatching(/^9\d\d\d properties are left out$/)]);
  });

  it("have every character seen, also in names", () => {
    const { text } = shown({
      query: { a: "\u202Eevil\nRequest: GET /harmless\u200B", "b\u2066": "\u{E0041}\u00AD\u3164\u00A0\uD800" },
      body: { word: "Grüße 日本 ❤\uFE0F a\uFE0F \u007F\u2028" },
    });
    expect(text).toBe(
      String.raw`query: {"a":"\u202Eevil\nRequest: GET /harmless\u200B","b\u2066":"\u{E0041}\u00AD\u3164\u00A0\ud800"}` +
        "\n" +
        String.raw`body: {"word":"Grüße 日本 ❤️ a\uFE0F \u007F\u2028"}`,
    );
  });

  it("are neither long nor slow to show, whatever they are", () => {
    let deep: unknown = "x";
    for (let i = 0; i < 3_000; i++) deep = i % 2 ? [deep] : { in: deep };
    const wide = Array.from({ length: 100_000 }, (_, i) => ({ [`name${i}`]: "x" }));
    for (const body of [deep, wide, `["${'\\"'.repeat(500_000)}`, "a=1&".repeat(300_000), "\u0000".repeat(1_000_000)]) {
      const { text, omitted } = shown({ body });
      expect(text.length).toBeLessThan(7_000);
      expect(omitted).not.toEqual([]);
    }
  });

  it("say that something is left out, or are all there", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.jsonValue()), (args) => {
        const { text, omitted } = shown(args);
        if (omitted.length > 0) return;
        const whole = Object.entries(args).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
        const unescaped = text.replace(/\\u\{?([0-9A-F]{4,6})\}?/g, (_m, hex: string) =>
          String.fromCodePoint(Number.parseInt(hex, 16)),
        );
        expect(unescaped).toBe(whole.join("\n"));
      }),
    );
  });
});
