import type { DecimalSign } from "../values/numbers.ts";
import type { Column, Kind } from "./column.ts";
import type { DateChoice } from "./date-readings.ts";
import type { NumberReading } from "./number-readings.ts";

export type ColumnType = "string" | "integer" | "number" | "boolean" | "date" | "datetime" | "object" | "array" | "any";

/** What a column is taken for, and how its values are read as that. */
export interface Decision {
  type: ColumnType;
  /** Options of the cast that reads it; undefined where no cast is needed. */
  cast?: Record<string, unknown>;
  /** Formats of its dates, where these are of any use. */
  dateFormats?: readonly string[];
  min?: number | string;
  max?: number | string;
  /** Whether it is text for the sake of a few values only, so that its form is no rule. */
  mixed?: boolean;
  remarks: string[];
}

/** How the data write numbers and dates where a column tells. */
export interface Evidence {
  decimal?: DecimalSign;
  first?: "D" | "M";
}

/** Names of what is written in digits and is no number. */
const DIGITS_ONLY =
  /zip|plz|post(al)?[_ -]?code|postleitzahl|phone|telefon|(^|[_ -])tel($|[_ -])|mobile|handy|fax|iban|(^|[_ -])bic($|[_ -])|isbn|gtin|(^|[_ -])ean($|[_ -])|vat[_ -]?(id|no|number)|ustid|ssn|passport|(^|[_ -])version$|account[_ -]?(no|number|id)|konto/i;

/** What the columns tell of how numbers and dates are written. */
export function gatherEvidence(columns: readonly Column[]): Evidence {
  const evidence: Evidence = {};
  for (const { numbers, dates } of columns) {
    const signs = new Set(numbers.left().map(({ options }) => options.decimal));
    if (signs.size > 0 && !(signs.has(",") && (signs.has(".") || signs.has(undefined)))) {
      evidence.decimal ??= signs.has(",") ? "," : ".";
    }
    const order = dates.all() ? dates.order() : undefined;
    if (order === "D" || order === "M") evidence.first ??= order;
  }
  return evidence;
}

/** Takes a column for a type that each of its values is of. What can be read in two ways stays text. */
export function decide(column: Column, evidence: Evidence): Decision {
  const { kinds } = column;
  const compound = (["object", "array"] as const).filter((kind) => kinds.has(kind));
  if (compound.length > 0) {
    if (kinds.size === 1 && column.missingWords.size + column.maybeMissingWords.size + column.blank === 0) {
      return { type: compound[0] as ColumnType, remarks: [] };
    }
    return { type: "any", remarks: ["it mixes objects or lists with other values"] };
  }
  if (kinds.size === 0) {
    const words = column.missingWords.size + column.maybeMissingWords.size > 0;
    return words ? asText(column, evidence, []) : { type: "any", remarks: ["it has no values"] };
  }
  if (DIGITS_ONLY.test(column.name) && column.texts > 0) {
    const digits = !kinds.has("text") && !kinds.has("boolean");
    return asText(
      column,
      evidence,
      digits ? ["it is made of digits, but going by its name it is no amount: it stays text"] : [],
    );
  }
  const remarks: string[] = [];
  return (
    asDate(column, evidence, remarks) ??
    asBoolean(column) ??
    asNumber(column, evidence, remarks) ??
    asText(column, evidence, remarks)
  );
}

/** Share of the values from which on the others are taken for faults. */
const MOST = 0.7;

function asText(column: Column, evidence: Evidence, remarks: string[]): Decision {
  const { kinds, texts } = column;
  const total = [...kinds.values()].reduce((sum, count) => sum + count, 0);
  const cast = texts < total && { cast: { type: "string" } };
  const most = [...kinds].find(([kind, count]) => kind !== "text" && count < total && count >= total * MOST);
  if (!most || remarks.length > 0) return { type: "string", ...cast, remarks };
  const [kind, count] = most;
  const misfits = kind === "date" ? column.dates.misfits : column.oddities;
  const others = misfits.map((text) => JSON.stringify(text)).join(", ");
  const written = howWritten(kind, column, evidence);
  remarks.push(
    `${count} of ${total} values look like ${kind}${others && `, others such as ${others} do not`}: mend these or name them in null_values, then cast it to ${kind}${written}; on_error "null" would lose them`,
  );
  return { type: "string", ...cast, mixed: true, remarks };
}

