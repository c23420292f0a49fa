import { RequestError } from "./api-error.ts";

/** The JSON of a request. @throws RequestError 413 beyond `maxBytes`, 400 for what is no JSON */
export async function readBody(request: Request, maxBytes: number): Promise<unknown> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const piece of request.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) {
      throw new RequestError(
        413,
        "request_too_large",
        `A request may have ${maxBytes} bytes (limits.maxRequestBytes).`,
      );
    }
    text += decoder.decode(piece, { stream: true });
  }
  try {
    return JSON.parse(text + decoder.decode());
  } catch {
    throw new RequestError(400, "invalid_json", "The body is not JSON.");
  }
}
