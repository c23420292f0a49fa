import type { ApiDescription } from "./configured-api.ts";
import { isDocumentUrl } from "./openapi/load-document.ts";

/** Milliseconds for which the copy of a document with a URL is taken as it is. */
const MAX_AGE_MS = 3_600_000;
/** Milliseconds after which it is tried again where it could not be read. */
const RETRY_MS = 60_000;

/**
 * Keeps what a document with a URL says up to date. The function that it gives is to be called with every use: where the copy
 * is old, the document is read again in the background, and `apply` is called where it changed. Until then, and while it
 * cannot be read, the copy serves. A document in a file is read once.
 */
export function createRenewal(
  first: ApiDescription,
  read: () => Promise<ApiDescription>,
  apply: (fresh: ApiDescription) => void,
): () => void {
  const { openapi } = first.settings;
  if (openapi === undefined || !isDocumentUrl(openapi)) return () => {};
  let digest = first.document?.source.digest;
  let dueAt = Date.now() + MAX_AGE_MS;
  let isReading = false;

  async function renew(): Promise<void> {
    try {
      const fresh = await read();
      dueAt = Date.now() + MAX_AGE_MS;
      if (fresh.document?.source.digest === digest) return;
      digest = fresh.document?.source.digest;
      apply(fresh);
    } catch {
      dueAt = Date.now() + RETRY_MS;
    } finally {
      isReading = false;
    }
  }

  return () => {
    if (isReading || Date.now() < dueAt) return;
    isReading = true;
    void renew();
  };
}