/** What a cast of most of a column's values has to be told. */
function howWritten(kind: Kind, { dates }: Column, { decimal, first }: Evidence): string {
  if (kind === "number" && decimal === ",") return ' with "decimal": ","';
  if (kind !== "date") return "";
  const order = dates.order();
  const formats = dates.choose(order === "D" || order === "M" ? order : (first ?? "D")).formats;
  const unsure = order === "both" || (order === "?" && first === undefined);
  if (formats.length === 0 || (formats.length === 1 && formats[0] === "ISO")) return "";
  const list = JSON.stringify(formats.length === 1 ? formats[0] : formats);
  return ` with "date_format": ${list}${unsure ? ", if the day comes first" : ""}`;
}

/** Whether anything is written as text, blank text and words for nothing included. */
function hasText({ texts, blank, missingWords, maybeMissingWords }: Column): boolean {
  return texts + blank + missingWords.size + maybeMissingWords.size > 0;
}

function asBoolean(column: Column): Decision | undefined {
  const words = column.booleans.choose();
  if (!words) return undefined;
  const own = words.yes && { true_values: words.yes, false_values: words.no };
  return { type: "boolean", ...(hasText(column) && { cast: { type: "boolean", ...own } }), remarks: [] };
}

function asDate(column: Column, evidence: Evidence, remarks: string[]): Decision | undefined {
  const { dates, distinct } = column;
  if (!dates.all()) return undefined;
  const order = dates.order();
  if (order === "both") {
    remarks.push("its dates have now the day, now the month first: they cannot all be read by one format");
    return undefined;
  }
  const told = order === "?" ? evidence.first : order;
  if (order === "?" && told === undefined) {
    const [day, month] = [dates.choose("D"), dates.choose("M")].map(({ formats }) => formats.join(", "));
    remarks.push(`its dates may be ${day} or ${month}, and no value tells: cast it with the right date_format`);
    return undefined;
  }
  const choice = dates.choose(told ?? "D");
  // Eight digits are dates only where many are.
  if (choice.formats.includes("YYYYMMDD") && distinct !== undefined && distinct.size < 3) return undefined;
  const said =
    order === "?" ? [`whether day or month comes first is taken from other columns: ${choice.formats.join(", ")}`] : [];
  return dateDecision(choice, said);
}

function dateDecision({ formats, timed, min, max }: DateChoice, remarks: string[]): Decision {
  const type = timed === "none" ? "date" : "datetime";
  const iso = formats.length === 1 && formats[0] === "ISO";
  if (timed === "some") remarks.push("only some of its values have a time; the others get midnight");
  if (formats.length > 1) remarks.push(`its dates are written in ${formats.length} ways`);
  const cast = { type, ...(!iso && { date_format: formats.length === 1 ? formats[0] : formats }) };
  return { type, cast, ...(!iso && { dateFormats: formats }), min, max, remarks };
}

function asNumber(column: Column, evidence: Evidence, remarks: string[]): Decision | undefined {
  const reading = chooseReading(column, evidence, remarks);
  if (!reading) return undefined;
  const { options, whole, min, max } = reading;
  const type = whole ? "integer" : "number";
  const uneven = options.decimal === "," ? undefined : column.numbers.uneven();
  if (uneven !== undefined && Number.isFinite(Number(uneven))) {
    remarks.push(
      `${JSON.stringify(uneven)} becomes ${Number(uneven)}: keep it as text if these are versions or numbered headings`,
    );
  }
  if (whole && min === 0 && max === 1 && column.kinds.size === 1) {
    remarks.push("it has 0 and 1 only: cast it to boolean if that is what they mean");
  }
  return { type, ...(hasText(column) && { cast: { type, ...options } }), min, max, remarks };
}

function chooseReading(column: Column, evidence: Evidence, remarks: string[]): NumberReading | undefined {
  const { numbers } = column;
  const left = numbers.left();
  const extra = left[0]?.options;
  if (!extra) return undefined;
  const same = left.filter(({ options }) => options.currency === extra.currency && options.percent === extra.percent);
  const by = (sign: DecimalSign | undefined) => same.find(({ options }) => options.decimal === sign);
  const plain = by(undefined);
  const point = by(".");
  const comma = by(",");
  if (plain && comma && numbers.pointsMayGroup() && evidence.decimal !== ".") {
    if (evidence.decimal === ",") {
      remarks.push("its points are taken to part thousands, as other columns have a decimal comma");
      return comma;
    }
    remarks.push('its points may part thousands: if so, cast it with decimal ","');
  }
  if (plain) return plain;
  if (point && comma && numbers.commasMayGroup()) {
    if (evidence.decimal === undefined) {
      remarks.push('its commas may part thousands or decimals, and no value tells: cast it with decimal "." or ","');
      return undefined;
    }
    remarks.push(
      `its commas are taken to part ${evidence.decimal === "," ? "decimals" : "thousands"}, as in other columns`,
    );
    return evidence.decimal === "," ? comma : point;
  }
  return point ?? comma;
}
