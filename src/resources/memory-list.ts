import { defineResource, type ResourceContext } from "./define-resource.ts";

const NEWEST = 20;

export default defineResource({
  uri: "memory://list",
  name: "memories",
  title: "The user's memories",
  description: "The newest memories of the user, and how many there are by tag, source and kind.",
  uses: ["memory"],
  match: (uri) => (/^memory:\/\/list$/i.test(uri) ? "" : undefined),
  async read(_id, { user, services: { memory } }) {
    const [page, stats] = await Promise.all([memory.list(user, { limit: NEWEST }), memory.stats(user)]);
    return {
      total: page.total,
      counts: {
        superseded: stats.superseded,
        tags: stats.tags,
        by_tag: stats.byTag,
        by_source: stats.bySource,
        by_kind: stats.byKind,
        characters: stats.characters,
        bytes: stats.bytes,
      },
      newest: page.memories,
    };
  },
  version: (_id, context) => newestVersion(context),
  onChange: ({ user, services }, listener) =>
    services.memory.onChange((change) => {
      if (change.user === user.id) listener([""]);
    }),
});

/** A text that is another one once the newest memories, or how many there are, have changed. */
export async function newestVersion({ user, services }: ResourceContext<"memory">): Promise<string> {
  const { total, memories } = await services.memory.list(user, { limit: NEWEST });
  return [total, ...memories.map(({ id, version }) => `${id} ${version}`)].join();
}
