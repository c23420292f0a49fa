import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentsOf, ID, memoriesOf, stored, write } from "../../../test/fixtures/memory-files.ts";
import type { StoredMemory } from "../store.ts";
import { readMemoryFile } from "./memory-file.ts";

describe("files of other programs", () => {
  it("server-memory's entities, observations and relations come in and go out again", async () => {
    const graph = [
      '{"type":"entity","name":"Ana","entityType":"person","observations":["likes tea","lives in Lisbon"]}',
      '{"type":"entity","name":"ACME","entityType":"company","observations":[]}',
      '{"type":"relation","from":"Ana","to":"ACME","relationType":"works at"}',
    ].join("\n");
    const entries = readMemoryFile(graph);
    expect(entries).toEqual([
      { where: "line 1, observation 1", memory: { content: "likes tea", source: "Ana", tags: ["Ana", "person"] } },
      {
        where: "line 1, observation 2",
        memory: { content: "lives in Lisbon", source: "Ana", tags: ["Ana", "person"] },
      },
      {
        where: "line 2",
        memory: { content: "ACME (company)", kind: "entity", source: "ACME", tags: ["ACME", "company"] },
      },
      {
        where: "line 3",
        memory: { content: "Ana works at ACME", kind: "relation", source: "Ana", tags: ["Ana", "ACME"] },
      },
    ]);
    const memories = entries.map(({ memory }) => stored(memory as Partial<StoredMemory>));
    expect((await write(memories, "server-memory")).trim()).toBe(graph);

    const { entities, relations } = {
      entities: [{ name: "Ana", entityType: "person", observations: ["likes tea", "lives in Lisbon"] }],
      relations: [{ from: "Ana", to: "ACME", relationType: "works at" }],
    };
    expect(contentsOf(readMemoryFile(JSON.stringify({ entities, relations }, null, 2)))).toEqual([
      "likes tea",
      "lives in Lisbon",
      "Ana works at ACME",
    ]);
    expect(
      memoriesOf(readMemoryFile(`${graph}\n{"type":"entity","observations":[1]}\n{"type":"x"}\nx`)).slice(4),
    ).toEqual([
      { problem: '"name" is missing' },
      { problem: '"type" is neither "entity" nor "relation"' },
      { problem: "is not valid JSON" },
    ]);
  });

  it("any graph of server-memory comes back as it was", async () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 });
    const name = text.filter((each) => each.trim() !== "" && each.length <= 50);
    const entity = fc.record({
      name,
      entityType: name,
      observations: fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
    });
    const graphs = fc.uniqueArray(
      entity.filter((each) => each.name !== each.entityType),
      { minLength: 1, maxLength: 4, selector: (each) => each.name },
    );
    await fc.assert(
      fc.asyncProperty(graphs, name, async (entities, relationType) => {
        const [from, to] = [entities[0]?.name, entities.at(-1)?.name];
        const relation = { type: "relation", from, to, relationType };
        const lines = [...entities.map((each) => ({ type: "entity", ...each })), relation];
        const file = lines.map((line) => JSON.stringify(line)).join("\n");
        const memories = readMemoryFile(file).map(({ memory }) => stored(memory as Partial<StoredMemory>));
        const written = (await write(memories, "server-memory")).trim().split("\n");
        expect(written.map((line) => JSON.parse(line))).toEqual(lines);
      }),
    );
  });

  it("mem0's list comes in with categories, metadata and times of any offset", () => {
    const item = {
      id: "4f6c1c0e-5d0c-4b6e-9a53-0d8f1a3f8c11",
      memory: "likes jazz",
      user_id: "ana",
      run_id: "session 4",
      actor_id: "Ana",
      hash: "ab12",
      metadata: { category: "music", type: "preference", score: 3 },
      categories: ["hobbies"],
      created_at: "2025-07-23T02:22:12.331187-07:00",
      updated_at: "2025-07-23T02:22:12.331187",
      expiration_date: null,
    };
    const expected = {
      id: item.id,
      content: "likes jazz",
      tags: ["hobbies", "music"],
      kind: "preference",
      source: "session 4",
      speaker: "Ana",
      created: Date.parse("2025-07-23T09:22:12.331Z"),
      updated: Date.parse("2025-07-23T02:22:12.331Z"),
    };
    const bare = { id: 7, memory: "plays chess", metadata: null, categories: null };
    for (const text of [JSON.stringify({ results: [item] }, null, 2), JSON.stringify([item]), JSON.stringify(item)]) {
      expect(memoriesOf(readMemoryFile(text))).toEqual([expected]);
    }
    const graph = {
      results: [{ memory: "x" }],
      relations: [{ source: "ana", relationship: "plays", target: "chess" }, {}],
    };
    expect(readMemoryFile(JSON.stringify(graph)).slice(1)).toEqual([
      {
        where: "relation 1",
        memory: { content: "ana plays chess", kind: "relation", source: "ana", tags: ["ana", "chess"] },
      },
      { where: "relation 2", problem: '"source" is missing' },
    ]);
    expect(readMemoryFile(JSON.stringify([{ ...bare, id: "7" }, bare, { memory: 1 }]))).toEqual([
      { where: "entry 1", memory: { content: "plays chess", tags: [] } },
      { where: "entry 2", problem: '"id" is no text' },
      { where: "entry 3", problem: '"memory" is no text' },
    ]);
  });

  it("Open-WebUI's list has times in seconds", async () => {
    const text = await write([stored()], "open-webui");
    expect(JSON.parse(text)).toEqual([
      { id: ID, user_id: "ana", content: "Ana prefers green tea", created_at: 1767323045, updated_at: 1767409445 },
    ]);
    expect(memoriesOf(readMemoryFile(text))).toEqual([
      { id: ID, content: "Ana prefers green tea", created: 1767323045000, updated: 1767409445000 },
    ]);
    expect(memoriesOf(readMemoryFile('["a fact", {"content":"b","created_at":1767323045123}, null]'))).toEqual([
      { content: "a fact" },
      { content: "b", created: 1767323045123 },
      { problem: "is no object" },
    ]);
  });
});
