import type { CheckedFilter } from "../memory-filter.ts";
import type { TermMatches } from "../search/candidates.ts";
import { MAX_TERMS, type QueryTerm, type TermForm } from "../search/query.ts";
import { alike, beginningsOf, halvesOf, slipsAllowed, withoutEnding } from "../search/spelling.ts";
import type { Session } from "./connection.ts";
import { currentMemories, facetsOf, satisfying } from "./filter-sql.ts";
import { FACET_SIGN, integers, type Owner } from "./rows.ts";

/** Memories that are read of any term; a term of more is common. */
const COMMON = 2_000;
/** Memories that are read of all terms together. */
const BUDGET = 20_000;
/** Of a term beyond the budget only the memories are read that have a rarer one, the rarest first, up to so many. */
const PARTNERS = 4_000;
/** A filter that names at most so many memories is applied by their numbers. */
const FEW = 1_000;
/** Words that a misspelled one is compared with. */
const VOCABULARY = 5_000;
const LAST_CHARACTER = "\u{10ffff}";

/** The memories that a search is about: a condition on entries of the index, called `p`. */
export interface Among {
  sql: string;
  parameters: unknown[];
  /** Whether it leaves anything out. */
  filters: boolean;
}

/** What a filter asks of the index, `$1` being the user. */
export async function readAmong(session: Session, owner: Owner, filter: CheckedFilter): Promise<Among> {
  if (Object.keys(filter).length === 0) return { sql: "", parameters: [owner.uid], filters: false };
  const { sql, parameters } = satisfying(filter, currentMemories(owner));
  const few = await session.rows<{ number: number }>(
    `select m.number from patchbay.memory m where ${sql} limit ${FEW + 1}`,
    parameters,
  );
  if (few.length <= FEW) {
    return {
      sql: "and p.number = any($2::integer[])",
      parameters: [owner.uid, integers(few.map((row) => row.number))],
      filters: true,
    };
  }
  const all: unknown[] = [owner.uid];
  const conditions = facetsOf(filter).map(
    (facet) =>
      `and exists (select from patchbay.posting f where f.uid = $1 and f.term = $${all.push(facet)} and f.number = p.number)`,
  );
  if (filter.after !== undefined || filter.before !== undefined) {
    const from = all.push(filter.after ?? Number.MIN_SAFE_INTEGER);
    const to = all.push(filter.before ?? Number.MAX_SAFE_INTEGER);
    conditions.push(
      `and exists (select from patchbay.memory m where m.uid = $1 and m.number = p.number and m.time >= $${from} and m.time < $${to})`,
    );
  }
  return { sql: conditions.join(" "), parameters: all, filters: true };
}

/**
 * The memories that each term finds. A term that finds none stands for what begins with it, or else for the two words that it
 * is made of, or else for words spelled alike; the terms are given back with these forms.
 */
export async function lookUpTerms(
  session: Session,
  owner: Owner,
  given: readonly QueryTerm[],
  among: Among,
  { spelling }: { spelling: boolean },
): Promise<{ terms: QueryTerm[]; matches: TermMatches[] }> {
  const places = given.map((term): { term: QueryTerm; found?: FoundTerm[] } => ({ term }));
  const missing = () => places.filter((place) => !place.found);
  const attempt = async (formsOf: (term: QueryTerm) => readonly TermForm[] | Promise<TermForm[]>): Promise<void> => {
    const asked = await Promise.all(
      missing().map(async (place) => ({ place, forms: [...(await formsOf(place.term))] })),
    );
    const results = await readForms(
      session,
      owner,
      asked.map(({ forms }) => forms),
      among,
    );
    asked.forEach(({ place, forms }, index) => {
      const found = results[index] as Found;
      if (found.frequency > 0) place.found = [{ term: { ...place.term, forms }, found }];
    });
  };
  await attempt((term) => term.forms);
  await attempt(beginningsOf);
  for (const place of missing()) {
    const halves = await readHalves(session, owner, place.term);
    if (halves.length === 0) continue;
    const terms = halves.map((text) => ({ ...place.term, text, forms: [{ text, prefix: false, weight: 1 }] }));
    const results = await readForms(
      session,
      owner,
      terms.map(({ forms }) => forms),
      among,
    );
    place.found = terms.map((term, index) => ({ term, found: results[index] as Found }));
  }
  if (spelling) await attempt((term) => readSpellings(session, owner, term));
  await attempt(withoutEnding);
  const found = places.flatMap(({ term, found = [{ term, found: NOTHING }] }) => found).slice(0, MAX_TERMS);
  await completeCommonTerms(session, found, among);
  return { terms: found.map((one) => one.term), matches: found.map((one) => one.found) };
}

