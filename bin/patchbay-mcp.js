#!/usr/bin/env node
// The bundle or, in a checkout that has not been built, the sources: Node runs them as they are. A file that is always there,
// because npx never links a command again whose file was missing the first time.
import { existsSync } from "node:fs";

const bundle = new URL("../dist/main.js", import.meta.url);
await import(existsSync(bundle) ? bundle.href : new URL("../src/main.ts", import.meta.url).href);
