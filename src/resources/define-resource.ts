import type { Services } from "../services.ts";
import type { User } from "../tools/define-tool.ts";

export interface ResourceContext<Uses extends keyof Services = never> {
  user: User;
  services: Pick<Services, Uses>;
}

/** An entry of `resources/list`. */
export interface ListedResource {
  uri: string;
  name: string;
  title: string;
  /** Where it is not that of its resource. */
  mimeType?: string;
  /** Bytes. */
  size?: number;
  /** ISO 8601. */
  lastModified: string;
  /** From 0 to 1. */
  priority?: number;
}

export interface ResourceDefinition<Uses extends keyof Services = keyof Services> {
  /** Its URI, or with `{id}` in it the template of many (RFC 6570). */
  uri: string;
  name: string;
  title: string;
  description: string;
  /** Of what is read. Default `application/json`. */
  mimeType?: string;
  /** Where it is not the same for each of them. @throws ToolError as `read` */
  mimeTypeOf?(id: string, context: ResourceContext<Uses>): Promise<string>;
  /** Whether `resources/list` leaves it out. */
  unlisted?: boolean;
  /** The `_meta` of what is read. */
  meta?: Record<string, unknown>;
  uses: readonly Uses[];
  /** Which of these resources the URI names: the value of `{id}`, or "" where there is but one. Undefined: none of them. */
  match(uri: string): string | undefined;
  /**
   * A text as it is, bytes as a blob, another object as JSON.
   * @throws ToolError `not_found`, also for what belongs to somebody else
   */
  read(id: string, context: ResourceContext<Uses>): Promise<object | string | Uint8Array>;
  /** A text that is another one once `read` gives something else; also where there is nothing to read. Cheap. */
  version(id: string, context: ResourceContext<Uses>): Promise<string>;
  /**
   * Calls the listener for each change that this process makes to the user's resources, with the ids that `read` gives
   * something else for now, where they are known. Gives what ends it.
   */
  onChange(context: ResourceContext<Uses>, listener: (ids?: readonly string[]) => void): () => void;
  /** Those that the template has, page by page. @throws ToolError `invalid_input` for a cursor that is none */
  list?(
    cursor: string | undefined,
    context: ResourceContext<Uses>,
  ): Promise<{ resources: ListedResource[]; nextCursor?: string }>;
  /** A text that is another one once `list` gives something else. Needed with it. */
  listVersion?(context: ResourceContext<Uses>): Promise<string>;
  /** Values of `{id}` that begin so, the likeliest first. */
  complete?(start: string, context: ResourceContext<Uses>): Promise<string[]>;
}

/** A resource whose own types are forgotten, as the protocol's side sees it. */
export type AnyResource = ResourceDefinition;

/** Declares a resource, or a template of many. */
export function defineResource<Uses extends keyof Services>(definition: ResourceDefinition<Uses>): AnyResource {
  return definition as unknown as AnyResource;
}
