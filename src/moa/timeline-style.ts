import type { TraceEntry } from "./run-record.ts";

/** Pixels around everything. */
export const MARGIN = 28;
/** How calls end, in the order of the legend. */
export const STATUSES = ["ok", "partial", "error", "timeout", "cancelled"] as const;
export const CALLED: Record<TraceEntry["status"], string> = {
  ok: "answered",
  partial: "cut off, what had come is used",
  error: "failed",
  timeout: "timed out",
  cancelled: "cancelled",
};

const colours = {
  light: {
    page: "#ffffff",
    band: "#f5f7fa",
    ink: "#17202e",
    soft: "#5d6b80",
    faint: "#8592a5",
    grid: "#dfe4ec",
    ok: "#2a9d7f",
    partial: "#e0a021",
    error: "#d6453f",
    timeout: "#b0529f",
    cancelled: "#a9b4c3",
    accent: "#3d5afe",
  },
  dark: {
    page: "#12161d",
    band: "#1a2029",
    ink: "#e8edf5",
    soft: "#a3b0c2",
    faint: "#7d8a9d",
    grid: "#2b3440",
    ok: "#35b593",
    partial: "#e9b44c",
    error: "#ef6a64",
    timeout: "#c874b8",
    cancelled: "#5c6879",
    accent: "#8c9eff",
  },
};

const variables = (names: Record<string, string>) =>
  Object.entries(names)
    .map(([name, value]) => `--${name}:${value}`)
    .join(";");

/** The style sheet of the timeline, for light and dark surroundings. */
export const STYLE = [
  `svg{${variables(colours.light)};font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}`,
  `@media (prefers-color-scheme:dark){svg{${variables(colours.dark)}}}`,
  ".page{fill:var(--page)}.band{fill:var(--band)}.grid{stroke:var(--grid)}",
  "text{fill:var(--ink)}.kicker{font-size:12px;font-weight:600;letter-spacing:.08em;text-transform:uppercase;fill:var(--accent)}",
  ".query{font-size:17px;font-weight:600}.fact{font-size:15px;font-weight:600}",
  ".fact-label,.tick{font-size:11px;fill:var(--faint)}.layer{font-size:12px;font-weight:700;fill:var(--soft)}",
  '.name{font:12px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}.name,text{white-space:pre}',
  ".note{font-size:10px;fill:var(--soft)}.number{font-size:11.5px;font-variant-numeric:tabular-nums;fill:var(--soft)}.faint{fill:var(--faint)}",
  ".badge{fill-opacity:.16}.badge-text{font-size:12px;font-weight:600}",
  ".badge.complete,.badge-text.complete{fill:var(--ok)}.badge.degraded,.badge-text.degraded{fill:var(--partial)}",
  ...STATUSES.map((status) => `.${status}{fill:var(--${status})}`),
  ".error-text{fill:var(--error)}.timeout-text{fill:var(--timeout)}",
  ".bar.cancelled{fill:url(#hatch)}.stripe{fill:var(--band)}.waiting{fill:var(--band);fill-opacity:.5}",
  ".first{stroke:var(--ink);stroke-width:1.5}.second{stroke:var(--ink);stroke-width:1;stroke-dasharray:3 2}",
  ".link{fill:none;stroke:var(--ink);stroke-width:1.2;stroke-dasharray:2 2}.joint{fill:var(--ink)}",
  ".critical{fill:none;stroke:var(--accent);stroke-width:1.8}.join{fill:none;stroke:var(--accent);stroke-width:1.4}",
  ".cut{stroke:var(--error);stroke-width:1.4;stroke-dasharray:5 3}.cut-text{font-size:10px;fill:var(--error)}",
  ".enough{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:1.5 2.5}",
  ".legend{font-size:11px;fill:var(--soft)}",
].join("\n");
