import { editsBetween } from "../edits.ts";
import { type AllowRule, mayMeet, parseAllowRule } from "./allow-rules.ts";
import { fitsSome, type KnownCall, parseConsentRule } from "./call-policy.ts";

/** A rule of the configuration that fits nothing there is, so that it probably is not what was meant. */
export interface RuleMisfit {
  key: "allow" | "confirm";
  /** As it is written, such as `GET /item/*`. */
  rule: string;
  message: string;
  hint: string;
  /** Where it may be meant all the same. */
  doubtful?: true;
}

interface RuledApi {
  name: string;
  settings: { allow: readonly string[]; confirm: boolean | readonly string[] };
  base: URL;
  /** Of the document, whether allowed or not; without a document what `allow` has. */
  calls: readonly KnownCall[];
  documented: boolean;
}

/** The rules of `apis.X.allow` and `apis.X.confirm` that fit no call there is, each with the closest one. */
export function findMisfits({ name, settings, base, calls, documented }: RuledApi): RuleMisfit[] {
  const { allow, confirm } = settings;
  const meets = (rule: AllowRule) => calls.some((call) => mayMeet(rule, call));
  const misfit = (key: RuleMisfit["key"], text: string, { method }: AllowRule, fits: (rule: AllowRule) => boolean) => {
    const every = `every ${method === "*" ? "call" : method}`;
    const told = key === "confirm" ? ` Until it fits one, the user is asked before ${every}.` : "";
    const nothing = documented ? "no operation of the document" : "no call that allow has";
    return {
      key,
      rule: text,
      message: `apis.${name}.${key}: "${text}" fits ${nothing}.${told}`,
      hint: hintFor(text, parseAllowRule(text, name, key), base, calls, fits),
    };
  };
  const misfits = documented
    ? allow.flatMap((text) => {
        const rule = parseAllowRule(text, name);
        return meets(rule) ? [] : [misfit("allow", text, rule, meets)];
      })
    : allow.flatMap((text) => repeating(text, name, base));
  if (typeof confirm === "boolean") return misfits;
  const fits = (rule: AllowRule) => fitsSome(parseConsentRule(rule.text, name), calls);
  for (const text of confirm) {
    const rule = parseConsentRule(text, name);
    if (!fits(rule)) misfits.push(misfit("confirm", text, rule, fits));
  }
  return misfits;
}

/** Without a document, nobody can tell whether the API has such a path. */
function repeating(text: string, name: string, base: URL): RuleMisfit[] {
  const { method, path } = parseAllowRule(text, name);
  const [repeated] = repeatedBase({ path }, base);
  if (!repeated) return [];
  const doubled = `${base.origin}${base.pathname.replace(/\/$/, "")}${path}`;
  const message = `apis.${name}.allow: "${text}" repeats the end of apiUrl: its calls go to ${doubled}.`;
  const hint = `If that is not meant, write ${method} ${repeated.path}.`;
  return [{ key: "allow", rule: text, message, hint, doubtful: true }];
}

function hintFor(
  text: string,
  rule: AllowRule,
  base: URL,
  calls: readonly KnownCall[],
  fits: (rule: AllowRule) => boolean,
): string {
  const repeated = repeatedBase(rule, base).find(({ path }) => fits({ ...rule, path, text: `${rule.method} ${path}` }));
  if (repeated) {
    const { part, path } = repeated;
    return `Write it without ${part}, which is in the API's URL already: ${rule.method} ${path}.`;
  }
  const methods = new Set(calls.filter((call) => mayMeet({ ...rule, method: "*" }, call)).map(({ method }) => method));
  if (methods.size > 0) return `Its path has ${listOf([...methods])}, not ${rule.method}.`;
  const close = closestCall(rule, calls);
  return close
    ? `Closest: ${close.method} ${close.path}. Paths are below the API's URL, ${shownBase(base)}.`
    : `There is nothing like ${text}. Paths are below the API's URL, ${shownBase(base)}.`;
}

/** The rule's path without what it repeats of the end of the base's path, the longest first. */
function repeatedBase({ path }: Pick<AllowRule, "path">, base: URL): { part: string; path: string }[] {
  const segments = base.pathname.split("/").filter((segment) => segment !== "");
  return segments
    .map((_, at) => `/${segments.slice(at).join("/")}`)
    .filter((part) => path.toLowerCase().startsWith(`${part.toLowerCase()}/`))
    .map((part) => ({ part, path: path.slice(part.length) }));
}

/** The call whose path differs least, of the rule's method where two are alike. Undefined where all differ much. */
function closestCall(rule: AllowRule, calls: readonly KnownCall[]): KnownCall | undefined {
  const wanted = bare(rule.path).replace(/\*.*$/s, "").slice(0, MAX_COMPARED);
  const segments = wanted.split("/").length;
  let best: { call: KnownCall; differs: number } | undefined;
  for (const call of calls) {
    const parts = bare(call.path).replace(/\*.*$/s, "").split("/");
    // What a rule leaves open is not compared.
    const compared = rule.path.includes("*") ? parts.slice(0, segments) : parts;
    const otherMethod = rule.method === "*" || call.method === "*" || call.method === rule.method ? 0 : 0.5;
    const otherDepth = compared.length === segments ? 0 : 0.4;
    const differs =
      editsBetween(wanted, compared.join("/").slice(0, MAX_COMPARED), MAX_COMPARED) + otherMethod + otherDepth;
    if (!best || differs < best.differs) best = { call, differs };
  }
  return best && best.differs <= Math.max(2, wanted.length / 2) ? best.call : undefined;
}

/** Characters of a path that are looked at. */
const MAX_COMPARED = 120;

/** Without the names of its parameters, which are anybody's choice. */
function bare(path: string): string {
  return path.toLowerCase().replace(/\{[^{}/]*\}/g, "");
}

function listOf(names: string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function shownBase(base: URL): string {
  return `${base.origin}${base.pathname}`;
}
