import { findSecrets } from "./find-secrets.ts";
import { MIN_SECRET_LENGTH } from "./secret-forms.ts";

/** What people write where a key is asked for and none is needed. */
const PLACEHOLDER =
  /^(?:sk-)?(?:no[-_ ]?(?:api[-_ ]?)?key(?:[-_ ]?(?:required|needed|necessary))?|not[-_ ]?(?:needed|required|used)|(?:your|my)[-_ ]?(?:api[-_ ]?)?key(?:[-_ ]?here)?|(?:api[-_ ]?)?key|none|null|undefined|empty|dummy(?:[-_ ]?key)?|test(?:ing)?(?:[-_ ]?key)?|fake(?:[-_ ]?key)?|placeholder|changeme|anything|whatever|local(?:host)?|ollama|lm[-_ ]?studio|llama[-_.]?cpp|vllm|localai|open-?webui|x+|\*+|0+)$/i;
/** Names of headers, parameters and variables that carry credentials. */
export const CREDENTIAL_NAME =
  /(^|[_-])(api[_-]?key|key|token|secret|passw(or)?d|auth(orization)?|credentials?|cookie|signature)s?($|[_-])/i;
/** Further names of credentials in URLs, where they are short. */
const SHORT_NAME = /^(jwt|pass|pwd|sig)$/i;
const SCHEME = /^(?:Bearer|Basic|Token)\s+(\S+)$/i;
/** A long word of letters and digits, such as a key. */
const LOOKS_SECRET = /^(?=\S*[a-z])(?=\S*\d)[\w+/=.~-]{24,}$/i;
const PLAIN_WORD = /^[a-z]{1,20}$/;
/** What values of settings are made of: words, numbers, versions, and a word or a number with a few of the other behind. */
const PLAIN_PIECE = /^(?:[a-z]{1,20}\d{0,4}|v?\d{1,10}[a-z]{0,3}|[\dTZ]{1,16})$/i;

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

/** Whether a header or a parameter is named like a credential, as in `api_key`, `accessToken` or `X-Signature`. */
export function isCredentialName(name: string): boolean {
  return SHORT_NAME.test(name) || CREDENTIAL_NAME.test(name.replace(/([a-z\d])([A-Z])/g, "$1_$2"));
}

/**
 * Whether a value looks like a secret whatever its name says: letters and digits in turn, or a long run of them, as no word,
 * number, date or list of such, as in `json`, `en_US`, `2024-01-01` or `id,name`, has them.
 */
export function looksSecret(value: string): boolean {
  return value.split(/[^A-Za-z0-9]+/).some((piece) => piece.length >= MIN_SECRET_LENGTH && !PLAIN_PIECE.test(piece));
}

/**
 * A function that replaces every given secret in a text, however it is written there (see `findSecrets`). `cut`: the text goes on,
 * so that a beginning of a secret at its end is replaced too.
 */
export function createRedactor(
  secrets: readonly string[],
): (text: string, options?: { cut?: boolean | undefined }) => string {
  const found = findSecrets();
  for (const secret of secrets) if (isWorthHiding(secret)) found.add(secret);
  return (text, options) => found.hide(text, options);
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
