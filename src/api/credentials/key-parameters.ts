import type { Parameter } from "../operation.ts";

const KEY_NAME =
  /^(?:x[-_]?)?(?:(?:access|api|app|auth|authentication|bearer|oauth|(?:ocp[-_]apim[-_])?subscription)[-_]?(?:key|token)|token|authorization)$/i;
const SAYS_SO = /\b(?:auth\w*[ -](?:token|key)|access[ -]token|api[ -]?(?:token|key)|bearer|credential)/i;

/**
 * Whether a parameter that a document lists is plainly the key that its security schemes should name. A mere `token` may be
 * what an operation is about, unless it is a header or its description says otherwise.
 */
export function isKeyParameter({ in: place, name, description }: Parameter): boolean {
  if (place === "path" || !KEY_NAME.test(name)) return false;
  return place === "header" || !/^token$/i.test(name) || SAYS_SO.test(description);
}

const NOTE = "Leave it out: the server sends the configured credential itself.";

/** The parameters, none of which has to be given where it is plainly the key: calls carry one as the configuration says. */
export function withoutRequiredKeys(parameters: readonly Parameter[]): readonly Parameter[] {
  if (!parameters.some((parameter) => parameter.required && isKeyParameter(parameter))) return parameters;
  return parameters.map((parameter) =>
    parameter.required && isKeyParameter(parameter)
      ? { ...parameter, required: false, description: `${NOTE} ${parameter.description}`.trim() }
      : parameter,
  );
}
