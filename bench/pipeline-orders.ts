import { closeSync, openSync, writeSync } from "node:fs";

/** Countries that the rules of the bench take, in capitals. */
export const COUNTRIES = ["DE", "FR", "IT", "ES", "PL", "AT", "NL", "SE", "FI", "PT"];

/** What every program of the bench does with the rows: clean, count a total, leave out, check, and write as csv. */
export const STEPS = [
  {
    name: "transform",
    operations: [
      { op: "trim" },
      { op: "cast", fields: { order_id: "integer", quantity: "integer", price: "number" }, on_error: "null" },
      { op: "lowercase", fields: ["email"] },
      { op: "uppercase", fields: ["country"] },
      { op: "compute", field: "total", expression: "round(quantity * price, 2)" },
      { op: "filter", expression: 'status != "cancelled"' },
      { op: "omit", fields: ["note"] },
    ],
  },
  {
    name: "validate",
    mode: "drop",
    schema: {
      type: "object",
      required: ["order_id", "ordered_at", "customer", "email", "country", "quantity", "price"],
      properties: {
        order_id: { type: "integer", minimum: 1 },
        ordered_at: { type: "string", pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" },
        customer: { type: "string", minLength: 1 },
        email: { type: "string", pattern: "^[^@ ]+@[^@ ]+[.][^@ ]+$" },
        country: { enum: COUNTRIES },
        quantity: { type: "integer", minimum: 1, maximum: 1000 },
        price: { type: "number", minimum: 0 },
      },
    },
  },
  { name: "format", format: "csv" },
];

const FIRST = ["Ana", "Ben", "Chloé", "Dmitri", "Eva", "Farid", "Grete", "Hugo", "Ines", "Jörg"];
const LAST = ["Weber", "Martin", "Rossi", "García", "Nowak", "Gruber", "Jansen", "Berg", "Laine", "Silva"];
const STATES = ["shipped", "shipped", "open", "paid", "cancelled"];
const NOTES = [
  "",
  "",
  "paid by invoice, net 30 days, thanks",
  "leave at the door",
  "ring twice, please",
  'says "fragile"',
  "- urgent -",
];

/**
 * Writes a csv of orders, the same for the same number: about 115 bytes a row, some cells quoted or with blanks around, and of a
 * hundred rows four that break a rule.
 */
export function writeOrders(file: string, rows: number): void {
  const output = openSync(file, "w");
  let seed = 42;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 4_294_967_296) * limit);
  };
  let text = "order_id,ordered_at,customer,email,country,product,quantity,price,status,note\r\n";
  for (let row = 1; row <= rows; row++) {
    const [first = "", last = ""] = [FIRST[below(10)], LAST[below(10)]];
    const wrong = below(100);
    const day = `2026-${String(1 + below(12)).padStart(2, "0")}-${String(1 + below(28)).padStart(2, "0")}`;
    const email = wrong === 0 ? "none" : `${first}.${last}${below(10_000)}@Mail.Example.com`;
    const country = wrong === 1 ? "zz" : (COUNTRIES[below(10)] as string).toLowerCase();
    const quantity = wrong === 2 ? "n/a" : below(40) + 1;
    const price = wrong === 3 ? "-1" : (below(100_000) / 100).toFixed(2);
    const note = NOTES[below(7)] as string;
    const quoted = /[",]/.test(note) ? `"${note.replaceAll('"', '""')}"` : note;
    const product = `${["widget", "gadget", "gizmo"][below(3)]}-${String(below(1000)).padStart(4, "0")}`;
    const id = 1_000_000 + row;
    text += `${id},${day}, ${first} ${last} ,${email},${country},${product},${quantity},${price},${STATES[below(5)]},${quoted}\r\n`;
    if (text.length > 1_000_000) {
      writeSync(output, text);
      text = "";
    }
  }
  writeSync(output, text);
  closeSync(output);
}
