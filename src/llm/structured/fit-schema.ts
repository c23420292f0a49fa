/** What `fitToSchema` changed, in plain words. */
export interface Fitted {
  value: unknown;
  mends: string[];
}

type Schema = Record<string, unknown>;
type Json = Record<string, unknown>;

const MAX_DEPTH = 60;
/** Values that are looked at; more are left as they are. */
const MOST_NODES = 50_000;
const NUMBER = /^[+-]?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?$/;

/**
 * The value with what models get wrong about a schema put right, where what they meant is plain: numbers and booleans written
 * as texts, labels in another case, one value instead of a list of one, JSON inside a text, names of keys in another style,
 * nothing (null) where a key may be left out, keys that nobody asked for. What it gives still has to be checked.
 */
export function fitToSchema(value: unknown, schema: Schema): Fitted {
  const mends: string[] = [];
  let nodes = 0;
  const note = (path: string, what: string) => {
    mends.push(path === "" ? what : `${path.slice(1)}: ${what}`);
  };

  function adjust(given: unknown, at: unknown, path: string, depth: number): unknown {
    const wanted = resolve(at, schema);
    if (!wanted || depth > MAX_DEPTH || ++nodes > MOST_NODES) return given;
    const changed = scalar(given, wanted, path);
    const types = typesOf(wanted);
    if (Array.isArray(changed)) {
      if (types.includes("object") && !types.includes("array") && changed.length === 1 && isObject(changed[0])) {
        note(path, "the only entry of a list was taken");
        return adjustObject(changed[0], wanted, path, depth);
      }
      return isObject(wanted.items)
        ? changed.map((item, index) => adjust(item, wanted.items, `${path}.${index}`, depth + 1))
        : changed;
    }
    if (changed !== null && types.length === 1 && types[0] === "array") {
      // A text with commas or lines may be a list itself: that is not to be guessed.
      if (typeof changed === "string" && (/[,;\n]/.test(changed) || changed.trim() === "")) return changed;
      note(path, "a single value was taken as a list of one");
      return [adjust(changed, wanted.items, `${path}.0`, depth + 1)];
    }
    return isObject(changed) ? adjustObject(changed, wanted, path, depth) : changed;
  }

  function adjustObject(given: Json, wanted: Schema, path: string, depth: number): Json {
    const properties = propertiesOf(wanted, schema);
    const names = Object.keys(properties);
    if (names.length === 0) return given;
    const required = Array.isArray(wanted.required) ? wanted.required : [];
    const result: Json = {};
    let isKnown = false;
    for (const [key, item] of Object.entries(given)) {
      let name = key;
      if (!Object.hasOwn(properties, key)) {
        const alike = names.filter((other) => plain(other) === plain(key) && !Object.hasOwn(given, other));
        if (alike.length === 1 && !Object.hasOwn(result, alike[0]!)) {
          name = alike[0]!;
          note(path, `"${short(key)}" was taken as "${name}"`);
        } else if (wanted.additionalProperties === false && !isObject(wanted.patternProperties)) {
          note(path, `"${short(key)}", which the schema does not have, was left out`);
          continue;
        }
      }
      isKnown ||= Object.hasOwn(properties, name);
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (item === null && property !== undefined && !required.includes(name) && !allowsNull(property, schema)) {
        note(path, `"${name}" was null and was left out`);
        continue;
      }
      const fitted = property === undefined ? item : adjust(item, property, `${path}.${name}`, depth + 1);
      if (name === "__proto__") continue;
      result[name] = fitted;
    }
    // Nothing that was asked for is in it: better wrong as a whole than empty.
    if (!isKnown && Object.keys(given).length > 0 && Object.keys(result).length === 0) return given;
    return result;
  }

  function scalar(given: unknown, wanted: Schema, path: string): unknown {
    const types = typesOf(wanted);
    const choices = choicesOf(wanted);
    if (choices) {
      if (choices.some((choice) => choice === given) || (typeof given !== "string" && typeof given !== "number"))
        return given;
      const alike = choices.filter((choice) => plain(String(choice)) === plain(String(given)));
      if (alike.length !== 1 || plain(String(given)) === "") return given;
      note(path, `${JSON.stringify(given).slice(0, 60)} was taken as ${JSON.stringify(alike[0])}`);
      return alike[0];
    }
    if (types.length === 0) return given;
    if (typeof given === "string" && !types.includes("string")) return fromText(given, types, path);
    if (types.includes("string") && types.every((type) => type === "string" || type === "null")) {
      if (typeof given === "boolean" || (typeof given === "number" && Math.abs(given) <= Number.MAX_SAFE_INTEGER)) {
        note(path, `the ${typeof given} ${given} was taken as a text`);
        return String(given);
      }
    }
    return given;
  }

  function fromText(given: string, types: readonly string[], path: string): unknown {
    const text = given.trim();
    if ((types.includes("number") || types.includes("integer")) && NUMBER.test(text)) {
      note(path, `the number ${Number(text)} was read from a text`);
      return Number(text);
    }
    if (types.includes("boolean") && /^(?:true|false)$/i.test(text)) {
      note(path, `${text.toLowerCase()} was read from a text`);
      return text.toLowerCase() === "true";
    }
    if (types.includes("null") && /^(?:null|none|n\/a|)$/i.test(text)) {
      note(path, `${JSON.stringify(given)} was read as null`);
      return null;
    }
    if ((types.includes("object") && text.startsWith("{")) || (types.includes("array") && text.startsWith("["))) {
      try {
        const inner: unknown = JSON.parse(text);
        note(path, "the JSON stood in a text");
        return inner;
      } catch {
        return given;
      }
    }
    return given;
  }

  return { value: adjust(value, schema, "", 0), mends };
}

