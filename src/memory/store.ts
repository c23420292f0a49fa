import type { MemoryFormat } from "./files/file-entry.ts";

/** Whose memories. The id comes from the transport, never from an argument. */
export interface MemoryUser {
  id: string;
}

/** What a memory says besides its content and tags; each may be absent. */
export interface MemoryDetails {
  /** What sort of memory: fact, preference, event, …; lower case. */
  kind?: string;
  /** From 0 to 1; absent counts as 0.5. */
  importance?: number;
  /** Where it comes from: a conversation, a document. Memories of one source are neighbours in the order they were added. */
  source?: string;
  /** Who said it. */
  speaker?: string;
  /** When it happened, as it was given: an ISO 8601 date or time. */
  occurred_at?: string;
  /** When it stops counting: from then on it is found by nothing, and soon removed for good. */
  expires_at?: string;
}

/** A memory as callers see it and as exports hold it. Times are ISO 8601 in UTC. */
export interface Memory extends MemoryDetails {
  /** UUID. */
  id: string;
  content: string;
  tags: string[];
  created_at: string;
  updated_at: string;
  /** 1, and 1 more with each change. */
  version: number;
  /** What wrote this version: a tool (`memory_add`), or a road (`import`). */
  origin: string;
  /** Id of the newer memory that has taken its place. It is no longer searched, and listed only on request. */
  superseded_by?: string;
}

/** An earlier version of a memory. */
export interface MemoryVersion extends MemoryDetails {
  version: number;
  content: string;
  tags: string[];
  origin: string;
  /** When this version was written, and when it was replaced. */
  updated_at: string;
  replaced_at: string;
}

/** A new memory. Empty optional texts count as absent. */
export type NewMemory = Partial<Given<MemoryDetails>> & {
  content?: string | undefined;
  tags?: readonly string[] | undefined;
  /** Id of the older memory that this one takes the place of. */
  supersedes?: string | undefined;
};

type Given<T> = { [Name in keyof T]: T[Name] | undefined };

export interface WriteOptions {
  /** What writes: a tool or a road. Default `store`. */
  origin?: string | undefined;
}

export interface AddOptions extends WriteOptions {
  /**
   * Names this call: another one of the same user with the same key and the same memories gives what the first one gave, and
   * adds nothing. Kept for 7 days.
   */
  idempotencyKey?: string | undefined;
}

export interface AddedMemory extends Memory {
  /** Whether it was there already: the same content from the same source and speaker, or the same idempotency key. */
  existing?: true;
}

/** What to change; what is left out stays. `tags` replaces all of them. */
export type MemoryChanges = Partial<Given<MemoryDetails>> & {
  content?: string | undefined;
  tags?: readonly string[] | undefined;
  /** Takes all of the memory back to this earlier version, as a new one. Alone; also brings back a deleted memory that is kept. */
  restore_version?: number | undefined;
};

/** Only memories that satisfy all of these. Case does not count. */
export interface MemoryFilter {
  tag?: string | undefined;
  source?: string | undefined;
  speaker?: string | undefined;
  kind?: string | undefined;
  /** At this time or later, ISO 8601: when it happened, or else when it was added. A date is the beginning of its day in UTC. */
  after?: string | undefined;
  /** Earlier than this time. */
  before?: string | undefined;
}

/** `newest` and `oldest` go by the order of adding, the others have the greatest first. */
export const SORT_ORDERS = ["newest", "oldest", "updated", "occurred", "importance"] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

export interface ListRequest extends MemoryFilter {
  /** Default 10; more than 100 counts as 100. */
  limit?: number | undefined;
  /** Default 0. */
  offset?: number | undefined;
  /** `next_cursor` of the page before: goes on there, whatever was added or deleted meanwhile. Instead of `offset`. */
  cursor?: string | undefined;
  /** One of SORT_ORDERS. Default `newest`. */
  sort?: string | undefined;
  /** Whether memories that a newer one has taken the place of are listed too. Default false. */
  superseded?: boolean | undefined;
}

