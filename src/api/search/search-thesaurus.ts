import { FORMS, NOUNS } from "./search-nouns.ts";
import { stemOf } from "./search-words.ts";

/** What a caller wants to do, as bits of a mask. */
export const READ = 1;
export const CREATE = 2;
export const UPDATE = 4;
export const DELETE = 8;

/** Verbs that say nearly the same, and what they mean to do. A word may stand in several lines. */
const VERBS: [words: string, intent: number][] = [
  ["create add new make insert register generate build open take", CREATE],
  ["set up setup provision launch deploy", CREATE],
  ["send post publish deliver submit dispatch write", CREATE],
  ["upload attach import put", CREATE | UPDATE],
  ["start run trigger launch execute begin invoke initiate exec", CREATE | UPDATE],
  ["resume continue unpause play", UPDATE],
  ["rerun retry redo repeat again rerequest redeliver", CREATE | UPDATE],
  ["restart reboot reset", CREATE | UPDATE],
  ["stop end terminate cancel abort halt kill", UPDATE | DELETE],
  ["close complete finish resolve", UPDATE],
  ["delete remove destroy erase purge clear wipe discard drop empty", DELETE],
  ["remove kick expel evict ban leave", DELETE],
  ["remove detach disconnect unlink unassign", DELETE | UPDATE],
  ["trash delete archive", DELETE | UPDATE],
  ["revoke invalidate expire delete disable", DELETE | UPDATE],
  ["list show display enumerate browse see", READ],
  ["get fetch read retrieve view show see load obtain describe display", READ],
  ["find search lookup look query filter discover", READ],
  ["download export get fetch", READ],
  ["check verify validate test", READ | CREATE],
  ["count number total", READ],
  ["preview", READ],
  ["compare diff change differ", READ],
  ["update edit change modify patch alter adjust set", UPDATE],
  ["replace overwrite update set", UPDATE],
  ["rename name update edit", UPDATE],
  ["configure set update", UPDATE],
  ["move transfer transition", UPDATE | CREATE],
  ["increase decrease raise lower scale resize", UPDATE | CREATE],
  ["mark set update modify", UPDATE | CREATE],
  ["reschedule move update postpone", UPDATE],
  ["schedule plan", CREATE],
  ["enable activate unlock start", UPDATE | CREATE],
  ["disable deactivate suspend stop lock", UPDATE | DELETE],
  ["mute silence snooze", UPDATE | CREATE],
  ["approve accept confirm allow grant review", UPDATE | CREATE],
  ["reject decline deny refuse dismiss", UPDATE | CREATE],
  ["block ban suspend", UPDATE | CREATE],
  ["protect restrict lock", UPDATE | CREATE],
  ["invite add ask", CREATE],
  ["assign give add set", CREATE | UPDATE],
  ["request ask", CREATE],
  ["share grant invite give", CREATE | UPDATE],
  ["copy duplicate clone fork", CREATE],
  ["restore recover undelete unarchive untrash undo", UPDATE | CREATE],
  ["merge combine join", UPDATE | CREATE],
  ["link connect relate associate", CREATE],
  ["subscribe follow watch", CREATE | UPDATE],
  ["unsubscribe unfollow unwatch", DELETE | UPDATE],
  ["like favorite favourite star save bookmark", CREATE | UPDATE],
  ["unlike unstar unsave", DELETE],
  ["release publish ship", UPDATE | CREATE],
  ["buy purchase order provision", CREATE],
  ["pay charge", CREATE],
  ["refund reimburse return", CREATE],
  ["tag label mark categorize classify", CREATE | UPDATE],
  ["translate convert transform render generate", CREATE | READ],
  ["estimate calculate compute quote", CREATE | READ],
  ["analyze analyse inspect detect scan", CREATE | READ],
  ["train fine tune", CREATE],
  ["sync synchronize refresh reload", UPDATE | CREATE],
  ["encrypt decrypt sign", CREATE],
  ["rollback revert restore undo", UPDATE | CREATE],
  ["promote demote elevate", UPDATE | CREATE],
  ["ship deliver dispatch fulfill", CREATE | UPDATE],
  ["reserve book schedule", CREATE],
  ["comment reply respond answer", CREATE],
  ["log record track", CREATE],
  ["vote react", CREATE],
  ["call dial ring phone", CREATE],
  ["mail email", CREATE],
  ["skip next", UPDATE | CREATE],
];

