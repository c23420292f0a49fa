import type { Tool } from "@modelcontextprotocol/server";

type Schema = {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
};

const BEGIN = "# Written by `npm run gen` from the tools' own schemas.\n";
const END = "# End of what `npm run gen` writes.\n";

/** What Open-WebUI gives to every method; the model cannot set any of it. */
const GIVEN = ["__user__", "__metadata__", "__request__", "__event_emitter__", "__event_call__"];

/** The Python tool for Open-WebUI with this version and a method for each of these tools; what is written by hand stays. */
export function openWebUiTool(source: string, version: string, tools: readonly Tool[]): string {
  const begin = source.indexOf(BEGIN);
  const end = source.indexOf(END);
  if (begin < 0 || end < begin) throw new Error("The marks of the written part are missing.");
  const models: string[] = [];
  const methods = tools.map((tool) => method(tool, models));
  const written = [...models, `class _Methods:\n${methods.join("\n")}`].join("\n\n");
  return `${source.slice(0, begin).replace(/^version: .*$/m, `version: ${version}`)}${BEGIN}\n\n${written}\n\n${source.slice(end)}`;
}

function method({ name, description = "", inputSchema }: Tool, models: string[]): string {
  const { properties = {}, required = [] } = inputSchema as Schema;
  const parameters = Object.entries(properties).map(([parameter, schema]) => ({
    parameter: identifier(parameter),
    required: required.includes(parameter),
    type: typeOf(schema, `${camel(name)}${camel(parameter)}`, models),
    text: withDefault(schema),
  }));
  parameters.sort((a, b) => Number(b.required) - Number(a.required));
  const signature = parameters.map(({ parameter, type, required }) =>
    required ? `${parameter}: ${type}` : `${parameter}: Optional[${type}] = None`,
  );
  const lines = (texts: readonly string[], indent: string) => texts.map((text) => `${indent}${text}\n`).join("");
  return `    async def ${identifier(name)}(
        self,
${lines(
  [...signature, ...GIVEN.map((given) => `${given}: Any = None`)].map((text) => `${text},`),
  "        ",
)}    ) -> Any:
        """
        ${docstring(description)}

${lines(
  parameters.map(({ parameter, text }) => `:param ${parameter}: ${docstring(text)}`),
  "        ",
)}        """
        return await _call("${name}", locals())
`;
}

/** The type hint from which Open-WebUI makes the schema again. Objects with known properties become models. */
function typeOf(schema: Schema, name: string, models: string[]): string {
  if (schema.enum) return `Literal[${schema.enum.map((value) => JSON.stringify(value)).join(", ")}]`;
  if (Array.isArray(schema.type)) {
    return `Union[${schema.type.map((type) => typeOf({ ...schema, type }, name, models)).join(", ")}]`;
  }
  if (schema.type === "array") return `List[${typeOf(schema.items ?? {}, name, models)}]`;
  if (schema.type === "object" && schema.properties) {
    models.push(model(schema, name, models));
    return name;
  }
  const types: Record<string, string> = {
    string: "str",
    integer: "int",
    number: "float",
    boolean: "bool",
    object: "dict",
  };
  return types[schema.type ?? ""] ?? "Any";
}

function model({ properties = {}, required = [] }: Schema, name: string, models: string[]): string {
  const fields = Object.entries(properties).map(([property, schema]) => {
    const type = typeOf(schema, `${name}${camel(property)}`, models);
    const description = `description=${JSON.stringify(withDefault(schema))}`;
    return required.includes(property)
      ? `    ${identifier(property)}: ${type} = Field(${description})\n`
      : `    ${identifier(property)}: Optional[${type}] = Field(default=None, ${description})\n`;
  });
  return `class ${name}(BaseModel):\n${fields.join("")}`;
}

/** Open-WebUI drops the default of what may be left out, and the server has it anyway. */
function withDefault({ description = "", default: value }: Schema): string {
  if (value === undefined || /default/i.test(description)) return description;
  return `${description} Default ${JSON.stringify(value)}.`;
}

/** Text within a docstring; Open-WebUI takes what follows `:param` and `:return` for parameters. */
function docstring(text: string): string {
  if (/:(param|return)/.test(text)) throw new Error(`A description must not contain ":param": ${text}`);
  return text.replaceAll("\\", "\\\\").replaceAll('"""', '\\"\\"\\"').replaceAll("\n", " ");
}

const KEYWORDS = new Set(
  "and as async await class def del from global if import in is lambda not or pass try with".split(" "),
);

function identifier(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/i.test(name) || KEYWORDS.has(name)) throw new Error(`"${name}" is no name in Python.`);
  return name;
}

function camel(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
