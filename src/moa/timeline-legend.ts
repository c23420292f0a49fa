import { CALLED, MARGIN, STATUSES } from "./timeline-style.ts";
import { round } from "./xml-text.ts";

/** What colours and lines mean, in as many rows as the width in pixels takes. */
export function drawLegend(top: number, width: number): { height: number; drawn: string } {
  const swatch = (kind: string) => (x: number, y: number) =>
    `<rect class="bar ${kind}" x="${x}" y="${y - 10}" width="18" height="11" rx="3"/>`;
  const items: [string, (x: number, y: number) => string][] = [
    ...STATUSES.map((status): [string, (x: number, y: number) => string] => [CALLED[status], swatch(status)]),
    [
      "waiting, then first token",
      (x, y) =>
        `${swatch("ok")(x, y)}<rect class="waiting" x="${x}" y="${y - 10}" width="8" height="11"/><line class="first" x1="${x + 8}" x2="${x + 8}" y1="${y - 12}" y2="${y + 3}"/>`,
    ],
    [
      "hedge or stand-in",
      (x, y) =>
        `<path class="link" d="M${x + 3} ${y - 12}V${y - 4}H${x + 8}"/><rect class="bar ok second" x="${x + 8}" y="${y - 9}" width="11" height="10" rx="3"/>`,
    ],
    ["critical path", (x, y) => `<rect class="critical" x="${x}" y="${y - 11}" width="18" height="13" rx="4"/>`],
    [
      "enough had answered",
      (x, y) => `<line class="enough" x1="${x + 9}" x2="${x + 9}" y1="${y - 13}" y2="${y + 4}"/>`,
    ],
    ["the others were cut", (x, y) => `<line class="cut" x1="${x + 9}" x2="${x + 9}" y1="${y - 13}" y2="${y + 4}"/>`],
  ];
  let [x, y] = [MARGIN, top];
  const drawn = items.map(([label, draw]) => {
    const needed = 26 + label.length * 6.4 + 18;
    if (x > MARGIN && x + needed > width - MARGIN) [x, y] = [MARGIN, y + 22];
    const item = `${draw(round(x), y)}<text class="legend" x="${round(x + 25)}" y="${y}">${label}</text>`;
    x += needed;
    return item;
  });
  return { height: y - top + 26, drawn: drawn.join("\n") };
}
