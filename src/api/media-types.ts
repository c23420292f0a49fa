/** A media type as a document names it. */
export interface MediaType {
  /** Without parameters, in lower case. */
  type: string;
  /** With them, as it is sent. */
  written: string;
}

const PARAMETER = /^(\s*;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:[^"\\\r\n]|\\.)*"|[!#$%&'*+.^_`|~0-9A-Za-z-]+))/;

/** A media type without its parameters, in lower case. */
export function bareType(type: string): string {
  return (type.split(";")[0] ?? "").trim().toLowerCase();
}

/**
 * A media type and the parameters of it that can be sent (RFC 9110, 8.3.1). A charset other than UTF-8 is left out, for texts are
 * sent in that one, and so is a weight.
 */
export function readMediaType(text: string): MediaType {
  const type = bareType(text);
  let written = type;
  let rest = text.includes(";") ? text.slice(text.indexOf(";")) : "";
  for (;;) {
    const [, whole = "", name = "", value = ""] = PARAMETER.exec(rest) ?? [];
    if (whole === "") break;
    rest = rest.slice(whole.length);
    const isOther = /^charset$/i.test(name) && !/^"?utf-?8"?$/i.test(value);
    if (!isOther && !/^q$/i.test(name)) written += whole;
  }
  return { type, written: /^[\t\x20-\x7e]*$/.test(written) ? written : type };
}

/** Whether a media type is JSON (RFC 6839). */
export function isJsonType(type: string): boolean {
  return type === "application/json" || type === "text/json" || type.endsWith("+json");
}
