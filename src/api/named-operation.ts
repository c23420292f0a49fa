import type { DocumentOperation } from "./openapi/operations.ts";

/** What all ways of writing a name have in common, so that `createOrder`, `create_order` and `Create Order` are one; empty where no letter or digit is in it. */
export function nameKey(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "");
}

interface Names {
  /** The first operation of each id. */
  byId: ReadonlyMap<string, DocumentOperation>;
  byKey: ReadonlyMap<string, readonly DocumentOperation[]>;
}

const known = new WeakMap<readonly DocumentOperation[], Names>();

function namesOf(operations: readonly DocumentOperation[]): Names {
  let names = known.get(operations);
  if (!names) {
    names = {
      byId: new Map(operations.toReversed().map((operation) => [operation.id, operation])),
      byKey: Map.groupBy(operations, ({ id }) => nameKey(id)),
    };
    known.set(operations, names);
  }
  return names;
}

/** The operation of a document with this id. */
export function operationWithId(operations: readonly DocumentOperation[], id: string): DocumentOperation | undefined {
  return namesOf(operations).byId.get(id);
}

/**
 * The operation whose id a name is in another way of writing, also with the API's name before it, as tools have it, or
 * without where ids have it: `create_order`, `shop.createOrder`. Undefined where none or several fit.
 */
export function operationLike(
  operations: readonly DocumentOperation[],
  api: string,
  named: string,
): DocumentOperation | undefined {
  const [key, apiKey] = [nameKey(named), nameKey(api)];
  if (key === "") return undefined;
  const { byKey } = namesOf(operations);
  const without = key.startsWith(apiKey) ? byKey.get(key.slice(apiKey.length)) : undefined;
  const found = byKey.get(key) ?? without ?? byKey.get(apiKey + key) ?? [];
  const sameCase = found.filter(({ id }) => id.toLowerCase() === named.toLowerCase());
  return onlyOne(sameCase) ?? onlyOne(found);
}

function onlyOne<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}
