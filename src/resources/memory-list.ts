import { defineResource } from "./define-resource.ts";

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
  async version(_id, { user, services }) {
    const { total, memories } = await services.memory.list(user, { limit: NEWEST });
    return [total, ...memories.map(({ id, version }) => `${id} ${version}`)].join();
  },
  onChange: ({ user, services }, listener) =>
    services.memory.onChange((change) => {
      if (change.user === user.id) listener([""]);
    }),
});
