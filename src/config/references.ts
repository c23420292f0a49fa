import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { CREDENTIAL_NAME } from "../redact/redact.ts";
import { resolvePath } from "./config-file.ts";
import { isSecret } from "./schema-paths.ts";

export interface ReferenceOptions {
  env: NodeJS.ProcessEnv;
  /** Folder that relative paths of the value at this path start from, and what to call it. */
  baseOf: (path: readonly string[]) => { folder: string; name: string };
  /** A variable that is referred to. */
  onReference: (variable: string) => void;
  /** What cannot be read. */
  onProblem: (path: readonly string[], problem: string) => void;
  /** A secret that was read, for redaction. `path` is where it stands; undefined: it is only a part of the value there. */
  onSecret: (secret: string, path: readonly string[] | undefined) => void;
}

const REFERENCE = /\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * The configuration with `${NAME}`, `${NAME:-default}` and, for secrets, `file:PATH` read; `$${` stands for `${`. Pipelines
 * are left alone, since they carry templates and expressions of their own.
 */
export function resolveReferences(value: unknown, options: ReferenceOptions, path: readonly string[] = []): unknown {
  if (path[0] === "pipelines") return value;
  if (Array.isArray(value)) {
    return value.map((item, index) => resolveReferences(item, options, [...path, String(index)]));
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolveReferences(item, options, [...path, key])]),
    );
  }
  return typeof value === "string" ? resolveText(value, options, path) : value;
}

function resolveText(value: string, options: ReferenceOptions, path: readonly string[]): string {
  const { env, onProblem, onReference, onSecret } = options;
  let referred = false;
  let text = value.replace(REFERENCE, (_match, escaped?: string, name = "", fallback?: string) => {
    if (escaped) return "${";
    onReference(name);
    const found = env[name];
    if (found !== undefined && found !== "") {
      referred = true;
      if (CREDENTIAL_NAME.test(name)) onSecret(found, undefined);
      return found;
    }
    if (fallback !== undefined) return fallback;
    onProblem(path, `the environment variable ${name} is not set. Set it, or write \${${name}:-default}`);
    return "";
  });
  for (const part of secretsInUrl(text)) onSecret(part, undefined);
  if (!isSecret(path, text)) return text;
  if (text.startsWith("file:")) {
    referred = true;
    const written = text.slice(5);
    const base = options.baseOf(path);
    try {
      text = readFileSync(resolvePath(written, base.folder, env), "utf8").replace(/\r?\n$/, "");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const reason = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
      const isRelative = !isAbsolute(written) && !written.startsWith("~");
      const start = isRelative ? `; relative paths start in ${base.name}` : "";
      onProblem(path, `the secret file "${written}" ${reason}${start}`);
      return "";
    }
  }
  // Most headers are no secrets, and a word such as `application/json` must not vanish from results.
  const isHeader = path.at(-2) === "headers";
  if (text !== "" && (!isHeader || referred || CREDENTIAL_NAME.test(path.at(-1) ?? ""))) {
    onSecret(text, path);
    const scheme = /^(?:Bearer|Basic|Token)\s+(\S+)$/i.exec(text);
    if (scheme?.[1]) onSecret(scheme[1], undefined);
  }
  return text;
}

/** The password of a URL and the values of parameters that are named like credentials, as written and decoded. */
function secretsInUrl(text: string): string[] {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(?:@|.*\?)/i.test(text) || !URL.canParse(text)) return [];
  const { password, searchParams } = new URL(text);
  const named = [...searchParams].filter(([name]) => CREDENTIAL_NAME.test(name)).map(([, value]) => value);
  const secrets = password === "" ? named : [password, ...named];
  try {
    if (password !== "") secrets.push(decodeURIComponent(password));
  } catch {
    // It is no percent-encoding; as written it is a secret already.
  }
  return secrets.filter((secret) => secret !== "");
}
