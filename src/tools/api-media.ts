import type { z } from "zod";
import type { ApiResult } from "../api/api-client.ts";
import type { Services } from "../services.ts";
import type { apiOutput } from "./api-result.ts";
import type { Media, User } from "./define-tool.ts";

/** Bytes of an image or a sound that is given besides the JSON: what model providers take, and a context bears. */
export const MAX_MEDIA_BYTES = 2 ** 20;

/** The answer itself where it is an image or a sound, so that the model sees or hears it. */
export function mediaOf(
  output: z.input<typeof apiOutput>,
  { user, services: { answers } }: { user: User; services: Pick<Services, "answers"> },
): Media[] {
  const { resource } = output as Pick<ApiResult, "resource">;
  if (!resource || resource.bytes > MAX_MEDIA_BYTES) return [];
  const content = answers.get(user.id, resource.id)?.content;
  if (content?.kind !== "binary") return [];
  const bytes = Buffer.from(content.bytes.buffer, content.bytes.byteOffset, content.bytes.byteLength);
  const image = imageTypeOf(bytes);
  if (image !== undefined) return [{ type: "image", data: bytes.toString("base64"), mimeType: image }];
  const isSound = resource.mime_type.startsWith("audio/");
  return isSound ? [{ type: "audio", data: bytes.toString("base64"), mimeType: resource.mime_type }] : [];
}

/**
 * The type of an image that models take, by its first bytes (WHATWG MIME Sniffing, 6.1), whatever the API calls it: a provider
 * refuses the whole turn for an image that is none.
 */
export function imageTypeOf(bytes: Buffer): string | undefined {
  const start = bytes.toString("latin1", 0, 12);
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (start.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (/^GIF8[79]a/.test(start)) return "image/gif";
  return /^RIFF.{4}WEBP$/s.test(start) ? "image/webp" : undefined;
}