/** The schema that a subschema stands for: behind a `$ref`, or the one alternative besides null. */
export function resolve(at: unknown, root: Schema): Schema | undefined {
  let found = at;
  for (let hops = 0; hops < 20 && isObject(found); hops++) {
    if (typeof found.$ref === "string") found = target(found.$ref, root);
    else if (isObject(found) && found.type === undefined && found.properties === undefined) {
      const all = (found.anyOf ?? found.oneOf ?? found.allOf) as unknown;
      const others = Array.isArray(all) ? all.filter((one) => !isObject(one) || one.type !== "null") : [];
      if (others.length !== 1) return found;
      found = others[0];
    } else return found;
  }
  return undefined;
}

function target(ref: string, root: Schema): unknown {
  if (!ref.startsWith("#")) return undefined;
  let at: unknown = root;
  for (const step of ref.slice(1).split("/").slice(1)) {
    const name = unescapeStep(step);
    at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}

function unescapeStep(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return step;
  }
}

export function propertiesOf(wanted: Schema, root: Schema): Record<string, unknown> {
  const own = isObject(wanted.properties) ? wanted.properties : {};
  const all = Array.isArray(wanted.allOf) ? wanted.allOf.map((one) => resolve(one, root)?.properties) : [];
  return Object.assign({}, ...all.filter(isObject), own) as Record<string, unknown>;
}

export function typesOf(wanted: Schema): string[] {
  if (typeof wanted.type === "string") return [wanted.type];
  if (Array.isArray(wanted.type)) return wanted.type.filter((type) => typeof type === "string");
  if (isObject(wanted.properties)) return ["object"];
  return isObject(wanted.items) ? ["array"] : [];
}

/** The values that the schema lists. */
export function choicesOf(wanted: Schema): unknown[] | undefined {
  return Array.isArray(wanted.enum) ? wanted.enum : wanted.const !== undefined ? [wanted.const] : undefined;
}

function allowsNull(property: unknown, root: Schema): boolean {
  if (!isObject(property)) return true;
  const all = property.anyOf ?? property.oneOf;
  if (Array.isArray(all)) return all.some((one) => allowsNull(one, root));
  const wanted = resolve(property, root);
  const types = wanted ? typesOf(wanted) : [];
  const choices = wanted && choicesOf(wanted);
  return choices ? choices.includes(null) : types.length === 0 || types.includes("null");
}

/** A name without its style: case, blanks, underscores, hyphens between letters, quotes and stars around it, a full stop. */
export function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/[\s_"'“”`*]|(?<=\p{L})-(?=\p{L})/gu, "")
    .replace(/[.!]$/, "");
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
