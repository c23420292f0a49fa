/** Milliseconds that an identity provider may take: a caller waits for it. */
export const FETCH_MS = 5_000;
const MAX_BYTES = 1_048_576;

/** The answer of a provider; `json` is undefined where it was none, or no JSON. */
export interface JsonAnswer {
  status: number;
  json: unknown;
}

/**
 * Asks a configured provider for JSON: in limited time, of limited size, without following redirects, which could lead a
 * credential elsewhere. Rejects where the provider is not reached.
 */
export async function fetchJson(url: string, headers: Record<string, string> = {}): Promise<JsonAnswer> {
  const response = await fetch(url, {
    headers: { accept: "application/json", ...headers },
    redirect: "manual",
    signal: AbortSignal.timeout(FETCH_MS),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    return { status: response.status, json: undefined };
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  try {
    return { status: 200, json: JSON.parse(Buffer.concat(chunks).toString("utf8")) };
  } catch {
    return { status: 200, json: undefined };
  }
}
