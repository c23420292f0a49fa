const REDACTED = "[redacted]";
/** Shorter values are no secrets worth hiding, and replacing them would mangle ordinary text. Characters. */
const MIN_SECRET_LENGTH = 6;
/** What people write where a key is asked for and none is needed. */
const PLACEHOLDER =
  /^(?:sk-)?(?:no[-_ ]?(?:api[-_ ]?)?key(?:[-_ ]?(?:required|needed|necessary))?|not[-_ ]?(?:needed|required|used)|(?:your|my)[-_ ]?(?:api[-_ ]?)?key(?:[-_ ]?here)?|(?:api[-_ ]?)?key|none|null|undefined|empty|dummy(?:[-_ ]?key)?|test(?:ing)?(?:[-_ ]?key)?|fake(?:[-_ ]?key)?|placeholder|changeme|anything|whatever|local(?:host)?|ollama|lm[-_ ]?studio|llama[-_.]?cpp|vllm|localai|open-?webui|x+|\*+|0+)$/i;
/** Names of headers, parameters and variables that carry credentials. */
export const CREDENTIAL_NAME =
  /(^|[_-])(api[_-]?key|key|token|secret|passw(or)?d|auth(orization)?|credentials?|cookie|signature)s?($|[_-])/i;
const SCHEME = /^(?:Bearer|Basic|Token)\s+(\S+)$/i;
/** A long word of letters and digits, such as a key. */
const LOOKS_SECRET = /^(?=\S*[a-z])(?=\S*\d)[\w+/=.~-]{24,}$/i;
const PLAIN_WORD = /^[a-z]{1,20}$/;

/** Whether a value is a secret by its look: long enough, and none of the usual words in the place of a key. */
function isWorthHiding(value: string): boolean {
  return value.length >= MIN_SECRET_LENGTH && !PLACEHOLDER.test(value);
}

/** The values of headers that are secret: those that are named like credentials or look like one, and what follows a scheme. */
export function secretsOfHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const key = SCHEME.exec(value)?.[1];
    if (key !== undefined) return [value, key];
    return CREDENTIAL_NAME.test(name) || LOOKS_SECRET.test(value) ? [value] : [];
  });
}

/** A function that replaces every given secret in a text, also where it stands as JSON, percent-encoded or in base64. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const needles = new Set(secrets.filter(isWorthHiding).flatMap(formsOf));
  // Longer ones first: a secret may hold another one.
  const all = [...needles].sort((a, b) => b.length - a.length);
  if (all.length === 0) return (text) => text;
  return (text) => {
    let result = text;
    for (const needle of all) if (result.includes(needle)) result = result.replaceAll(needle, REDACTED);
    return result;
  };
}

/**
 * The values of environment variables that are named like credentials, so that they are redacted wherever they turn up. A
 * plain word, as in `SORT_KEY=content`, is none: replacing it would mangle ordinary text.
 */
export function secretsOfEnvironment(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    /(_KEY|_TOKEN|_SECRET|_PASSWORD)$/.test(name) && value && !PLAIN_WORD.test(value) ? [value] : [],
  );
}

/** How a secret may be written: as it is, in JSON, in a URL, in base64 as part of a longer value (as in Basic auth). */
function formsOf(secret: string): string[] {
  const inUrls = [
    encodeURIComponent(secret.toWellFormed()),
    encodeURIComponent(secret.toWellFormed()).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`),
    new URLSearchParams([["", secret]]).toString().slice(1),
  ];
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    ...inUrls,
    ...inUrls.map((text) => text.replace(/%../g, (code) => code.toUpperCase())),
    ...inUrls.map((text) => text.replace(/%../g, (code) => code.toLowerCase())),
    ...base64Cores(secret),
  ];
}

/** The part of the base64 text that does not depend on what comes before and after the secret, for the three ways it can fall. */
function base64Cores(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const start = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    const core = text.slice(start, end);
    return core.length < MIN_SECRET_LENGTH ? [] : [core, core.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
