import { ToolError } from "../../errors.ts";
import { parseResultUri, type ResultStore, type ResultUser } from "../results/result-store.ts";
import { show } from "../rows.ts";
import { type Folders, openFile } from "./open-file.ts";
import { type FileIdentity, identify } from "./same-file.ts";
import { writeJson } from "./write-json.ts";

/** Another resource of this server that rows can be read from. */
export interface SourceResource {
  /** File name, where it has one. */
  name?: string | undefined;
  mimeType: string;
  content: string | Uint8Array | { json: unknown };
}

/** Where sources may be, as one user sees it. */
export interface SourcePlaces {
  folders: Folders;
  user: ResultUser;
  results: ResultStore;
  /** Undefined where there is none of that URI for the user. */
  readResource(uri: string): Promise<SourceResource | undefined>;
}

export interface OpenSource {
  engine: ({ kind: "file" } & FileIdentity) | { kind: "text"; text: string } | { kind: "bytes"; bytes: Uint8Array };
  /** A file name, whose ending tells the format. */
  name: string;
  /** Whether texts of it were made harmless for spreadsheets, see EngineOrder. */
  escaped?: boolean | undefined;
  /** To be called once nobody reads it any more. */
  close(): Promise<void>;
}

/** Endings of file names by what a media type has in it. */
const ENDINGS: [pattern: RegExp, ending: string][] = [
  [/ndjson|jsonl|json-seq/, "ndjson"],
  [/json/, "json"],
  [/tab-separated/, "tsv"],
  [/csv/, "csv"],
  [/yaml/, "yaml"],
  [/xml/, "xml"],
  [/markdown/, "md"],
];

/**
 * Opens what a run is to read: `folder/file` of the configured folders, `pipeline://runs/{run_id}/data` of an earlier run (or its
 * `quarantine`), or `api://answers/{id}`, a kept answer of an API.
 * @throws ToolError `not_found`, also for what belongs to somebody else, and as openFile
 */
export async function openSource(source: string, places: SourcePlaces): Promise<OpenSource> {
  const { folders, user, results } = places;
  if (/^pipeline:\/\//i.test(source)) {
    const uri = parseResultUri(source);
    if (uri?.part === "report") {
      throw new ToolError("invalid_input", "The report of a run is for people; it has no rows.", {
        hint: `Read pipeline://runs/${uri.runId}/data instead.`,
      });
    }
    const kept = uri && (await results.open(user, uri.runId, uri.part));
    if (!kept) {
      throw new ToolError("not_found", `There is no result ${show(source)}, or it is no longer kept.`, {
        hint:
          "resources/list has what is kept of your runs: of results only those too long for final_data; a short one is in final_data " +
          "itself, give it as data or text. Run the pipeline again for one that has expired: the same run gets the same id.",
      });
    }
    const { fd, path, name, escaped, close } = kept;
    return { engine: { kind: "file", ...identify(fd, path) }, name, escaped, close };
  }
  if (isAnswerUri(source)) {
    const found = await places.readResource(source);
    if (!found) {
      throw new ToolError("not_found", `There is no kept answer ${show(source)}, or it is no longer kept.`, {
        hint: "Answers are kept for half an hour after they were last read, and the last ones only. Call the API again.",
      });
    }
    return { engine: await inputOf(found.content), name: nameOf(found), close: async () => {} };
  }
  const { fd, path, name, close } = await openFile(folders, source);
  return { engine: { kind: "file", ...identify(fd, path) }, name, close };
}

/** Whether a source is a kept answer of an API, and no file. */
export function isAnswerUri(source: string): boolean {
  return /^api:\/\//i.test(source);
}

async function inputOf(content: SourceResource["content"]): Promise<OpenSource["engine"]> {
  if (typeof content === "string") return { kind: "text", text: content };
  if (content instanceof Uint8Array) return { kind: "bytes", bytes: content };
  return { kind: "text", text: await writeJson(content.json) };
}

/** The name that it has, where that has an ending; else one by the media type. */
function nameOf({ name, mimeType }: SourceResource): string {
  if (name !== undefined && /\.\w+$/.test(name)) return name;
  const type = mimeType.toLowerCase();
  const ending = ENDINGS.find(([pattern]) => pattern.test(type))?.[1];
  return ending === undefined ? "answer" : `answer.${ending}`;
}
