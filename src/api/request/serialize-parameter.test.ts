import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMediaType } from "../media-types.ts";
import type { Style } from "../operation.ts";
import {
  encodeForm,
  serializeInCookie,
  serializeInHeader,
  serializeInPath,
  serializeInQuery,
} from "./serialize-parameter.ts";

/** Each parser here is written from the specification and shares nothing with what it reads. */

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
const list = fc.array(text, { minLength: 1, maxLength: 5 });
const object = fc.dictionary(name, text, { minKeys: 1, maxKeys: 5 }).map((value) => ({ ...value }));
const how = (style: Style, explode: boolean, given = "color") => ({
  name: given,
  style,
  explode,
  allowReserved: false,
});

/** Names and values in turn, as objects stand that do not explode. */
function paired(parts: string[]): Record<string, string> {
  const entries = parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? ""]] : []));
  return Object.fromEntries(entries) as Record<string, string>;
}

const decoded = (part: string, separator: string) => part.split(separator).map(decodeURIComponent);
const equals = (part: string): [string, string] => {
  const [key = "", ...rest] = part.split("=");
  return [decodeURIComponent(key), decodeURIComponent(rest.join("="))];
};

describe("what is read back", () => {
  it("from a query is what was written", () => {
    fc.assert(
      fc.property(name, list, object, text, (key, items, members, single) => {
        const query = (style: Style, explode: boolean, value: unknown) =>
          new URL(`http://x/?${serializeInQuery(how(style, explode, key), value).join("&")}`).searchParams;
        expect([...query("form", true, single)]).toEqual([[key, single]]);
        expect(query("form", true, items).getAll(key)).toEqual(items);
        expect(Object.fromEntries(query("form", true, members))).toEqual(members);
        const raw = (style: Style, value: unknown) =>
          (serializeInQuery(how(style, false), value)[0] as string).slice("color=".length);
        for (const [style, separator] of [
          ["form", ","],
          ["spaceDelimited", "%20"],
          ["pipeDelimited", "%7C"],
        ] as const) {
          const inner = (item: string) => item.replace(/[ |]/g, "_");
          expect(decoded(raw(style, items.map(inner)), separator)).toEqual(items.map(inner));
        }
        expect(paired(decoded(raw("form", members), ","))).toEqual(members);
      }),
    );
  });

  it("from a deep object is what was written", () => {
    const bare = fc.stringMatching(/^[a-z .&=+%é]{1,6}$/);
    const tree = fc.letrec((tie) => ({
      node: fc.oneof({ maxDepth: 3 }, text, fc.dictionary(bare, tie("node"), { minKeys: 1, maxKeys: 3 })),
      root: fc.dictionary(bare, tie("node"), { minKeys: 1, maxKeys: 3 }),
    })).root;
    fc.assert(
      fc.property(tree, (value) => {
        const read: Record<string, unknown> = {};
        for (const [path, leaf] of new URLSearchParams(
          serializeInQuery(how("deepObject", true, "f"), value).join("&"),
        )) {
          const keys = [...path.matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] as string);
          let at = read;
          for (const key of keys.slice(0, -1)) {
            at[key] ??= {};
            at = at[key] as Record<string, unknown>;
          }
          at[keys.at(-1) as string] = leaf;
        }
        expect(read).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("from a path is what was written, and stays one segment", () => {
    fc.assert(
      fc.property(list, object, (items, members) => {
        const path = (style: Style, explode: boolean, value: unknown) => {
          const segment = serializeInPath(how(style, explode), value);
          expect(segment).not.toMatch(/[/?#\\]/);
          return segment;
        };
        expect(decoded(path("simple", false, items), ",")).toEqual(items);
        expect(paired(decoded(path("simple", false, members), ","))).toEqual(members);
        expect(Object.fromEntries(path("simple", true, members).split(",").map(equals))).toEqual(members);
        expect(decoded(path("label", false, items).slice(1), ",")).toEqual(items);
        const pairs = (segment: string) => segment.slice(1).split(";").map(equals);
        expect(Object.fromEntries(pairs(path("matrix", true, members)))).toEqual(members);
        expect(pairs(path("matrix", true, items)).map(([, item]) => item)).toEqual(items);
      }),
    );
  });

  it("from a cookie is what was written, and each pair is one", () => {
    fc.assert(
      fc.property(list, object, (items, members) => {
        const cookie = (value: unknown) => serializeInCookie(how("form", true), value).join("; ").split("; ");
        expect(cookie(items).map(equals)).toEqual(items.map((item) => ["color", item]));
        expect(Object.fromEntries(cookie(members).map(equals))).toEqual(members);
      }),
    );
  });

  it("from a form is what was written", () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(text, list), { maxKeys: 5 }), (values) => {
        const read = new URLSearchParams(encodeForm({ encoding: {} }, { ...values }));
        for (const [key, value] of Object.entries(values)) expect(read.getAll(key)).toEqual([value].flat());
      }),
    );
  });

  it("with reserved characters kept is what was written, if it was encoded before", () => {
    fc.assert(
      fc.property(text, (value) => {
        const reserved = { ...how("form", true), allowReserved: true };
        const [pair] = serializeInQuery(reserved, encodeURIComponent(value));
        expect(new URLSearchParams(pair).get("color")).toBe(value);
        const kept = serializeInQuery(reserved, value)[0] as string;
        expect([...new URL(`http://x/?${kept}`).searchParams.keys()]).toEqual(["color"]);
      }),
    );
  });

  it("from a header of JSON is what was written, in characters that a header carries", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const content = { ...readMediaType("application/json"), schema: {}, encoding: {} };
        const header = serializeInHeader({ ...how("content", false), content }, value);
        expect(header).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(header)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

it("refuses what is nested without end", () => {
  let value: unknown = "x";
  for (let depth = 0; depth < 20_000; depth++) value = { a: value };
  for (const style of ["form", "deepObject"] as const) {
    expect(() => serializeInQuery(how(style, true), value)).toThrow(expect.objectContaining({ code: "invalid_input" }));
  }
});
