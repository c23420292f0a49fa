import { execFileSync } from "node:child_process";
import { type Figure, median, round } from "./figure.ts";

const ROUNDS = 9;

/**
 * What the boundary adds to a call: CPU of a tool that says its arguments back, through it, against the same tool on a bare server of SDK v2. Each
 * side runs in a process of its own, in turn, so that neither's garbage or compiled code is the other's.
 */
export async function benchBoundary(): Promise<Figure[]> {
  const measure = (side: string): number =>
    Number(execFileSync(process.execPath, ["bench/boundary-call.ts", side], { encoding: "utf8" }));
  const ours: number[] = [];
  const bare: number[] = [];
  for (let turn = 0; turn < ROUNDS; turn++) {
    ours.push(measure("ours"));
    bare.push(measure("bare"));
  }
  const [a, b] = [median(ours), median(bare)];
  return [
    {
      what: "a tool call through the boundary against a bare tool of SDK v2, CPU",
      measured: `${round(a)} µs against ${round(b)} µs`,
      ratio: a / b,
      limit: { atMost: 1.3 },
    },
  ];
}
