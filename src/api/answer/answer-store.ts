/** What is kept of an answer that the model was not given whole. */
export interface KeptAnswer {
  id: string;
  api: string;
  /** Method and path, or the operation's id. */
  operation: string;
  /** ISO 8601. */
  created_at: string;
  mime_type: string;
  /** File name that the API gave a binary answer. */
  name?: string | undefined;
  /** JSON or text as it was read; bytes of a binary. */
  content: { kind: "json"; value: unknown } | { kind: "text"; text: string } | { kind: "binary"; bytes: Uint8Array };
  /** Bytes as it is read: of JSON its text. */
  size: number;
}

/** Answers of a user for a while, so that what did not fit can be had later: by `call_api` and as resource `api://answers/{id}`. */
export interface AnswerStore {
  /** Keeps an answer of the user's; older ones give way. Gives its id; undefined where it is larger than what is kept. */
  keep(user: string, answer: Omit<KeptAnswer, "id" | "created_at" | "size">): string | undefined;
  /** Undefined also for what belongs to somebody else. */
  get(user: string, id: string): KeptAnswer | undefined;
  /** The newest first. */
  list(user: string): KeptAnswer[];
  /** Calls the listener with the id of each answer that is kept or given up. Gives what ends it. */
  onChange(user: string, listener: (id: string) => void): () => void;
}

/** The URI of the resource that has a kept answer whole. */
export function answerUri(id: string): string {
  return `api://answers/${id}`;
}
