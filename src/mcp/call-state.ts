import { ToolError } from "../errors.ts";
import type { Answers } from "./ask-human.ts";

/** What a call that waits for the human carries to its next round. */
export interface CallState {
  /** Random, the same in every round of the call. */
  id: string;
  tool: string;
  /** Digest of the arguments: an answer counts only for the call that asked. */
  digest: string;
  /** Key of the question that waits for its answer. */
  asked: string;
  /** The page that this question is about. */
  page?: string | undefined;
  /** Answers to earlier questions. */
  answers: Answers;
}

/** The state, where it belongs to just this call. @throws ToolError `invalid_input` for another one's */
export async function matchState(state: CallState, tool: string, args: unknown): Promise<CallState> {
  if (state.tool !== tool || state.digest !== (await digestOf(args))) {
    throw new ToolError("invalid_input", "These answers belong to another call.", {
      hint: "Start the call again without requestState.",
    });
  }
  return state;
}

/** The SHA-256 of plain JSON, such as a call's arguments, in base64url; of nothing, that of {}. */
export async function digestOf(value: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(value ?? {}));
  return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("base64url");
}
