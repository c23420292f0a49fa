import type { ChatMessage } from "./status-line.ts";

/** Temporary chats (`local:…`) and channels (`channel:…`) have no message that could keep a status line. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_TOKEN_CHARS = 8_192;

/**
 * The message that a request of Open-WebUI is for, by its headers (sent where `ENABLE_FORWARD_USER_INFO_HEADERS` is on);
 * undefined where they name none that is kept, or where the token is no session of Open-WebUI.
 */
export function chatMessageOf(headers: Headers, passedToken: string | undefined): ChatMessage | undefined {
  const chatId = headers.get("x-openwebui-chat-id") ?? "";
  const messageId = headers.get("x-openwebui-message-id") ?? "";
  if (!UUID.test(chatId) || !UUID.test(messageId)) return undefined;
  return passedToken !== undefined && isSession(passedToken) ? { chatId, messageId, token: passedToken } : undefined;
}

/**
 * Whether a token looks like a session of Open-WebUI: a JWT that names a user by `id`, of the type `session` where it has one,
 * and not expired. Only Open-WebUI can verify it; this keeps tokens of other services from being sent there.
 */
function isSession(token: string): boolean {
  if (token.length > MAX_TOKEN_CHARS || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return false;
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    if (typeof claims !== "object" || claims === null) return false;
    const { id, typ, exp } = claims as Record<string, unknown>;
    const current = exp === undefined || (typeof exp === "number" && exp * 1000 > Date.now());
    return typeof id === "string" && id !== "" && (typ === undefined || typ === "session") && current;
  } catch {
    return false;
  }
}
