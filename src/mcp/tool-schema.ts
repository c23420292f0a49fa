import type { Tool } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { AnyTool, ToolEffect } from "../tools/define-tool.ts";

type JsonSchema = Record<string, unknown>;

const ANNOTATIONS: Record<ToolEffect, { readOnlyHint: boolean; destructiveHint?: boolean; openWorldHint: boolean }> = {
  read: { readOnlyHint: true, openWorldHint: false },
  write: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  destroy: { readOnlyHint: false, destructiveHint: true, openWorldHint: false },
  "read-open": { readOnlyHint: true, openWorldHint: true },
  "write-open": { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
};

/** What `describeTool` gives, by tool; the build puts it in, so that a start need not convert schemas. */
declare const __TOOL_DEFINITIONS__: Record<string, Tool> | undefined;

const prepared = new Map(Object.entries(typeof __TOOL_DEFINITIONS__ === "object" ? __TOOL_DEFINITIONS__ : {}));
const describeCache = new WeakMap<AnyTool, Tool>();

/** The tool as `tools/list` shows it. Converted once per tool: conversion at every request costs more than the call. */
export function describeTool(tool: AnyTool): Tool {
  let described = prepared.get(tool.name) ?? describeCache.get(tool);
  if (!described) {
    described = {
      name: tool.name,
      title: tool.title,
      description: tool.description,
      inputSchema: portable(z.toJSONSchema(tool.input, { io: "input" })) as Tool["inputSchema"],
      outputSchema: outline(z.toJSONSchema(tool.output, { io: "output" })) as Tool["outputSchema"] & {},
      annotations: { ...ANNOTATIONS[tool.effect], ...(tool.idempotent && { idempotentHint: true }) },
    };
    describeCache.set(tool, described);
  }
  return described;
}

/** The tool with the annotations of another effect. */
export function withEffect(tool: Tool, effect: ToolEffect): Tool {
  return { ...tool, annotations: ANNOTATIONS[effect] };
}

/** The tool with further fields in the outline of its result; those that it has keep their types. */
export function withFields(tool: Tool, fields: Record<string, JsonSchema>): Tool {
  const own = (tool.outputSchema?.properties ?? {}) as Record<string, JsonSchema>;
  return { ...tool, outputSchema: { ...tool.outputSchema, type: "object", properties: { ...own, ...fields, ...own } } };
}

/** Drops what adds bytes without telling a client anything: the dialect, and the bounds that zod puts on every integer. */
function portable(schema: JsonSchema): JsonSchema {
  const result: JsonSchema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "$schema") continue;
    if (key === "maximum" && value === Number.MAX_SAFE_INTEGER) continue;
    if (key === "minimum" && value === Number.MIN_SAFE_INTEGER) continue;
    if (key === "propertyNames") continue;
    if (key === "additionalProperties" && isEmpty(value)) continue;
    result[key] =
      key === "properties"
        ? mapValues(value as Record<string, JsonSchema>, portable)
        : key === "items"
          ? portable(value as JsonSchema)
          : value;
  }
  return result;
}

/**
 * The outline of a result: the names and types of its first level. Clients need no more to check a result, and each byte of
 * `tools/list` is paid for in every conversation; but every name has to be there, also of what may be anything, because mcpo
 * drops the others from the result. Nothing is required besides `status`, for a call may also end as a question.
 */
function outline(schema: JsonSchema): JsonSchema {
  const properties = mapValues((schema.properties ?? {}) as Record<string, JsonSchema>, (property) =>
    typeof property.type === "string" ? { type: property.type } : {},
  );
  return { type: "object", properties: { status: { type: "string" }, ...properties }, required: ["status"] };
}

function mapValues<From, To>(record: Record<string, From>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
