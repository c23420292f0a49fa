import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFairPlaces } from "./fair-places.ts";

const OPTIONS = { total: 4, perAddress: 2, waiting: 3, waitMs: 1_000 };

/** Enters, and says in what order those who came got in. */
function hall(options: Partial<typeof OPTIONS> = {}) {
  const enter = createFairPlaces({ ...OPTIONS, ...options });
  const inside: { peer: string | undefined; leave: () => void }[] = [];
  const refused: (string | undefined)[] = [];
  const come = (peer: string | undefined) =>
    enter(peer).then((leave) => void (leave ? inside.push({ peer, leave }) : refused.push(peer)));
  return { come, inside, refused };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("places", () => {
  it("are shared: an address has some of them, and its others wait", async () => {
    const { come, inside, refused } = hall();
    for (const peer of ["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]) void come(peer);
    await settle();
    expect(inside.map(({ peer }) => peer)).toEqual(["10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    inside[0]?.leave();
    await settle();
    expect(inside[4]?.peer).toBe("10.0.0.1");
    expect(refused).toEqual([]);
  });

  it("are given by turns of the addresses that wait", async () => {
    const { come, inside } = hall({ total: 1, perAddress: 1 });
    for (const peer of ["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]) void come(peer);
    for (let turn = 0; turn < 5; turn++) {
      await settle();
      inside[turn]?.leave();
    }
    expect(inside.map(({ peer }) => peer)).toEqual(["10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1"]);
  });

  it.each([
    ["a /64 of IPv6", "2001:db8::1", "2001:db8::ffff:1"],
    ["IPv4, however it is written", "10.0.0.1", "::ffff:10.0.0.1"],
    ["a socket that is gone", undefined, "nonsense"],
  ])("are counted together for %s", async (_what, one, other) => {
    const { come, inside } = hall({ perAddress: 1 });
    void come(one);
    void come(other);
    await settle();
    expect(inside).toHaveLength(1);
  });

  it("are refused to whoever waits too long, or behind too many", async () => {
    const { come, inside, refused } = hall({ perAddress: 1, waitMs: 30 });
    const all = Array.from({ length: 6 }, () => come("10.0.0.1"));
    await settle();
    expect([inside.length, refused.length]).toEqual([1, 2]);
    await Promise.all(all);
    expect([inside.length, refused.length]).toEqual([1, 5]);
    inside[0]?.leave();
    await come("10.0.0.1");
    expect(inside).toHaveLength(2);
  });

  it("are never more than there are, and none is lost", async () => {
    const step = fc.record({ peer: fc.nat(3).map((n) => `10.0.0.${n}`), leaves: fc.boolean(), which: fc.nat(20) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { come, inside } = hall({ waiting: 100 });
        let came = 0;
        let left = 0;
        const leave = (at: number) => {
          inside.splice(at % inside.length, 1)[0]?.leave();
          left += 1;
        };
        for (const { peer, leaves, which } of steps) {
          if (leaves && inside.length > 0) leave(which);
          else {
            void come(peer);
            came += 1;
          }
          await settle();
          expect(inside.length).toBeLessThanOrEqual(OPTIONS.total);
        }
        while (inside.length > 0) {
          leave(0);
          await settle();
        }
        expect(left).toBe(came);
      }),
      { numRuns: 50 },
    );
  });
});
