import type { StoredMemory } from "../store.ts";
import type { FileEntry, FileFormat, FileMemory } from "./file-entry.ts";
import { entryOf, isObject, type JsonObject, Problem, parseJson, textOf, textsOf } from "./json-memory.ts";
import { isTag, RELATION, readRelation, required } from "./relation.ts";

/**
 * The knowledge graph of @modelcontextprotocol/server-memory (modelcontextprotocol/servers, src/memory): JSON lines
 * `{"type":"entity","name","entityType","observations":[…]}` and `{"type":"relation","from","to","relationType"}`, or what its
 * read_graph gives, `{"entities":[…],"relations":[…]}`.
 *
 * Each observation is a memory: its source is the entity, its tags are the entity's name and type, so that it is found by them.
 * An entity without observations is one memory of kind `entity`, a relation one of kind `relation`.
 */
const ENTITY = "entity";

export const serverMemory: FileFormat = {
  read(text) {
    const document = parseJson(text);
    if (isGraph(document)) return readGraph(document);
    return text.split("\n").flatMap((line, index) => {
      if (line.trim() === "") return [];
      return readLine(`line ${index + 1}`, parseJson(line));
    });
  },

  /** An entity for each source, or else speaker; the file is made of the whole graph, so nothing is given before all is read. */
  async *write(memories, user) {
    const entities = new Map<string, { entityType: string; observations: Set<string> }>();
    const relations: JsonObject[] = [];
    for await (const memory of memories) {
      if (memory.superseded_by !== undefined) continue;
      const relation = relationOf(memory);
      if (relation) {
        relations.push(relation);
        continue;
      }
      const name = memory.source ?? memory.speaker ?? user;
      let entity = entities.get(name);
      if (!entity) {
        entity = { entityType: typeOf(memory, name), observations: new Set() };
        entities.set(name, entity);
      }
      if (memory.kind !== ENTITY) entity.observations.add(memory.content);
    }
    for (const [name, { entityType, observations }] of entities) {
      yield `${JSON.stringify({ type: ENTITY, name, entityType, observations: [...observations] })}\n`;
    }
    for (const relation of relations) yield `${JSON.stringify({ type: RELATION, ...relation })}\n`;
  },
};

export function isGraphLine(value: unknown): boolean {
  if (!isObject(value)) return false;
  return (value.type === ENTITY && "observations" in value) || (value.type === RELATION && "relationType" in value);
}

export function isGraph(value: unknown): value is JsonObject {
  return isObject(value) && Array.isArray(value.entities);
}

export function readGraph(graph: JsonObject): FileEntry[] {
  const relations = Array.isArray(graph.relations) ? graph.relations : [];
  return [
    ...(graph.entities as unknown[]).flatMap((value, index) => readEntity(`entity ${index + 1}`, value)),
    ...relations.map((value, index) => entryOf(`relation ${index + 1}`, () => readEdge(value))),
  ];
}

function readLine(where: string, value: unknown): FileEntry[] {
  if (value === undefined) return [{ where, problem: "is not valid JSON" }];
  if (!isObject(value)) return [{ where, problem: "is no object" }];
  if (value.type === ENTITY) return readEntity(where, value);
  if (value.type === RELATION) return [entryOf(where, () => readEdge(value))];
  return [{ where, problem: '"type" is neither "entity" nor "relation"' }];
}

function readEntity(where: string, value: unknown): FileEntry[] {
  let entity: { name: string; type: string; observations: string[] };
  try {
    if (!isObject(value)) throw new Problem("is no object");
    entity = {
      name: required(value, "name"),
      type: textOf(value, "entityType") ?? "",
      observations: textsOf(value, "observations") ?? [],
    };
  } catch (error) {
    if (error instanceof Problem) return [{ where, problem: error.message }];
    throw error;
  }
  const { name, type, observations } = entity;
  const memory: FileMemory = { source: name, tags: [name, type].filter(isTag) };
  if (observations.length === 0) {
    const content = type === "" ? name : `${name} (${type})`;
    return [{ where, memory: { ...memory, content, kind: ENTITY } }];
  }
  return observations.map((content, index) => ({
    where: `${where}, observation ${index + 1}`,
    memory: { ...memory, content },
  }));
}

function readEdge(value: unknown): FileMemory {
  if (!isObject(value)) throw new Problem("is no object");
  return readRelation(value, "from", "relationType", "to");
}

/** The relation that was imported as this memory: its content begins with its source and ends with its other tag. */
function relationOf({ kind, content, source, tags }: StoredMemory): JsonObject | undefined {
  if (kind !== RELATION || source === undefined || !content.startsWith(`${source} `)) return undefined;
  const rest = content.slice(source.length + 1);
  const to = [...tags.filter((tag) => tag !== source), source].find((tag) => rest.endsWith(` ${tag}`));
  if (to === undefined) return undefined;
  return { from: source, to, relationType: rest.slice(0, -to.length - 1) };
}

/** The type of the entity that was imported as this memory, or else what comes next to it. */
function typeOf({ tags, kind }: StoredMemory, name: string): string {
  const imported = tags.includes(name) ? tags.find((tag) => tag !== name) : undefined;
  return imported ?? (kind === undefined || kind === ENTITY ? "memory" : kind);
}
