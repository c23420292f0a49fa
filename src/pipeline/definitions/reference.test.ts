import { expect, it } from "vitest";
import { FUNCTIONS } from "../expression/functions.ts";
import { ROW_OPERATIONS, SET_OPERATIONS } from "../steps/transform/operation-names.ts";
import { writeReference } from "./reference.ts";
import { FUNCTION_GROUPS, OPERATION_TEXTS } from "./reference-texts.ts";

it("the reference tells of every operation, and of no other", () => {
  const names = [...ROW_OPERATIONS.keys(), ...SET_OPERATIONS.keys()].sort();
  expect(Object.keys(OPERATION_TEXTS).sort()).toEqual(names);
  for (const name of names) {
    expect(OPERATION_TEXTS[name]).toMatch(new RegExp(`^\\{ op: "${name}"`));
    expect(writeReference()).toContain(`- \`{ op: "${name}"`);
  }
});

it.each(Object.entries(OPERATION_TEXTS))("the reference names keys of %s that it takes", (name, text) => {
  const compile = ROW_OPERATIONS.get(name) ?? SET_OPERATIONS.get(name);
  const keys = keysOf(text);
  expect(keys[0]).toBe("op");
  let message = "";
  try {
    compile?.(Object.fromEntries(keys.map((key) => [key, key === "op" ? name : undefined])), "here");
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).not.toMatch(/unknown key/);
});

/** The keys at the first level of what is written like `{ a: "x", b?: { c: 1 }, d | e }`. */
function keysOf(text: string): string[] {
  let inner = text.split(" — ")[0]?.slice(1, -1) ?? "";
  inner = inner.replace(/"[^"]*"/g, "");
  for (let last = ""; last !== inner; ) {
    last = inner;
    inner = inner.replace(/[{[][^{}[\]]*[}\]]/g, "");
  }
  return inner.split(/[,|]/).flatMap((part) => /^\s*(\w+)/.exec(part)?.[1] ?? []);
}

it("the reference tells of every function, and of no other", () => {
  const told = FUNCTION_GROUPS.flatMap(({ functions }) => functions).map((text) => text.slice(0, text.indexOf("(")));
  expect(told.toSorted()).toEqual([...FUNCTIONS.keys()].sort());
});

it("the reference stays short enough to be read in one go", () => {
  expect(writeReference().length).toBeLessThan(14_000);
});
