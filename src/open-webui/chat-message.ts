import { isSessionToken } from "../identity/session-token.ts";
import type { ChatMessage } from "./status-line.ts";

/** Temporary chats (`local:…`) and channels (`channel:…`) have no message that could keep a status line. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The message that a request of Open-WebUI is for, by its headers (sent where `ENABLE_FORWARD_USER_INFO_HEADERS` is on);
 * undefined where they name none that is kept, or where the token is no session of Open-WebUI.
 */
export function chatMessageOf(headers: Headers, passedToken: string | undefined): ChatMessage | undefined {
  const chatId = headers.get("x-openwebui-chat-id") ?? "";
  const messageId = headers.get("x-openwebui-message-id") ?? "";
  if (!UUID.test(chatId) || !UUID.test(messageId)) return undefined;
  return passedToken !== undefined && isSessionToken(passedToken)
    ? { chatId, messageId, token: passedToken }
    : undefined;
}