export interface MemoryPage {
  memories: Memory[];
  /** How many there are without `limit`, `offset` and `cursor`. */
  total: number;
  limit: number;
  offset: number;
  /** Where there are more. */
  next_cursor?: string;
}

export interface SearchRequest extends MemoryFilter {
  query: string;
  /** Default 10; more than 100 counts as 100. With `maxTokens` default 100. */
  limit?: number | undefined;
  /** Default 0; at most 200 memories are ranked. */
  offset?: number | undefined;
  /**
   * Only as many as fit into a context of so many tokens (estimated), the best first, and none that says nearly the same as a
   * better one.
   */
  maxTokens?: number | undefined;
}

export interface FoundMemory extends Memory {
  /** Greater is better; comparable within one search only. */
  score: number;
  /** Why it was found. */
  reason: FoundReason;
}

export interface FoundReason {
  /** Words of the query that it has, as they stand in the query. */
  matched: string[];
  /** Words of the query that only its neighbours in the same source have. */
  neighbours?: string[];
  /** What else raised it: `speaker`, `time`, `importance`, `meaning` (similar by embedding). */
  boosts?: string[];
}

export interface SearchResult {
  results: FoundMemory[];
  /** With `maxTokens`: estimated tokens of the results. */
  tokens?: number;
  /** With `maxTokens`: how many were left out that say nearly the same as a result. */
  near_duplicates?: number;
  /** Where there are more: the offset to go on from. */
  next_offset?: number;
}

/** What to forget: what the filter names, or everything of the user. */
export type ForgetRequest = MemoryFilter & { all?: boolean | undefined };

/** What `forget` would remove. */
export interface Forgettable {
  matched: number;
  /** Contents of the oldest, at most 3, each at most 200 characters of it. */
  oldest: string[];
  /** Says which memories these are, and in which versions. */
  digest: string;
}

export interface MemoryStats {
  memories: number;
  maxMemories: number;
  /** Length of all contents together, in characters and in bytes of UTF-8. */
  characters: number;
  bytes: number;
  maxTotalSize: number;
  /** Different tags. */
  tags: number;
  /** How many memories each has, the most frequent first, at most 100 of each. */
  byTag: Record<string, number>;
  bySource: Record<string, number>;
  byKind: Record<string, number>;
  superseded: number;
  /** When the first and the last memory were added. */
  oldest?: string;
  newest?: string;
}

/** A memory as a file has it: with its earlier versions, oldest first, where there are any. */
export interface StoredMemory extends Memory {
  history?: MemoryVersion[];
}

export interface ImportOptions extends WriteOptions {
  /** Whether to import what is right where something is wrong. Default: nothing is imported then. */
  partial?: boolean | undefined;
  /** Whether only the same id counts as there already, so that a copy has everything that it is made from. Default false. */
  exact?: boolean | undefined;
  /** The format of the file. It is recognised where none is named. */
  format?: MemoryFormat | undefined;
  /** Only says what an import would do, and what would be refused. */
  dryRun?: boolean | undefined;
  /** Whether to say what becomes of each memory of the file. */
  lines?: boolean | undefined;
}

/** What became of the memory at one place of a file. */
export interface ImportLine {
  /** Such as `line 3`. */
  where: string;
  outcome: "added" | "existing" | "refused";
  /** Why it was refused. */
  message?: string;
}

export interface ImportOutcome {
  added: number;
  /** Left out because they are there already: the same id, or the same content from the same source and speaker. */
  existing: number;
  /** With `partial`: what was refused, by its place in the file, at most 100. */
  refused: { where: string; message: string }[];
  /** With `lines`: each memory of the file, in its order. */
  lines?: ImportLine[];
}

/** What `MemoryLimits.keepVersions` is where it is left out. */
export const DEFAULT_KEEP_VERSIONS = 20;

