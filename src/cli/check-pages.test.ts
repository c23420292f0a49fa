import { expect, it } from "vitest";
import { configSchema } from "../config/config-schema.ts";
import type { LoadedConfig } from "../config/loaded-config.ts";
import { checkPages } from "./check-pages.ts";

const checked = (config: object) => checkPages({ config: configSchema.parse(config) } as unknown as LoadedConfig);

it.each([
  [{}, "ok", "at http://127.0.0.1:8808, for browsers on this machine"],
  [{ http: { host: "::1", port: 1 } }, "ok", "at http://[::1]:1, for browsers on this machine"],
  [{ http: { host: "0.0.0.0", publicUrl: "https://patchbay.example.com" } }, "ok", "at https://patchbay.example.com"],
  [
    { http: { host: "0.0.0.0" } },
    "off",
    "none over HTTP: it is not known by which address browsers reach a server on 0.0.0.0",
  ],
  [{ http: { host: "192.0.2.7" } }, "warn", "at http://192.0.2.7:8808: answers cross the network unencrypted"],
  [{ interaction: { form: ["elicitation", "page"] } }, "ok", "at http://127.0.0.1:8808, for browsers on this machine"],
])("of %j is %s: %s", (config, state, detail) => {
  expect(checked(config)).toMatchObject([{ name: "pages for the user", state, detail }]);
});

it.each(["elicitation", "chat", ["elicitation", "chat"]])("nothing is said of pages where %j asks", (form) => {
  expect(checked({ interaction: { form } })).toEqual([]);
});
