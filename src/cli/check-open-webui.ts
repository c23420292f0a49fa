import type { LoadedConfig } from "../config/loaded-config.ts";
import { isPrivateOrProtected } from "../identity/loopback.ts";
import type { Check } from "./checks.ts";

/** Whether status lines reach the chats of the configured Open-WebUI. Without one, there is nothing to say. */
export async function checkStatusLines(
  { config: { auth, openWebui } }: LoadedConfig,
  signal: AbortSignal,
): Promise<Check[]> {
  const { url, statusLine } = openWebui;
  if (url === undefined || !statusLine) return [];
  const about = { service: "configuration", name: "status lines in Open-WebUI" } as const;
  if (auth.mode === "oauth") {
    const detail = "off, for auth.mode oauth takes no sessions of Open-WebUI";
    const hint = "Choose auth.mode open-webui-session, or set openWebui.statusLine: false.";
    return [{ ...about, state: "off", detail, hint }];
  }
  if (!isPrivateOrProtected(url)) {
    const detail = `${url} has no TLS: the sessions that status lines are sent with could be read on their way`;
    return [{ ...about, state: "warn", detail, hint: "Use an https URL, or one of your private network." }];
  }
  const problem = await problemOf(`${url}/api/version`, signal);
  if (problem === undefined) return [{ ...about, state: "ok", detail: `at ${url}` }];
  const hint = "Set openWebui.url to the address by which this server reaches Open-WebUI.";
  return [{ ...about, state: "broken", detail: `${url} ${problem}`, hint }];
}

async function problemOf(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(url, { redirect: "manual", signal });
    const answer: unknown = await response.json().catch(() => undefined);
    if (typeof (answer as { version?: unknown } | null | undefined)?.version === "string") return undefined;
    const location = response.headers.get("location");
    if (location !== null) return `redirects to ${location}`;
    return `is no Open-WebUI (HTTP ${response.status} at /api/version)`;
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return `does not answer (${cause?.code ?? message})`;
  }
}
