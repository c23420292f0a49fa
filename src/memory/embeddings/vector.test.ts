import fc from "fast-check";
import { expect, it } from "vitest";
import { createNearnessScan } from "./nearness.ts";
import { similarity, toBytes, toDirection } from "./vector.ts";

const vector = fc
  .array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 16, maxLength: 16 })
  .filter((values) => values.some((value) => Math.abs(value) > 1e-3))
  .map((values) => Float32Array.from(values));

function cosine(a: Float32Array, b: Float32Array): number {
  const product = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

it("compares stored vectors as the vectors themselves, but for the rounding", () => {
  fc.assert(
    fc.property(vector, vector, (a, b) => {
      const similar = similarity(toDirection(toBytes(a)), toBytes(b)) ?? Number.NaN;
      expect(Math.abs(similar - cosine(a, b))).toBeLessThan(0.04);
    }),
  );
});

it("refuses what has no direction, and does not compare different lengths", () => {
  expect(() => toBytes(new Float32Array(4))).toThrow(RangeError);
  expect(() => toBytes(Float32Array.of(1, Number.NaN))).toThrow(RangeError);
  expect(() => toBytes(Float32Array.of(1, Infinity))).toThrow(RangeError);
  expect(similarity(toDirection(toBytes(Float32Array.of(1, 2))), toBytes(Float32Array.of(1, 2, 3)))).toBeUndefined();
});

it("tells the nearest of many, and how much nearer than the average each is", () => {
  const scan = createNearnessScan(toDirection(toBytes(Float32Array.of(1, 0))));
  const angles = [0.1, 3, 0.5, 2];
  angles.forEach((angle, index) => {
    scan.add(40 - index * 10, toBytes(Float32Array.of(Math.cos(angle), Math.sin(angle))));
  });
  const nearness = scan.end();
  expect(nearness?.nearest).toEqual([40, 20, 10, 30]);
  const all = [40, 30, 20, 10].map((number) => nearness?.of(number) ?? Number.NaN);
  expect(all.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0);
  expect(nearness?.of(25)).toBeUndefined();
  expect(createNearnessScan(toDirection(toBytes(Float32Array.of(1)))).end()).toBeUndefined();
});
