import { checkKeys } from "../../options.ts";
import { createRowSorter } from "../../spool/sort-rows.ts";
import type { OperationCompiler } from "./operation.ts";
import { nothing } from "./set-operation.ts";
import { readSortKeys, SORT_OPTIONS } from "./sort-key.ts";

/** `{ op: "sort", by, descending?, nulls?, numeric?, ignore_case? }`: by fields, see readSortKeys(); equal rows keep their order. */
export const sort: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "by", ...SORT_OPTIONS], where);
  const { fields, keys, texts } = readSortKeys(options, "by", where);
  return {
    failsRun: false,
    fields,
    orders: texts,
    start({ workspace }) {
      const sorter = createRowSorter(workspace, keys);
      return {
        push(batch) {
          sorter.add(batch);
          return nothing();
        },
        end: () => sorter.sorted(),
      };
    },
  };
};
