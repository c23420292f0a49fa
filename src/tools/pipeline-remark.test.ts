import { expect, it } from "vitest";
import { pipelineRemark } from "./pipeline-remark.ts";

const pipeline = (description: string) => ({ description, parameters: {} });

it("there is nothing to say where no pipelines are configured", () => {
  expect(pipelineRemark({})).toBeUndefined();
});

it("pipelines are named with their parameters, required ones starred, and what they are for", () => {
  const parameter = { type: "string" as const, description: "" };
  expect(
    pipelineRemark({
      orders: { description: "Orders\nof a day.", parameters: { day: parameter, limit: { ...parameter, default: 1 } } },
      plain: pipeline(""),
    }),
  ).toBe("Configured pipelines: orders(day*, limit): Orders of a day; plain.");
});

it("of many pipelines and long descriptions only as much is said as every conversation can bear", () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, pipeline("x".repeat(500))]));
  const remark = pipelineRemark(many) ?? "";
  expect(remark.length).toBeLessThan(1050);
  expect(remark).toMatch(/; and \d+ more\.$/);
});
