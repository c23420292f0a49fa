import type { McpUiHostContext } from "@modelcontextprotocol/ext-apps";
import type { Host } from "./host.ts";

/** Both or none: the host's text on a background of ours could be unreadable. */
const PAIR = ["--color-background-primary", "--color-text-primary"];
const TAKEN = [
  ...PAIR,
  ...["--color-background-secondary", "--color-text-secondary", "--color-border-primary", "--color-ring-primary"],
  ...["--font-sans", "--font-mono", "--border-radius-md"],
];

/** Makes the page look like the host: light or dark, its colours and fonts, and room for what covers its edges. */
export function applyStyle({ theme, styles, safeAreaInsets }: McpUiHostContext): void {
  const { dataset, style } = document.documentElement;
  if (theme === "light" || theme === "dark") dataset.theme = theme;
  const variables = styles?.variables as Record<string, string | undefined> | undefined;
  if (variables) {
    const isWhole = PAIR.every((name) => variables[name]);
    for (const name of TAKEN) {
      const value = isWhole || name.startsWith("--font") ? variables[name] : undefined;
      if (value) style.setProperty(name, value);
      else style.removeProperty(name);
    }
  }
  if (safeAreaInsets) {
    const { top, right, bottom, left } = safeAreaInsets;
    document.body.style.padding = [top, right, bottom, left].map((edge) => `${Number(edge) || 0}px`).join(" ");
  }
}

/** The host's language, where the browser knows it. */
export function languageOf({ context }: Host): string | undefined {
  try {
    return Intl.getCanonicalLocales(context.locale ?? [])[0];
  } catch {
    return undefined;
  }
}
