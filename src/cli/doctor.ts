import { createPatchbay } from "../start.ts";
import { tools } from "../tools/index.ts";
import { brokenParts, checkAll, unusableTools } from "./checks.ts";
import type { CommandContext } from "./command-context.ts";
import { printable } from "./memory-call.ts";
import { probeModels } from "./probe-models.ts";
import { printableText } from "./terminal-text.ts";

const MARKS = { ok: "ok     ", off: "off    ", broken: "BROKEN " };

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
    const off = unusableTools(checks, tools, loaded.config);
    lines.push("", `${tools.length - off.size} of ${tools.length} tools can be used.`);
    for (const tool of tools) {
      const reason = off.get(tool.name);
      const broken = brokenParts(checks, tool).map(({ name }) => name);
      if (reason !== undefined) lines.push(`  ${tool.name}: ${reason}`);
      else if (broken.length > 0) lines.push(`  ${tool.name}: can be used, but not with ${broken.join(", ")}`);
    }
    process.stdout.write(printableText(patchbay.redact(`${lines.join("\n")}\n`)));
    return checks.some((check) => check.state === "broken") ? 1 : 0;
  } finally {
    await patchbay.dispose();
  }
}