/** The newest memories that have the terms of the phrase one after the other. */
export async function lookUpPhrase(session: Session, phrase: string, among: Among): Promise<Set<number>> {
  const parameters = [...among.parameters];
  const words = [...new Set(phrase.split(" "))].map((word) => parameters.push(word));
  const others = words
    .slice(1)
    .map(
      (at) =>
        `and exists (select from patchbay.posting w where w.uid = $1 and w.term = $${at} and w.number = p.number)`,
    );
  const at = parameters.push(` ${phrase} `);
  const rows = await session.rows<{ number: number }>(
    `select m.number from patchbay.memory m join (
       select p.number from patchbay.posting p where p.uid = $1 and p.term = $${words[0]} ${others.join(" ")} ${among.sql}
       order by p.number desc limit ${BUDGET}) having_all on m.uid = $1 and m.number = having_all.number
     where position($${at} in ' ' || m.terms || ' ') > 0 order by m.number desc limit ${COMMON}`,
    parameters,
  );
  return new Set(rows.map((row) => row.number));
}

interface Found extends TermMatches {
  numbers: number[];
  /** How many satisfy the filter; estimated where they are not complete. */
  size: number;
  /** Whether `numbers` are all. */
  complete: boolean;
}

interface FoundTerm {
  term: QueryTerm;
  found: Found;
}

const NOTHING: Found = { numbers: [], frequency: 0, size: 0, complete: true };

interface FormRow {
  at: number;
  /** The newest that satisfy the filter, separated by commas. */
  numbers: string | null;
  /** The same whatever the filter. */
  known: string | null;
}

/** The newest memories that each of the terms finds, a term being any of its forms; in one round trip. */
async function readForms(
  session: Session,
  owner: Owner,
  terms: readonly (readonly TermForm[])[],
  among: Among,
): Promise<Found[]> {
  const wanted = terms.flatMap((forms, at) => forms.map((form) => ({ ...form, at })));
  const reads = [false, true].map((prefix) => {
    const forms = wanted.filter((form) => form.prefix === prefix);
    return forms.length > 0 ? readPostings(session, forms, prefix, among) : [];
  });
  const rows = (await Promise.all(reads)).flat();
  return terms.map((_, at) => {
    const own = rows.filter((row) => row.at === at);
    const numbers = newestOf(own.map((row) => numbersIn(row.numbers)));
    const known = among.filters ? newestOf(own.map((row) => numbersIn(row.known))) : numbers;
    return {
      numbers,
      frequency: countOf(owner, known),
      size: countOf(owner, numbers),
      complete: numbers.length < COMMON,
    };
  });
}

async function readPostings(
  session: Session,
  forms: readonly { at: number; text: string }[],
  prefix: boolean,
  among: Among,
): Promise<FormRow[]> {
  const parameters = [...among.parameters];
  const at = parameters.push(forms.map((form) => form.at));
  const text = parameters.push(forms.map((form) => form.text));
  const newest = (filter: string): string =>
    prefix
      ? // A beginning may be that of many words, which are not in the order of the memories together.
        `select distinct number from (select p.number from patchbay.posting p where p.uid = $1 and p.term >= w.term
           and p.term < w.term || '${LAST_CHARACTER}' ${filter} limit ${BUDGET}) bounded order by number desc limit ${COMMON}`
      : `select p.number from patchbay.posting p where p.uid = $1 and p.term = w.term ${filter}
         order by p.number desc limit ${COMMON}`;
  const list = (filter: string): string =>
    `(select string_agg(number::text, ',' order by number desc) from (${newest(filter)}) n)`;
  return session.rows<FormRow>(
    `select w.at, ${list(among.sql)} as numbers, ${among.filters ? list("") : "null"} as known
     from unnest($${at}::integer[], $${text}::text[]) as w (at, term)`,
    parameters,
  );
}

function numbersIn(list: string | null): number[] {
  return list === null ? [] : list.split(",").map(Number);
}

/** The newest of all, the newest first. */
function newestOf(lists: readonly number[][]): number[] {
  const [only = [], ...others] = lists;
  if (others.length === 0) return only;
  return [...new Set(lists.flat())].sort((a, b) => b - a).slice(0, COMMON);
}

