import { abortError, ToolError } from "../errors.ts";
import type { ApiSettings } from "./configured-api.ts";
import { until } from "./in-flight.ts";
import type { LiveApi } from "./live-api.ts";

/** Something of an API that works otherwise than the configuration seems to mean. */
export interface ApiProblem {
  /** Where it stands in the configuration, such as `apis.shop.confirm`. */
  key: string;
  message: string;
  hint?: string | undefined;
  /** Whether it cannot be what is meant; otherwise it is only doubtful. */
  broken: boolean;
}

/** An API as the doctor and the start page show it. */
export interface ApiCheck {
  name: string;
  kind: "plain" | "openapi";
  /** Without credentials and query; empty where the API has none. */
  base_url: string;
  operations: number;
  /** Whether its operations are known, so that they can be searched and described whatever `error` says of calls. */
  described: boolean;
  /** Why calls fail. */
  error?: string;
  hint?: string;
  /** What else is wrong or doubtful. */
  problems: ApiProblem[];
}

/** Reads the document of an API, connects to it and looks at its credentials and rules. Calls no operation; never throws. */
export async function checkApi(
  name: string,
  settings: ApiSettings,
  open: () => Promise<LiveApi>,
  { signal, ask }: { signal: AbortSignal; ask: boolean },
): Promise<ApiCheck> {
  const result: ApiCheck = {
    name,
    kind: settings.openapi === undefined ? "plain" : "openapi",
    base_url: "",
    operations: 0,
    described: false,
    problems: [],
  };
  try {
    const { description, exchange, responses, credentials } = await until(open(), signal);
    result.base_url = `${description.base.origin}${description.base.pathname}`;
    result.operations = description.operations.length;
    result.described = true;
    result.problems.push(
      ...description.misfits().map(({ key, message, hint, doubtful }) => ({
        key: `apis.${name}.${key}`,
        message,
        hint,
        broken: !doubtful,
      })),
    );
    result.problems.push(...credentials.problems());
    await responses.ready();
    const [probed, checked] = await Promise.allSettled([exchange.probe(signal), credentials.check(signal, { ask })]);
    if (probed.status === "rejected" && checked.status === "rejected" && checked.reason instanceof ToolError) {
      // A token endpoint may be down with the API; what is wrong in the configuration is wrong in any case.
      const { code, message, hint } = checked.reason;
      if (code === "not_configured" || code === "invalid_config")
        result.problems.push({ key: `apis.${name}`, message, hint, broken: true });
    }
    for (const each of [probed, checked]) if (each.status === "rejected") throw each.reason;
  } catch (error) {
    const failure = error instanceof ToolError ? error : signal.aborted ? abortError(signal) : undefined;
    if (!failure) throw error;
    result.error = failure.message;
    if (failure.hint !== undefined) result.hint = failure.hint;
  }
  return result;
}
