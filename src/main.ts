#!/usr/bin/env node
import module from "node:module";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  // Checked before anything else is loaded: the native database module would crash an older Node.
  process.stderr.write(`patchbay-mcp needs Node 22.19 or newer, this is ${process.versions.node}.\n`);
  process.exit(1);
}
// A reader that stops reading, such as head, is no failure.
process.stdout.on("error", () => {});
module.enableCompileCache?.();
const { runCommand } = await import("./cli/run-command.ts");
const code = await runCommand(process.argv.slice(2), process.env);
// Whatever is left over, such as an idle connection, must not keep the process; what was written must still go out.
process.stdout.write("", () => process.exit(code));
