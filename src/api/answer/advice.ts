/** What asks for the page that comes next. */
export interface NextPageCall {
  /** Method and path, where they are not those of the page before. */
  operation: string | undefined;
  /** Parameters of the query that change. */
  query: Readonly<Record<string, string>>;
  /** Fields of the body that change. */
  body: Readonly<Record<string, string>>;
}

/**
 * How the tool that is used for a call puts what can be done next: in arguments that it takes itself, or of a tool that is
 * there. Each is a part of a sentence.
 */
export interface Advice {
  /** What gives the part of a kept answer that the id names. */
  rest(id: string): string;
  /** What reads single parts of a kept JSON answer; undefined: nothing that is there. */
  parts(id: string): string | undefined;
  /** How to ask for less of a JSON answer. */
  less: string;
  /** How to ask for the next page; undefined: the tool has no argument for it. */
  page(next: NextPageCall): string | undefined;
  /** Whether the tool follows pages itself, with max_pages. */
  followsPages: boolean;
}

/** The advice of call_api, which takes everything. */
export const CALL_API_ADVICE: Advice = {
  rest: (id) => `call_api with rest "${id}"`,
  parts: (id) => `call_api with rest "${id}" and fields or select`,
  less: "ask for less with fields, select or the API's own parameters",
  page({ operation, query, body }) {
    const ways = [
      ...(operation === undefined ? [] : [operation]),
      ...(isEmpty(query) ? [] : [`query ${JSON.stringify(query)}`]),
      ...(isEmpty(body) ? [] : [`body ${JSON.stringify(body)} beside the rest of it`]),
    ];
    return `Go on with ${ways.join(" and ")}`;
  },
  followsPages: true,
};

function isEmpty(values: object): boolean {
  return Object.keys(values).length === 0;
}
