import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { identityOptions } from "../src/cli/identity-options.ts";
import { loadConfig } from "../src/config/load-config.ts";
import { createIdentity } from "../src/identity/create-identity.ts";
import { addKey, keyFileOf } from "../src/identity/key-file.ts";
import { temporaryFolder } from "./fixtures/cleanup.ts";

const page = readFileSync("docs/identity.md", "utf8");
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => text);

describe("docs/identity.md", () => {
  it("has an example of each mode", () => {
    const modes = examples.flatMap((text) => /mode: (\S+)/.exec(text)?.[1] ?? "api-key");
    expect(new Set(modes)).toEqual(
      new Set(["api-key", "static-user", "oauth", "open-webui-jwt", "open-webui-session", "trusted-header"]),
    );
  });

  it.each(examples)("shows a configuration that starts: %s", async (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "patchbay.yaml"), text);
    const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name);
    const env = {
      HOME: folder,
      ...Object.fromEntries(names.map((name) => [name, `value-of-${name}-0123456789abcdef`])),
    };
    const loaded = await loadConfig({ env, cwd: folder, flags: { dataDir: folder } });
    // The commands before the example have made this one.
    if (loaded.config.auth.mode === "open-webui-jwt") await addKey(keyFileOf(folder), {});
    expect(() => createIdentity(identityOptions(loaded))).not.toThrow();
  });
});
