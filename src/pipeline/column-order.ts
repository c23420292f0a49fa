import type { Row } from "./rows.ts";

/**
 * The names of the fields of rows in the order of the data. Objects do not keep it: they have fields that are named by whole
 * numbers, such as `2025`, first and sorted (ECMAScript, OrdinaryOwnPropertyKeys).
 */
export interface Order {
  names: readonly string[];
  /** Whether one of these, or of those that became them, is a whole number. */
  moved: boolean;
}

/** What becomes of the names of the fields of rows, in their order. */
export type OrderChange = (names: readonly string[]) => readonly string[];

/** What fields that are set last do to the order: new ones stand at the end. */
export function adding(fields: readonly string[]): OrderChange {
  return (names) => {
    const known = new Set(names);
    return [...names, ...fields.filter((field) => !known.has(field))];
  };
}

/** The names of the fields of rows, in the order in which they first appear. */
export function fieldsOf(rows: readonly Row[]): string[] {
  const names: string[] = [];
  const known = new Set<string>();
  for (const row of rows) {
    let place = 0;
    for (const name in row) {
      if (names[place++] === name || known.has(name)) continue;
      known.add(name);
      names.push(name);
    }
  }
  return names;
}

/**
 * Names of fields as objects give them, in the order of the data. Where none of these is or was a whole number they have it
 * already. Fields that the order does not have stand before the one that they stood before, or last.
 */
export function arranged(names: readonly string[], order: Order): readonly string[] {
  if (!order.moved && !names.some(isIndex)) return names;
  const present = new Set(names);
  const known = new Set(order.names.filter((name) => present.has(name)));
  if (known.size === 0) return names;
  const before = new Map<string, string[]>();
  const last = names.filter((name) => !known.has(name) && isIndex(name));
  let waiting: string[] = [];
  for (const name of names) {
    if (isIndex(name)) continue;
    if (!known.has(name)) waiting.push(name);
    else if (waiting.length > 0) {
      before.set(name, waiting);
      waiting = [];
    }
  }
  return [...[...known].flatMap((name) => [...(before.get(name) ?? []), name]), ...waiting, ...last];
}

/** The order that rows with these fields come in. */
export function met(order: Order, seen: readonly string[]): Order {
  return seen.length === 0 ? order : orderOf(arranged(seen, order), order.moved);
}

/** What a change makes of an order. */
export function changed(order: Order, change: OrderChange): Order {
  return orderOf(change(order.names), order.moved);
}

/** These names as an order; `moved` where some before them was a whole number. */
export function orderOf(names: readonly string[], moved = false): Order {
  return { names, moved: moved || names.some(isIndex) };
}

/** Whether objects move a field of this name to their beginning: a whole number below 2^32 - 1. */
function isIndex(name: string): boolean {
  return name.length <= 10 && /^(?:0|[1-9]\d*)$/.test(name) && Number(name) < 4_294_967_295;
}
