import { newRow, type Row } from "../rows.ts";

/** Fields that V8 keeps in an object itself; with more, a generated constructor is slower than a hash table. */
const MAX_SHAPED = 250;

/**
 * Makes rows of cells for a table with these columns, distinct from each other.
 *
 * Fields that are set one by one under computed names make V8 fall back to hash tables beyond some 20 fields: twice the
 * time and memory. So a constructor is generated that names them; the names are in it as JSON strings only.
 */
export function rowMaker(names: readonly string[]): (cells: readonly unknown[]) => Row {
  if (names.length > MAX_SHAPED) {
    return (cells) => {
      const row = newRow();
      for (let index = 0; index < names.length; index++) row[names[index] as string] = cells[index];
      return row;
    };
  }
  const fields = names.map((name, index) => `this[${JSON.stringify(name)}] = cells[${index}];`).join("\n");
  const make = new Function(
    "prototype",
    `function TableRow(cells) { ${fields} }
     TableRow.prototype = prototype;
     return (cells) => new TableRow(cells);`,
  );
  return make(Object.getPrototypeOf(newRow())) as (cells: readonly unknown[]) => Row;
}