export interface MemoryLimits {
  /** Memories of a user. */
  maxMemories: number;
  /** Length of a memory in characters (Unicode code points). */
  maxMemoryLength: number;
  enableSearch: boolean;
  /** Bytes of UTF-8 of all of a user's contents together. Default 1 GiB. */
  maxTotalSize?: number | undefined;
  /** Earlier versions of each memory that are kept; 0 keeps none. Default 20. */
  keepVersions?: number | undefined;
  /** Days that a deleted memory can be brought back; with 0, the default, its text is gone at once. */
  keepDeletedDays?: number | undefined;
}

/**
 * Where memories are kept. Every method acts on one user's memories and never sees another's. A write is durable once its
 * promise has resolved. Besides the errors named here, all of them throw ToolError `storage_locked`, `storage_read_only`,
 * `storage_full`, `storage_corrupt` or `storage_error` when the database refuses; nothing is half done then, and the store
 * works again once the cause has gone.
 */
export interface MemoryStore {
  /** @throws ToolError `invalid_input`, `limit_reached`, and `not_found` for what it supersedes */
  add(user: MemoryUser, memory: NewMemory, options?: AddOptions): Promise<AddedMemory>;
  /** Adds all or none, at most 100. @throws as `add` does, with an issue for each that is wrong */
  addAll(user: MemoryUser, memories: readonly NewMemory[], options?: AddOptions): Promise<AddedMemory[]>;
  /** @throws ToolError `invalid_input` */
  list(user: MemoryUser, request?: ListRequest): Promise<MemoryPage>;
  /** The memories that match, best first. @throws ToolError `invalid_input`, `disabled` */
  search(user: MemoryUser, request: SearchRequest): Promise<SearchResult>;
  /** @throws ToolError `invalid_input`, `not_found` */
  get(user: MemoryUser, id: string): Promise<Memory>;
  /** Its earlier versions that are kept, oldest first. @throws ToolError `invalid_input`, `not_found` */
  history(user: MemoryUser, id: string): Promise<MemoryVersion[]>;
  /** @throws ToolError `invalid_input`, `not_found`, `limit_reached` */
  update(user: MemoryUser, id: string, changes: MemoryChanges, options?: WriteOptions): Promise<Memory>;
  /**
   * Removes it for good: its text, and that of its earlier versions, is gone from the database's files, unless
   * `keepDeletedDays` keeps it. @throws ToolError `invalid_input`, `not_found`
   */
  delete(user: MemoryUser, id: string): Promise<void>;
  /**
   * Removes what the filter names, or everything of the user, in the same way; superseded memories too. A dry run only counts.
   * Gives how many. @throws ToolError `invalid_input`, also where neither a filter nor `all` is given
   */
  forget(user: MemoryUser, request: ForgetRequest, options?: { dryRun?: boolean }): Promise<number>;
  /** What `forget` would remove now. Nothing is. @throws ToolError as `forget` */
  toForget(user: MemoryUser, request: ForgetRequest): Promise<Forgettable>;
  stats(user: MemoryUser): Promise<MemoryStats>;
  /** All memories of the user, superseded ones too, oldest first. Others may write meanwhile. */
  export(user: MemoryUser): AsyncIterable<StoredMemory>;
  /**
   * Adds the memories of a file (see `readMemoryFile`). Ids, times, versions and history are kept where the file has them.
   * @throws ToolError `invalid_input` with an issue for each memory that is wrong, `limit_reached`
   */
  import(user: MemoryUser, text: string, options?: ImportOptions): Promise<ImportOutcome>;
  /** Ids of all users that have memories. For administration only. */
  users(): Promise<string[]>;
  /** What is wrong with the whole database, in words; empty when it is sound. */
  verify(): Promise<string[]>;
  /** Writes a consistent copy of the whole database, of all users, to a new file, while the server goes on. */
  backup(file: string): Promise<void>;
  /** Tells of every change of a user's memories that this process makes. Gives what ends it. */
  onChange(listener: (change: MemoryChange) => void): () => void;
  /** Waits for writes under way. */
  close(): Promise<void>;
}

export interface MemoryChange {
  user: string;
  /** Ids of the memories that were added, changed or removed; absent where it were many. */
  ids?: string[];
}
