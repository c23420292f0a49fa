import type { ApiClient, ApiRequest, ApiUser } from "../api/api-client.ts";
import type { ToolEffect } from "./define-tool.ts";

/** Bytes of a body that are read as text. */
const MAX_READ = 1_000_000;

/** What a call would do, for the human who is asked first: where it goes, and what base64 hides. @throws ToolError what the call would */
export async function aboutCall(apis: ApiClient, user: ApiUser, request: ApiRequest): Promise<string> {
  const { method, url } = await apis.preview(user, request);
  const lines = [`Request: ${method} ${url}`];
  if (typeof request.bodyBase64 === "string") lines.push(`Body: ${bytesInWords(request.bodyBase64)}`);
  return lines.join("\n");
}

/** What a call of an API by this method does. What is deleted there is as gone as what is deleted here. */
export function effectsOfMethod(method: string): readonly ToolEffect[] {
  if (method === "GET" || method === "HEAD") return ["read-open"];
  return method === "DELETE" ? ["write-open", "destroy"] : ["write-open"];
}

function bytesInWords(base64: string): string {
  // The bytes of an earlier answer, by its address.
  if (/^api:/.test(base64)) return base64;
  const bytes = Buffer.from(base64.replace(/^data:[^,]*,/, ""), "base64");
  const size = `${bytes.byteLength} bytes`;
  if (bytes.byteLength > MAX_READ) return size;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? `${size}, no text` : `${size}: ${JSON.stringify(text)}`;
  } catch {
    return `${size}, no text`;
  }
}