/** How many memories were found; where they are the newest of more, as many as if all had a term as often as they do. */
function countOf(owner: Owner, newest: readonly number[]): number {
  if (newest.length < COMMON) return newest.length;
  const read = owner.last - (newest.at(-1) as number) + 1;
  return Math.min(owner.n, Math.round((newest.length * owner.last) / read));
}

/**
 * Reads on for common terms, the rarest first, within the budget. Of the terms beyond it only the memories are read that have
 * a rarer term too: a memory with nothing but the most common words of a query is no better answer than its newest ones.
 */
async function completeCommonTerms(session: Session, found: readonly FoundTerm[], among: Among): Promise<void> {
  const rarestFirst = [...found].sort((a, b) => a.found.size - b.found.size);
  let read = rarestFirst.reduce((sum, one) => sum + one.found.numbers.length, 0);
  const rarer: number[] = [];
  for (const { term, found: one } of rarestFirst) {
    if (!one.complete) {
      const fits = read + one.size <= BUDGET;
      const partners = fits ? undefined : rarer.slice(0, PARTNERS);
      if (fits || (partners && partners.length > 0)) {
        const more = await readMore(session, term.forms, among, partners);
        one.numbers = [...new Set([...one.numbers, ...more])].sort((a, b) => b - a);
        one.complete = fits;
        read += more.length;
      }
    }
    if (rarer.length < PARTNERS) rarer.push(...one.numbers.slice(0, PARTNERS));
  }
}

/** All memories that a term finds within the budget, or those of the given ones. */
async function readMore(
  session: Session,
  forms: readonly TermForm[],
  among: Among,
  partners: readonly number[] | undefined,
): Promise<number[]> {
  const parameters = [...among.parameters];
  const conditions = forms.map(({ text, prefix }) => {
    const at = parameters.push(text);
    return prefix ? `p.term >= $${at} and p.term < $${at} || '${LAST_CHARACTER}'` : `p.term = $${at}`;
  });
  const only = partners ? `and p.number = any($${parameters.push(integers(new Set(partners)))}::integer[])` : "";
  const parts = conditions.map(
    (condition) =>
      `(select p.number from patchbay.posting p where p.uid = $1 and ${condition} ${only} ${among.sql}
        order by p.number desc limit ${BUDGET})`,
  );
  const rows = await session.rows<{ numbers: string | null }>(
    `select string_agg(number::text, ',') as numbers from (${parts.join(" union ")}) n`,
    parameters,
  );
  return numbersIn(rows[0]?.numbers ?? null);
}

/** The two words of the user's memories that the term is made of. */
async function readHalves(session: Session, owner: Owner, { text }: QueryTerm): Promise<string[]> {
  // First what it may begin with, then what may follow there.
  const known = new Set<string>();
  for (let round = 0; round < 2; round++) {
    const asked = new Set<string>();
    halvesOf(text, (word) => {
      if (known.has(word)) return true;
      asked.add(word);
      return false;
    });
    if (asked.size === 0) break;
    const rows = await session.rows<{ term: string }>(
      `select term from unnest($2::text[]) as asked (term)
       where exists (select from patchbay.posting p where p.uid = $1 and p.term = asked.term)`,
      [owner.uid, [...asked]],
    );
    if (rows.length === 0) break;
    for (const { term } of rows) known.add(term);
  }
  return halvesOf(text, (word) => known.has(word));
}

/** Words of the user's memories that the term may be a slip of: those with the same first letter, or else any. */
async function readSpellings(session: Session, owner: Owner, { text }: QueryTerm): Promise<TermForm[]> {
  if (slipsAllowed(text) === 0) return [];
  const first = String.fromCodePoint(text.codePointAt(0) as number);
  const forms = alike(text, await readVocabulary(session, owner, first, `${first}${LAST_CHARACTER}`));
  return forms.length > 0 ? forms : alike(text, await readVocabulary(session, owner, "a", FACET_SIGN));
}

async function readVocabulary(session: Session, owner: Owner, from: string, to: string): Promise<string[]> {
  // Goes from word to word in the index, not over all entries.
  const rows = await session.rows<{ term: string }>(
    `with recursive words as (
       (select term from patchbay.posting where uid = $1 and term >= $2 and term < $3 order by term limit 1)
       union all
       select (select p.term from patchbay.posting p where p.uid = $1 and p.term > words.term and p.term < $3
               order by p.term limit 1)
       from words where words.term is not null)
     select term from words where term is not null limit ${VOCABULARY}`,
    [owner.uid, from, to],
  );
  return rows.map((row) => row.term);
}
