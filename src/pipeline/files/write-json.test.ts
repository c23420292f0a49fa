import { monitorEventLoopDelay } from "node:perf_hooks";
import fc from "fast-check";
import { expect, it } from "vitest";
import { writeJson } from "./write-json.ts";

const large = Array.from({ length: 100_000 }, (_, id) => ({
  id,
  name: `Name "${id}"`,
  tags: ["a", null, true],
  at: { x: 1.5 },
}));

it("gives what JSON.stringify gives", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      expect(await writeJson(value)).toBe(JSON.stringify(value));
    }),
  );
  for (const value of [
    large,
    { rows: large.slice(0, 5000), next: null, "": {} },
    ["x".repeat(100_000), [], {}],
    [[large]],
  ]) {
    expect(await writeJson(value)).toBe(JSON.stringify(value));
  }
});

it("lets other work have its turn meanwhile", async () => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  delay.enable();
  await writeJson(large);
  delay.disable();
  clearInterval(timer);
  expect(turns).toBeGreaterThan(2);
  expect(delay.max / 1e6).toBeLessThan(200);
});
