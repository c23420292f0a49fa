import { defineResource } from "./define-resource.ts";
import { completeRun, idsOf, notKept, onRun, runVersion } from "./run.ts";

const PREFIX = "moa://runs/";
const URI = /^moa:\/\/runs\/([\w-]{1,64})\/timeline$/i;
/** Runs in the list; older ones that are still kept are found by their id. */
const LISTED = 10;
const TITLE_LENGTH = 60;

export default defineResource({
  uri: "moa://runs/{id}/timeline",
  name: "run timeline",
  title: "One run of mixture_of_agents as a picture",
  description:
    "The timeline of a run of the user, by its run_id: layers, calls, hedges and cuts, tokens and cost, as SVG.",
  mimeType: "image/svg+xml",
  uses: ["runs"],
  match: (uri) => URI.exec(uri)?.[1]?.toLowerCase(),
  async read(id, { user, services: { runs } }) {
    const picture = runs.picture(user.id, id);
    if (picture === undefined) throw notKept(id);
    return picture;
  },
  version: runVersion,
  onChange: onRun,
  complete: completeRun,
  async list(_cursor, { user, services: { runs } }) {
    const resources = runs
      .list(user.id)
      .slice(0, LISTED)
      .map(({ run_id, query, started_at, ms }) => ({
        uri: `${PREFIX}${run_id}/timeline`,
        name: `timeline of run ${run_id}`,
        title: `Timeline: ${shortened(query)}`,
        lastModified: new Date(Date.parse(started_at) + ms).toISOString(),
      }));
    return { resources };
  },
  listVersion: async ({ user, services: { runs } }) => idsOf(runs, user.id).slice(0, LISTED).join(),
});

function shortened(query: string): string {
  // One line, without what turns the direction of the text around.
  const line = query
    .slice(0, TITLE_LENGTH * 4)
    .replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, " ")
    .trim();
  const characters = [...line];
  return characters.length > TITLE_LENGTH ? `${characters.slice(0, TITLE_LENGTH - 1).join("")}…` : line;
}
