import { createPatchbay } from "../start.ts";
import { checkAll } from "./checks.ts";
import type { CommandContext } from "./command-context.ts";
import { printable } from "./memory-call.ts";
import { probeModels } from "./probe-models.ts";
import { printableText } from "./terminal-text.ts";
import { toolStates } from "./tool-states.ts";

const MARKS = { ok: "ok     ", off: "off    ", warn: "warn   ", broken: "BROKEN " };

/**
 * Checks configuration, database, providers and APIs, asks each configured model for a word, says what to fix, and gives 1 if
 * something is broken.
 */
export async function doctorCommand({ loaded, env, options = {} }: CommandContext): Promise<number> {
  const patchbay = createPatchbay(loaded, env);
  try {
    const checks = await checkAll(loaded, patchbay.services, { ask: !options["no-probe"] });
    const hasProvider = checks.some(({ service, state }) => service === "llm" && state === "ok");
    if (hasProvider && !options["no-probe"]) {
      const { llm } = await patchbay.services.get(["llm"]);
      checks.push(...(await probeModels(loaded, llm)));
    }
    const lines = checks.flatMap(({ state, name, detail, hint }) => [
      `${MARKS[state]}${name}: ${printable(detail)}`,
      ...(hint && state !== "ok" ? [`         ${printable(hint)}`] : []),
    ]);
    const states = toolStates(checks, loaded.config);
    const usable = states.filter(({ off }) => off === undefined);
    lines.push("", `${usable.length} of ${states.length} tools can be used.`);
    for (const { name, off, without } of states) {
      if (off !== undefined) lines.push(`  ${name}: ${printable(off)}`);
      else if (without.length > 0) lines.push(`  ${name}: can be used, but not with ${without.join(", ")}`);
    }
    process.stdout.write(printableText(patchbay.redact(`${lines.join("\n")}\n`)));
    return checks.some((check) => check.state === "broken") ? 1 : 0;
  } finally {
    await patchbay.dispose();
  }
}
