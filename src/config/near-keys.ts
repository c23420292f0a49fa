import { editsBetween } from "../edits.ts";

/** What other programs call the keys, in small letters. */
const OTHER_NAMES: Record<string, readonly string[]> = {
  url: ["apiUrl", "openapi", "baseUrl"],
  baseurl: ["apiUrl", "baseUrl"],
  endpoint: ["apiUrl", "baseUrl"],
  host: ["apiUrl", "baseUrl"],
  spec: ["openapi"],
  schema: ["openapi"],
  swagger: ["openapi"],
  document: ["openapi"],
  key: ["apiKey"],
  token: ["apiKey"],
  password: ["apiKey"],
};

/** The known keys that a wrong one may mean: in another spelling, by another name, misspelt, or shortened. Rather none than a far one. */
export function nearKeys(key: string, known: readonly string[]): string[] {
  const wanted = simple(key);
  const same = known.filter((each) => simple(each) === wanted);
  if (same.length > 0) return same;
  const renamed = (Object.hasOwn(OTHER_NAMES, wanted) ? OTHER_NAMES[wanted]! : []).filter((name) =>
    known.includes(name),
  );
  if (renamed.length > 0) return renamed;
  const limit = wanted.length < 3 ? 0 : wanted.length < 6 ? 1 : 2;
  const misspelt = known
    .map((each) => ({ each, differs: editsBetween(wanted, simple(each), limit) }))
    .filter(({ differs }) => differs <= limit)
    .sort((a, b) => a.differs - b.differs);
  if (misspelt.length > 0) return [misspelt[0]!.each];
  const longer = wanted.length < 3 ? [] : known.filter((each) => simple(each).endsWith(wanted));
  return longer.length <= 3 ? longer : [];
}

function simple(key: string): string {
  return key.replace(/[^a-z0-9]/gi, "").toLowerCase();
}
