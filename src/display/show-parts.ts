import { type ChartRequest, chartOf } from "./chart.ts";
import { type ImageType, imageOf } from "./image.ts";
import type { ChartKind, Part } from "./parts.ts";
import { headingOf, renderText } from "./render-text.ts";
import { MAX_ROWS, type Row, tableOf, wrong } from "./table.ts";

/** What is to be shown, as the tool's arguments say it. */
export interface ShowRequest extends Omit<ChartRequest, "chart"> {
  markdown?: string | undefined;
  rows?: readonly Row[] | undefined;
  columns?: readonly string[] | undefined;
  chart?: ChartKind | undefined;
  image?: string | undefined;
  alt?: string | undefined;
}

/** Characters. */
const LIMITS = { markdown: 100_000, title: 200, alt: 1_000 };

/** How images are told and limited. */
export interface ImageRules {
  typeOf: ImageType;
  maxBytes: number;
}

/**
 * The parts to show, and all of them as Markdown.
 * @throws ToolError `invalid_input` that names the parameter at fault
 */
export function showParts(request: ShowRequest, { typeOf, maxBytes }: ImageRules): { parts: Part[]; text: string } {
  const { markdown, rows, columns, chart, image, alt, title, x, y } = withoutFillers(request);
  const parts: Part[] = [];
  for (const [name, length] of Object.entries(LIMITS)) {
    const given = request[name as keyof typeof LIMITS]?.length ?? 0;
    if (given > length) throw wrong(name, `"${name}" must have at most ${length} characters, not ${given}.`);
  }
  // Without rows it stands above all there is: models give everything a title.
  const heading = rows === undefined && title !== undefined && title.trim() !== "" ? [headingOf(title)] : [];
  const texts = [...heading, ...(markdown === undefined ? [] : [markdown])];
  if (texts.length > 0) parts.push({ type: "markdown", text: texts.join("\n\n") });
  for (const [name, value] of Object.entries({ columns, chart, x, y })) {
    if (value !== undefined && rows === undefined) throw wrong(name, `"${name}" needs "rows": what it is about.`);
  }
  for (const [name, value] of Object.entries({ x, y })) {
    if (value !== undefined && chart === undefined) throw wrong(name, `"${name}" is of a chart: give "chart", too.`);
  }
  if (alt !== undefined && image === undefined) throw wrong("alt", '"alt" describes an image: give "image", too.');
  if (rows !== undefined) parts.push(...rowParts(rows, { columns, chart, title, x, y }));
  if (image !== undefined) parts.push(imageOf(image, alt ?? "", typeOf, maxBytes));
  return { parts, text: renderText(parts) };
}

/** What was asked for, without the empty lists that models give for what they leave out. A table may be empty if it is one. */
function withoutFillers(request: ShowRequest): ShowRequest {
  const columns = request.columns?.length === 0 ? undefined : request.columns;
  const y = request.y?.length === 0 ? undefined : request.y;
  const isTable = columns !== undefined || request.title !== undefined || request.chart !== undefined;
  return { ...request, columns, y, rows: request.rows?.length === 0 && !isTable ? undefined : request.rows };
}

function rowParts(rows: readonly Row[], { columns, chart, title, x, y }: ShowRequest): Part[] {
  if (rows.length > MAX_ROWS) {
    throw wrong(
      "rows",
      `"rows" has ${rows.length} rows, more than ${MAX_ROWS}.`,
      "Show the first ones, or sum them up.",
    );
  }
  if (chart === undefined) {
    const table = tableOf(rows, columns, []);
    return [title === undefined ? table : { ...table, title }];
  }
  const drawn = chartOf(rows, { chart, title, x, y });
  return [drawn, tableOf(rows, columns, [drawn.x, ...drawn.y])];
}
