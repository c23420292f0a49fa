/** Shorter values are no secrets worth hiding, and replacing them would mangle ordinary text. */
const MIN_SECRET_LENGTH = 6;

/** A function that replaces every given secret in a text, also where it stands as JSON or percent-encoded. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const needles = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_LENGTH) continue;
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) needles.add(form);
  }
  const all = [...needles].sort((a, b) => b.length - a.length);
  if (all.length === 0) return (text) => text;
  return (text) => {
    let result = text;
    for (const needle of all) if (result.includes(needle)) result = result.replaceAll(needle, "[redacted]");
    return result;
  };
}

/** The values of environment variables that are named like credentials, so that they are redacted wherever they turn up. */
export function secretsOfEnvironment(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    /(_KEY|_TOKEN|_SECRET|_PASSWORD)$/.test(name) && value ? [value] : [],
  );
}