/** Phrases that mean something else than their words, and what stands for them in a query. */
const PHRASES: [RegExp, string][] = [
  [/\b(?:two|2)[- ]?factor\b|\bmulti[- ]?factor\b/gi, " 2fa mfa two factor "],
  [/\bsingle sign[- ]?on\b/gi, " sso "],
  [/\btime off\b|\bdays? off\b/gi, " leave vacation "],
  [/\b(?:speech|voice)[- ]to[- ]text\b/gi, " transcription speech "],
  [/\btext[- ]to[- ]speech\b/gi, " speech synthesis voice "],
  [/\btak(?:e|es|ing|en)\b(.*)\b(?:off|out|away)\b/gi, " remove $1 "],
  [
    /\bwho am i\b|\babout me\b|\bmy (?:own )?(?:account|user|profile)\b/gi,
    " get current authenticated user me myself identity profile ",
  ],
  [/\bhow many\b|\bnumber of\b/gi, " get count "],
  [/\bhow much\b/gi, " get amount "],
  [/\bget rid of\b|\btake (?:down|away)\b|\bthrow (?:away|out)\b/gi, " remove "],
  [/\bkick(?:ing|ed)?\b(.*)\bout\b/gi, " kick $1 "],
  [/\b(?:turn|switch)(?:ing|ed)? on\b/gi, " enable "],
  [/\b(?:turn|switch)(?:ing|ed)? off\b/gi, " disable "],
  [/\bshut(?:ting)? down\b/gi, " stop "],
  [/\b(?:spin|bring|stand|set)(?:ting|ning)? up\b/gi, " create "],
  [/\bhang(?:ing)? up\b/gi, " end "],
  [/\blook(?:ing|ed)? (?:up|for)\b/gi, " find "],
  [/\bsign(?:ed|ing)? (?:in|on)\b|\blog(?:ged|ging)? (?:in|on)\b/gi, " login "],
  [/\bsign(?:ed|ing)? up\b/gi, " register "],
  [/\bsign(?:ed|ing)? out\b|\blog(?:ged|ging)? (?:out|off)\b/gi, " logout "],
  [/\bout of (?:the )?office\b/gi, " vacation "],
  [/\b(?:right|just) now\b/gi, " current "],
  [/\btext message/gi, " sms message"],
  [/\btext (?:some(?:one|body)|a person|people)\b/gi, " send sms message "],
  [/\be-mail/gi, " email"],
  [/\bpull[- ]?req\b|\bprs?\b/gi, " pull request "],
  [/\b(?:for good|for ever|permanently|forever)\b/gi, " permanently "],
  [/\bci\/cd\b/gi, " ci "],
];

function groupsOf(lines: readonly string[]): Map<string, Set<string>> {
  const groups = new Map<string, Set<string>>();
  for (const line of lines) {
    const stems = new Set(line.split(" ").map(stemOf));
    for (const stem of stems) {
      const others = groups.get(stem) ?? new Set();
      for (const other of stems) if (other !== stem) others.add(other);
      groups.set(stem, others);
    }
  }
  return groups;
}

const VERB_GROUPS = groupsOf(VERBS.map(([words]) => words));
const NOUN_GROUPS = groupsOf(NOUNS);
const FORM_GROUPS = groupsOf(FORMS);
const INTENTS = new Map<string, number>();
for (const [words, intent] of VERBS) {
  // A word means first what the first line that has it says.
  for (const word of words.split(" ")) if (!INTENTS.has(stemOf(word))) INTENTS.set(stemOf(word), intent);
}
/** Verbs that undo each other. */
const OPPOSITES =
  "open close,start stop,start end,enable disable,add remove,create delete,approve reject,accept decline,allow deny,attach detach,connect disconnect,activate deactivate,assign unassign,grant revoke,join leave,show hide,upload download,import export,send receive,resume pause,play pause,mute unmute";
const OPPOSITE_STEMS = groupsOf(OPPOSITES.split(","));
/** Stems of verbs that of several things mean to list them. */
export const GETTING: ReadonlySet<string> = new Set(
  "get fetch read retrieve show view see display obtain load".split(" ").map(stemOf),
);
const NONE: ReadonlySet<string> = new Set();

/** What a verb means to do; 0 for words that are none. */
export function intentOf(stem: string): number {
  return INTENTS.get(stem) ?? 0;
}

/** Whether one verb undoes the other, such as `lock` and `unlock`. */
export function areOpposite(one: string, other: string): boolean {
  if (OPPOSITE_STEMS.get(one)?.has(other) === true) return true;
  return /^(?:un|dis|de)/.test(one) !== /^(?:un|dis|de)/.test(other) && bare(one) === bare(other);
}

function bare(stem: string): string {
  return stem.replace(/^(?:un|dis|de)(?=[a-z]{3})/, "");
}

/** The stems of verbs that mean nearly the same. */
export function verbsLike(stem: string): ReadonlySet<string> {
  return VERB_GROUPS.get(stem) ?? NONE;
}

/** The stems of other names of a thing. */
export function namesLike(stem: string): ReadonlySet<string> {
  return NOUN_GROUPS.get(stem) ?? NONE;
}

/** The stems of other forms of the same word. */
export function formsOf(stem: string): ReadonlySet<string> {
  return FORM_GROUPS.get(stem) ?? NONE;
}

/** Every word that is known whatever the documents say. */
export const KNOWN_STEMS: ReadonlySet<string> = new Set(
  [VERB_GROUPS, NOUN_GROUPS, FORM_GROUPS].flatMap((groups) => [...groups.keys()]),
);

/** A query with the phrases that its single words do not tell put in other words. */
export function withoutPhrases(query: string): string {
  return PHRASES.reduce((text, [phrase, words]) => text.replace(phrase, words), query);
}
