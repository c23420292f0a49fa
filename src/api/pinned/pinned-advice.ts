import { type Advice, CALL_API_ADVICE, type NextPageCall } from "../answer/advice.ts";
import type { Slot } from "./pinned-arguments.ts";
import type { PortableSchema } from "./portable-schema.ts";

/** A tool of an operation, as far as it can go on with an answer. */
export interface GoingOn {
  name: string;
  api: string;
  /** The operation as `call_api` takes it. */
  operation: string;
  slots: readonly Slot[];
  properties: Readonly<Record<string, PortableSchema>>;
  /** Its argument for the id of a rest; undefined: it has none. */
  rest: string | undefined;
  /** Whether `call_api` is there. */
  callApi: boolean;
}

/** What can be done next after a call of the tool, in its own arguments; where it has none for it, in those of call_api. */
export function pinnedAdvice({ name, api, operation, slots, properties, rest, callApi }: GoingOn): Advice {
  const own = (next: NextPageCall): string | undefined => {
    const found = next.operation === undefined ? argumentsFor(next, slots, properties) : undefined;
    return found && `Go on with ${found} and the same other arguments`;
  };
  const general = (next: NextPageCall): string | undefined => {
    if (!callApi) return undefined;
    const operationNow = JSON.stringify(next.operation ?? operation);
    const values = [next.query, next.body].map((each) => JSON.stringify(each));
    const places = ["query", "body"].map((place, index) =>
      values[index] === "{}" ? "" : `, ${place} ${values[index]}`,
    );
    const others = next.operation === undefined ? " beside the values of this call" : "";
    return `Go on with call_api, api ${JSON.stringify(api)}, operation ${operationNow}${places.join("")}${others}`;
  };
  return {
    rest: rest === undefined ? CALL_API_ADVICE.rest : (id) => `${name} with ${rest} "${id}"`,
    parts: (id) => (callApi ? CALL_API_ADVICE.parts(id) : undefined),
    less: "ask for less with the tool's own arguments",
    page: (next) => own(next) ?? general(next),
    followsPages: false,
  };
}

/** The tool's arguments that ask for the page, as JSON without its braces. */
function argumentsFor(
  { query, body }: NextPageCall,
  slots: readonly Slot[],
  properties: Readonly<Record<string, PortableSchema>>,
): string | undefined {
  const values: Record<string, unknown> = {};
  for (const [place, asked] of [
    ["query", query],
    ["body", body],
  ] as const) {
    for (const [key, value] of Object.entries(asked)) {
      const slot = slots.find((each) => each.place === place && each.key === key);
      const further = slots.find(
        (each) => each.place === place && each.key === undefined && properties[each.name]?.type === "object",
      );
      const { name } = slot ?? further ?? {};
      if (name === undefined) return undefined;
      const type = properties[name]?.type;
      if (!slot) values[name] = { ...(values[name] as object | undefined), [key]: value };
      else values[name] = type === "integer" || type === "number" ? numberOf(value) : value;
    }
  }
  const text = JSON.stringify(values);
  return text === "{}" ? undefined : text.slice(1, -1);
}

function numberOf(text: string): number | string {
  return String(Number(text)) === text ? Number(text) : text;
}
