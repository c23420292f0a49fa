import { checkKeys, optionalFields, readChoice, readInteger, wrong } from "../../options.ts";
import { keyOf, keyOfRow } from "../../row-key.ts";
import { type Row, show } from "../../rows.ts";
import { createDigestSet } from "../../spool/digest-set.ts";
import { createNumberList } from "../../spool/number-list.ts";
import { createRowSorter } from "../../spool/sort-rows.ts";
import { createSpool } from "../../spool/spool.ts";
import type { OperationCompiler } from "./operation.ts";
import { chosen, nothing } from "./set-operation.ts";
import { readSortKeys, SORT_OPTIONS } from "./sort-key.ts";

/** `{ op: "limit", count, offset? }`: that many rows, after the first `offset`. */
export const limit: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "count", "offset"], where);
  const count = readInteger(options, "count", where, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const offset = readInteger(options, "offset", where, { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
  return {
    failsRun: false,
    start() {
      let seen = 0;
      return {
        push({ rows, numbers }) {
          const from = Math.max(offset - seen, 0);
          const to = Math.max(offset + count - seen, 0);
          seen += rows.length;
          return { rows: rows.slice(from, to), numbers: numbers.slice(from, to) };
        },
      };
    },
  };
};

/**
 * `{ op: "dedupe", fields?, keep? }`: of rows that are equal in these fields, or as a whole, the `first` (default) or the
 * `last`, where it stands.
 */
export const dedupe: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "fields", "keep"], where);
  const fields = optionalFields(options, "fields", where);
  const keep = readChoice(options, "keep", where, ["first", "last"], "first");
  const keyOfOne = fields ? (row: Row) => keyOf(row, fields) : keyOfRow;
  return {
    failsRun: false,
    ...(fields && { fields }),
    start({ workspace }) {
      const keys = createDigestSet();
      if (keep === "first") return { push: (batch) => chosen(batch, (row) => keys.add(keyOfOne(row))) };
      const spool = createSpool(workspace);
      // The place of the last row of each key so far, by the place of the key.
      const last = createNumberList();
      let place = 0;
      return {
        push(batch) {
          for (const row of batch.rows) last.set(keys.placeOf(keyOfOne(row)), place++);
          spool.add(batch);
          return nothing();
        },
        *end() {
          const kept = new Uint8Array(place);
          for (let key = 0; key < keys.size; key++) kept[last.get(key)] = 1;
          let at = 0;
          for (const batch of spool.batches()) yield chosen(batch, () => kept[at++] === 1);
          spool.clear();
        },
      };
    },
  };
};

/**
 * `{ op: "top", count, by?, sort_by?, descending?, nulls?, numeric?, ignore_case? }`: the first rows of each group, or of all;
 * with `sort_by` those with the largest values, in that order, with `descending: false` the smallest.
 */
export const top: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "count", "by", "sort_by", ...SORT_OPTIONS], where);
  const count = readInteger(options, "count", where, { min: 1, max: Number.MAX_SAFE_INTEGER });
  const by = optionalFields(options, "by", where) ?? [];
  const sorted =
    options.sort_by === undefined ? undefined : readSortKeys({ descending: true, ...options }, "sort_by", where);
  if (!sorted) {
    const order = SORT_OPTIONS.find((name) => options[name] !== undefined);
    if (order)
      throw wrong(where, `"${order}" needs "sort_by".`, 'Name the fields whose largest values count in "sort_by".');
  }
  return {
    failsRun: false,
    fields: [...by, ...(sorted?.fields ?? [])],
    orders: sorted?.texts ?? [],
    start({ workspace }) {
      const groups = createDigestSet();
      const taken = createNumberList();
      const take = (row: Row): boolean => {
        const place = groups.placeOf(keyOf(row, by));
        const before = taken.get(place);
        taken.set(place, before + 1);
        return before < count;
      };
      if (!sorted) return { push: (batch) => chosen(batch, take) };
      const sorter = createRowSorter(workspace, sorted.keys);
      return {
        push(batch) {
          sorter.add(batch);
          return nothing();
        },
        *end() {
          for (const batch of sorter.sorted()) yield chosen(batch, take);
        },
      };
    },
  };
};

/** `{ op: "sample", count | fraction, seed? }`: rows by chance, in their order; always the same ones for the same seed. */
export const sample: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "count", "fraction", "seed"], where);
  const seed = readInteger(options, "seed", where, { min: 0, max: 4_294_967_295, fallback: 0 });
  const { fraction } = options;
  if ((fraction === undefined) === (options.count === undefined)) {
    throw wrong(
      where,
      'needs either "count" or "fraction".',
      "count is a number of rows, fraction a share from 0 to 1.",
    );
  }
  if (fraction !== undefined) {
    if (typeof fraction !== "number" || !(fraction >= 0 && fraction <= 1)) {
      throw wrong(where, `"fraction" must be a number from 0 to 1, not ${show(fraction)}.`);
    }
    return {
      failsRun: false,
      start() {
        const random = createRandom(seed);
        return { push: (batch) => chosen(batch, () => random() < fraction) };
      },
    };
  }
  const count = readInteger(options, "count", where, { min: 0, max: Number.MAX_SAFE_INTEGER });
  return {
    failsRun: false,
    start({ workspace }) {
      const spool = createSpool(workspace);
      return {
        push(batch) {
          spool.add(batch);
          return nothing();
        },
        *end() {
          // Selection sampling (Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S).
          const random = createRandom(seed);
          let left = spool.rows;
          let wanted = count;
          for (const batch of spool.batches()) {
            yield chosen(batch, () => {
              const take = random() * left-- < wanted;
              if (take) wanted--;
              return take;
            });
          }
          spool.clear();
        },
      };
    },
  };
};

/** Numbers from 0 up to 1 by chance, the same for the same seed (sfc32 by Chris Doty-Humphrey). */
function createRandom(seed: number): () => number {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, seed | 0, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 15; round++) next();
  return next;
}
