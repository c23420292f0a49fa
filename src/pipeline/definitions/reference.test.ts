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

it("the reference tells of every function, and of no other", () => {
  const told = FUNCTION_GROUPS.flatMap(({ functions }) => functions).map((text) => text.slice(0, text.indexOf("(")));
  expect(told.toSorted()).toEqual([...FUNCTIONS.keys()].sort());
});

it("the reference stays short enough to be read in one go", () => {
  expect(writeReference().length).toBeLessThan(10_000);
});
