import { FUNCTIONS } from "../expression/functions.ts";
import { OUTPUT_FORMATS } from "../formats/output-options.ts";
import { INPUT_FORMATS } from "../input/detect-format.ts";
import { ROW_OPERATIONS, SET_OPERATIONS } from "../steps/transform/operation-names.ts";
import { FIELD_TYPES } from "../steps/validate/field-types.ts";
import { FUNCTION_GROUPS, OPERATION_TEXTS } from "./reference-texts.ts";

/** How the steps of a pipeline are written, on one page of Markdown for a model or a person. */
export function writeReference(): string {
  return `# run_pipeline: steps

Input: \`data\` (rows), \`text\` or \`source\`; formats ${INPUT_FORMATS.join(", ")}; output ${OUTPUT_FORMATS.join(", ")}.
Cells of csv, tsv, xml and markdown are text: \`cast\` (or \`coerce\` in validate) before numbers are compared.
A step is \`{ "name": "transform", … }\`; \`"enabled": false\` switches it off.
Try with \`dry_run\`; \`suggest\` gives input_options and steps that fit the data (its first 5 million values). Reasons name the row of the input, from 1.
\`source\` is "folder/file", or a kept result or API answer. Of a result with \`complete\`: false read more by its \`resource.uri\` as \`source\` of another run,
with \`{ op: "limit", count: 100, offset: 100 }\`, filter or pick. \`pipeline://runs/<run_id>/quarantine\` gives rows \`{ row, reasons, data }\`.

\`input_options\`: encoding, delimiter, header (true, false, the names, or "repair" for columns without a name of their own), skip_lines (lines above a csv table
are found out), skip_footer (rows), comment ("#"), quote ("none": a sign like others), row_path ("data.items", also in each of a list; in xml the elements, "book"),
null_values (["", "NA"]; an empty cell is "", not null, unless it is named here), on_bad_row (stop, skip, or pad: short rows get null).

Parameters: \`$name\` in expressions, \`{{$name}}\` in all other texts of a step; alone it gives the value itself.

## validate

\`{ "name": "validate", "mode": "drop", "fields": { "id": { "type": "integer", "required": true, "unique": true }, "mail": { "format": "email" } } }\`

- mode: stop (default: a failed row ends the run), drop, flag (reasons added to the list in the field \`_issues\`, or \`flag_field\`), quarantine (out of the run, given apart)
- fields: by name, rules or a type alone: type (${FIELD_TYPES.join(", ")}), required, unique,
  enum, pattern (RE2, anywhere in the text: \`^…$\` for all of it; the whole text in a Table Schema), format (email, uri, uuid, …), min, max, min_length, max_length, foreign ({ table, key }), date_format, decimal, currency, percent, true_values, false_values
- extra_fields: "forbid"; unique: [["a", "b"]] (with drop and quarantine among the rows that stay); primary_key; foreign_keys, as in a Table Schema, with tables: { name: rows or csv text }; missing_values: ["NA"]; a Table Schema is taken as well
- coerce: turns text into the type that its field is given here, or in the properties of the schema; on by default for csv, tsv, xml and
  markdown, but for a schema only where it is true
- schema: JSON Schema 2020-12 for each row; with "type": "array" for all rows together
- checks: ["end >= start", { "expression": "total == net + tax", "message": "does not add up", "field": "total" }]
- when: an expression; other rows are not checked

## transform

\`{ "name": "transform", "operations": [{ "op": "trim" }, { "op": "cast", "fields": { "amount": "number" }, "on_error": "null" }] }\`

On single rows (each takes \`when\`, an expression; other rows stay as they are):

${operationList([...ROW_OPERATIONS.keys()])}

On all rows together:

${operationList([...SET_OPERATIONS.keys()])}

on_error: fail (default: ends the run), null (the field; filter drops the row, aggregates pass over the value), keep; reasons are recorded either way. Aggregates, running sums and drop_null
take empty text for missing, as null. Boolean words: true, yes, y, on, 1 and their contraries; others by true_values, false_values. Parts of date formats: YYYY YY MMMM MMM MM M DD D dddd ddd HH H hh h mm m ss s SSS
A Z X, [text]; names of months are English.

An API's answer: row_path leads to its rows. To keep what stands around them, leave it out: \`{ op: "explode", field: "items" }\`, then \`{ op: "flatten" }\` for \`items.id\`.

Instead of operations \`{ "name": "transform", "jsonata": "$merge([$, {'total': price * qty}])", "scope": "row" }\`: JSONata for each row, or with scope "rows" for the
list of all; timeout (10 s for 1000 rows), on_error. Parameters are its variables.

## Expressions

\`price * quantity > 100 and lower(country) == "de" ? "big" : "small"\`

\`a ? b : c\`, or, and, not, == != < <= > >=, + - * / %. Fields by name, dotted into objects and lists (\`address.city\`, \`tags.0\`),
in backticks where the name has other signs (\`\` \`unit price\` \`\`). Text in either quotes. \`+\` joins as soon as one side is text, null being empty text.
With null, other arithmetic gives null and \`<\` gives false; is_empty is true for "" as well, is_null is not. \`5 == "5"\` is false. \`%\` and mod have the sign of their left side.
weekday is 1 on Monday; to_unix gives seconds; dates without an offset are UTC.

${FUNCTION_GROUPS.map(({ title, functions }) => `- ${title}: ${functions.filter(isKnown).join(", ")}`).join("\n")}

## enrich

One or more of these, in order; \`when\` (an expression) chooses the rows, \`on_error\`, beside them and not
inside, is keep (default: the field is null), drop, quarantine or fail.

- \`"lookup": { "field": "country", "source": "exports/countries.csv", "key": "code" }\` joins with a file of a folder or a kept result (input_options,
  table_format: how it is read); or \`"table"\`: an object by key such as \`{ "DE": { "currency": "EUR" } }\`, a list with \`key\`, or csv itself as text (no name of a file).
  how: left (default), inner (rows without an entry leave); many: true (a row for each entry of a key, else a key is there once); fields (names, or { "land": "name" }),
  into, prefix, default, ignore_case, trim, normalize; field and key may be lists
- \`"memory": { "query_template": "{{customer}}", "into": "known", "limit": 3 }\`
- \`"api": { "api": "crm", "operation": "GET /customers/{id}", "path": { "id": "{{id}}" }, "select": "name", "into": "customer" }\`; query, header, body,
  max_pages, timeout, batch
- batch of api: \`{ "api": "shop", "operation": "POST /prices", "body": { "ids": "{{sku}}" }, "select": "items", "batch": { "size": 50, "key": "sku", "match": "id" }, "fields": { "price": "cost" } }\`
  sends \`{ "ids": ["a", "b", …] }\`, for \`{{sku}}\` is the list of the rows' values; of the list \`items\` in the answer each row takes the entry whose \`id\` is its \`sku\`. Without key
  the first entry is the first row's, and so on. \`{{rows}}\` is the list of the rows (each as \`"row": { "q": "{{name}}" }\` of batch makes it); \`"body": "{{rows}}"\` sends a bare list;
  separator: "," makes a text of a list
- \`"llm": { "task": "extract", "input_template": "{{text}}", "output_schema": {…}, "into": "facts" }\`; model, system_prompt, max_tokens, timeout, batch: { "size": 10 }
- of memory, api and llm: \`into\` (a field), \`fields\` ({ "field": "path.in.answer" }) or \`prefix\`; default, concurrency (4), max_calls (1000), rate_limit ({ "requests": 10, "per": 1 })

Templates: \`{{field}}\`; a text that is nothing but one gives the value itself.

## format

\`{ "name": "format", "format": "csv", "columns": ["id", "total"] }\`; for csv delimiter, header, escape_formulas (true: text such as "=1+1" or "+49 30" gets a leading apostrophe, also in tsv), quote (minimal, all), line_end (crlf, lf), bom,
null_text; for json and xml indent; for xml root, row_name.
The format of the step goes before output_format. A result without rows has the header of the last rows there were.
`;
}

function operationList(names: readonly string[]): string {
  return names
    .map((name) => `- \`${OPERATION_TEXTS[name] ?? `{ op: "${name}" }`}\``.replace(/`(.*?) — (.*)`$/s, "`$1` $2"))
    .join("\n");
}

/** Whether the language has the function that a text begins with. */
function isKnown(text: string): boolean {
  return FUNCTIONS.has(text.slice(0, text.indexOf("(")));
}
