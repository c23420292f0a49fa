import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { readCsv, writeCell } from "./pipeline-csv.ts";
import { COUNTRIES } from "./pipeline-orders.ts";

/**
 * The steps of the bench as somebody writes them for exactly these columns, in plain JavaScript: `node pipeline-plain.ts
 * <input> <output> <turns>`. As in a pipeline, rows that break a rule leave with a reason, of which the first hundred are listed.
 */

interface Order {
  order_id: number | null;
  ordered_at: string;
  customer: string;
  email: string;
  country: string;
  product: string;
  quantity: number | null;
  price: number | null;
  status: string;
  total: number | null;
}

const COLUMNS = [
  "order_id",
  "ordered_at",
  "customer",
  "email",
  "country",
  "product",
  "quantity",
  "price",
  "status",
  "total",
] as const;

interface Reason {
  row: number;
  field: string;
  message: string;
}

function toNumber(text: string): number | null {
  if (!/^[+-]?\d+(?:\.\d+)?$/.test(text)) return null;
  return Number(text);
}

function main(input: string, output: string): void {
  const records = readCsv(readFileSync(input, "utf8"));
  const [header = []] = take(records);
  const at = Object.fromEntries(header.map((name, place) => [name, place]));
  const cell = (cells: string[], name: string) => (cells[at[name] as number] as string).trim();
  const countries = new Set(COUNTRIES);
  const reasons: Reason[] = [];
  let failures = 0;
  const fail = (row: number, field: string, message: string): void => {
    failures++;
    if (reasons.length < 100) reasons.push({ row, field, message });
  };
  const file = openSync(output, "w");
  let text = `${COLUMNS.join(",")}\r\n`;
  let number = 0;
  for (const cells of records) {
    number++;
    const id = toNumber(cell(cells, "order_id"));
    const quantity = toNumber(cell(cells, "quantity"));
    const order: Order = {
      order_id: id !== null && Number.isInteger(id) ? id : null,
      ordered_at: cell(cells, "ordered_at"),
      customer: cell(cells, "customer"),
      email: cell(cells, "email").toLowerCase(),
      country: cell(cells, "country").toUpperCase(),
      product: cell(cells, "product"),
      quantity: quantity !== null && Number.isInteger(quantity) ? quantity : null,
      price: toNumber(cell(cells, "price")),
      status: cell(cells, "status"),
      total: null,
    };
    if (order.quantity !== null && order.price !== null) {
      order.total = Number(`${Math.round(Number(`${order.quantity * order.price}e2`))}e-2`);
    }
    if (order.status === "cancelled") continue;
    const before = failures;
    if (order.order_id === null || order.order_id < 1) fail(number, "order_id", "must be an integer of at least 1");
    if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(order.ordered_at)) fail(number, "ordered_at", "must be a date");
    if (order.customer === "") fail(number, "customer", "must not be empty");
    if (!/^[^@ ]+@[^@ ]+[.][^@ ]+$/.test(order.email)) fail(number, "email", "must be an address");
    if (!countries.has(order.country)) fail(number, "country", "must be one of the countries");
    if (order.quantity === null || order.quantity < 1 || order.quantity > 1000) fail(number, "quantity", "1 to 1000");
    if (order.price === null || order.price < 0) fail(number, "price", "must be a number of at least 0");
    if (failures > before) continue;
    for (let column = 0; column < COLUMNS.length; column++) {
      if (column > 0) text += ",";
      text += writeCell(order[COLUMNS[column] as keyof Order]);
    }
    text += "\r\n";
    if (text.length > 65_536) {
      writeSync(file, text);
      text = "";
    }
  }
  writeSync(file, text);
  closeSync(file);
}

function take<T>(items: Iterable<T>): [T?] {
  const next = (items as IterableIterator<T>).next();
  return next.done ? [] : [next.value];
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const [input = "", output = "", turns = "1"] = process.argv.slice(2);
main(input, output);
const first = { cpuMs: cpuMs(), wallMs: performance.now() };
const laterCpuMs: number[] = [];
for (let turn = 1; turn < Number(turns); turn++) {
  const before = cpuMs();
  main(input, output);
  laterCpuMs.push(cpuMs() - before);
}
console.log(JSON.stringify({ ...first, laterCpuMs }));
