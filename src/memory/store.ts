/** Whose memories. The id comes from the transport, never from an argument. */
export interface MemoryUser {
  id: string;
}

/** A memory as callers see it and as exports hold it. Times are ISO 8601 in UTC. */
export interface Memory {
  /** UUID. */
  id: string;
  content: string;
  tags: string[];
  created_at: string;
  updated_at: string;
  /** Where it comes from: a conversation, a document. Memories of one source are neighbours in the order they were added. */
  source?: string;
  /** Who said it. */
  speaker?: string;
  /** When it happened, as it was given: an ISO 8601 date or time. */
  occurred_at?: string;
}

export interface NewMemory {
  content?: string | undefined;
  tags?: readonly string[] | undefined;
  source?: string | undefined;
  speaker?: string | undefined;
  occurred_at?: string | undefined;
}

/** What to change; what is left out stays. `tags` replaces all of them. */
export interface MemoryChanges {
  content?: string | undefined;
  tags?: readonly string[] | undefined;
}

export interface ListRequest {
  /** Default 10; more than 100 counts as 100. */
  limit?: number | undefined;
  /** Default 0. */
  offset?: number | undefined;
  /** Only memories with this tag, in any case. */
  tag?: string | undefined;
}

export interface MemoryPage {
  /** Newest first, in the order they were added. */
  memories: Memory[];
  /** How many there are without `limit` and `offset`. */
  total: number;
  limit: number;
  offset: number;
}

export interface SearchRequest {
  query: string;
  /** Default 10; more than 100 counts as 100. */
  limit?: number | undefined;
  /** Only memories with this tag, in any case. */
  tag?: string | undefined;
}

export interface FoundMemory extends Memory {
  /** Greater is better; comparable within one search only. */
  score: number;
}

export interface MemoryStats {
  memories: number;
  maxMemories: number;
  /** Length of all contents together, in characters. */
  characters: number;
  tags: number;
  /** When the first and the last memory were added. */
  oldest?: string;
  newest?: string;
}

export interface ImportOutcome {
  added: number;
  /** Left out because a memory with this id is there already. */
  existing: number;
}

export interface MemoryLimits {
  /** Memories of a user. */
  maxMemories: number;
  /** Length of a memory in characters (Unicode code points). */
  maxMemoryLength: number;
  enableSearch: boolean;
}

/**
 * Where memories are kept. Every method acts on one user's memories and never sees another's. A write is durable once its
 * promise has resolved. Besides the errors named here, all of them throw ToolError `storage_locked`, `storage_read_only`,
 * `storage_full`, `storage_corrupt` or `storage_error` when the database refuses; nothing is half done then, and the store
 * works again once the cause has gone.
 */
export interface MemoryStore {
  /** @throws ToolError `invalid_input`, `limit_reached` */
  add(user: MemoryUser, memory: NewMemory): Promise<Memory>;
  list(user: MemoryUser, request?: ListRequest): Promise<MemoryPage>;
  /** The memories that match, best first. @throws ToolError `invalid_input`, `disabled` */
  search(user: MemoryUser, request: SearchRequest): Promise<{ results: FoundMemory[] }>;
  /** @throws ToolError `invalid_input`, `not_found` */
  get(user: MemoryUser, id: string): Promise<Memory>;
  /** @throws ToolError `invalid_input`, `not_found` */
  update(user: MemoryUser, id: string, changes: MemoryChanges): Promise<Memory>;
  /** Removes it for good: its text is gone from the database's files. @throws ToolError `invalid_input`, `not_found` */
  delete(user: MemoryUser, id: string): Promise<void>;
  stats(user: MemoryUser): Promise<MemoryStats>;
  /** All memories of the user, oldest first. Others may write meanwhile. */
  export(user: MemoryUser): AsyncIterable<Memory>;
  /**
   * Adds the memories of a file: what `export` gives as JSON lines, or a JSON array of such objects. Ids and times are kept.
   * Adds all or none. @throws ToolError `invalid_input` with an issue for each memory that is wrong, `limit_reached`
   */
  import(user: MemoryUser, text: string): Promise<ImportOutcome>;
  /** What is wrong with the whole database, in words; empty when it is sound. */
  verify(): Promise<string[]>;
  /** Writes a consistent copy of the whole database, of all users, to a new file, while the server goes on. */
  backup(file: string): Promise<void>;
  /** Waits for writes under way. */
  close(): Promise<void>;
}
