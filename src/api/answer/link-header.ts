export interface HeaderLink {
  /** As it is written: perhaps relative. */
  target: string;
  /** Relation types, lower case. */
  rels: readonly string[];
}

const LINK = /[\s,]*<([^>]*)>/y;
const PARAMETER = /\s*;\s*(?:([!#$%&'*+.^_`|~\w-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?/y;

/** The links of a Link header (RFC 8288, 3); what stands between them and is none is passed over. */
export function parseLinkHeader(header: string): HeaderLink[] {
  const links: HeaderLink[] = [];
  let place = 0;
  while (place < header.length) {
    LINK.lastIndex = place;
    const link = LINK.exec(header);
    if (!link) {
      const next = header.indexOf("<", place + 1);
      if (next < 0) break;
      place = next;
      continue;
    }
    place = LINK.lastIndex;
    let rel: string | undefined;
    for (;;) {
      PARAMETER.lastIndex = place;
      const parameter = PARAMETER.exec(header);
      if (!parameter) break;
      place = PARAMETER.lastIndex;
      const [, name, quoted, plain] = parameter;
      // Of several the first counts.
      if (name?.toLowerCase() === "rel") rel ??= quoted?.replace(/\\(.)/g, "$1") ?? plain;
    }
    links.push({
      target: link[1] as string,
      rels: (rel ?? "")
        .toLowerCase()
        .split(/\s+/)
        .filter((each) => each !== ""),
    });
  }
  return links;
}
