import { createPatchbay } from "../start.ts";
import { tools } from "../tools/index.ts";
import { brokenParts, checkAll, unusableTools } from "./checks.ts";
import type { CommandContext } from "./command-context.ts";

const MARKS = { ok: "ok     ", off: "off    ", broken: "BROKEN " };

/** Checks configuration, database, providers and APIs, says what to fix, and gives 1 if something is broken. */
export async function doctorCommand({ loaded, env }: CommandContext): Promise<number> {
  const patchbay = createPatchbay(loaded, env);
  try {
    const checks = await checkAll(loaded, patchbay.services);
    const lines = checks.flatMap(({ state, name, detail, hint }) => [
      `${MARKS[state]}${name}: ${detail}`,
      ...(hint && state !== "ok" ? [`         ${hint}`] : []),
    ]);
    const off = unusableTools(checks, tools, loaded.config);
    lines.push("", `${tools.length - off.size} of ${tools.length} tools can be used.`);
    for (const tool of tools) {
      const reason = off.get(tool.name);
      const broken = brokenParts(checks, tool).map(({ name }) => name);
      if (reason !== undefined) lines.push(`  ${tool.name}: ${reason}`);
      else if (broken.length > 0) lines.push(`  ${tool.name}: can be used, but not with ${broken.join(", ")}`);
    }
    process.stdout.write(patchbay.redact(`${lines.join("\n")}\n`));
    return checks.some((check) => check.state === "broken") ? 1 : 0;
  } finally {
    await patchbay.dispose();
  }
}
