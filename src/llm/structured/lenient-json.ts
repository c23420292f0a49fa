/** A value read from text that may be not quite JSON. */
export interface LenientValue {
  value: unknown;
  /** Where the value ends in the text. */
  end: number;
  /** What was not JSON and how it was taken, in plain words. Empty: it was JSON. */
  mends: string[];
  /** Whether something is left out (`...`) or breaks off, so that the value is not all that was meant. */
  elided: boolean;
  /** Whether brackets at the end were missing. */
  unclosed: boolean;
}

/** How much was read, by all readings together, and where the last one ended, well or not. */
export interface Spent {
  chars: number;
  reached: number;
}

/** Deeper values could not be written out again. */
const MAX_DEPTH = 200;
/** Characters that are looked ahead for the colon after what may be the next key. */
const KEY_AHEAD = 200;
/** How often, so that a megabyte of quotes takes no longer than one of letters. */
const MOST_LOOKAHEADS = 20_000;

const QUOTES: Record<string, string> = {
  '"': '"',
  "'": "'",
  "`": "`",
  "“": '”“„"',
  "”": '”"',
  "„": '“”"',
  "‘": "’‘'",
  "’": "’'",
  "«": "»",
};
const ESCAPES: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "0": "\0" };
const WORDS: Record<string, unknown> = {
  True: true,
  TRUE: true,
  False: false,
  FALSE: false,
  None: null,
  NULL: null,
  nil: null,
  undefined: null,
};
const NO_NUMBERS = /^[+-]?(?:nan|inf(?:inity)?)$/i;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const LOOSE_NUMBER = /^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** What stands for a value that was to be filled in. */
const PLACEHOLDER =
  /^(?:string|str|number|float|integer|int|boolean|bool|array|object|list|dict|any|value)\b[^a-z]*$|[<>]/i;
const WORD = /[\p{L}_$]/u;
const ELLIPSIS = /^(?:\.{3,}|…)/;

/** The mend that is a guess about where texts end. */
export const UNESCAPED = "texts held quotes that were not escaped";

class Unreadable extends Error {}

/**
 * Reads the object or array that begins at `start`, in what models write instead of JSON: JSON5 (comments, single quotes,
 * unquoted keys, trailing commas), literals of Python and JavaScript, typographic and unescaped quotes, raw line breaks in
 * texts, missing commas and closing brackets. Every deviation is told. Linear in the length of the text.
 * @returns undefined where no value can be made out
 */
export function readLenient(
  text: string,
  start: number,
  spent: Spent = { chars: 0, reached: 0 },
): LenientValue | undefined {
  const reader = new Reader(text, start);
  try {
    const value = reader.value(0, "");
    return {
      value,
      end: reader.at,
      mends: [...reader.mends],
      elided: reader.elided,
      unclosed: reader.unclosed,
    };
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  } finally {
    spent.chars += reader.at - start;
    spent.reached = reader.at;
  }
}

class Reader {
  readonly mends = new Set<string>();
  elided = false;
  unclosed = false;
  private lookaheads = 0;
  readonly text: string;
  at: number;

  constructor(text: string, start: number) {
    this.text = text;
    this.at = start;
  }

  value(depth: number, close: string): unknown {
    if (depth > MAX_DEPTH) throw new Unreadable();
    const char = this.text[this.at];
    if (char === "{") return this.object(depth);
    if (char === "[") return this.array(depth);
    if (char !== undefined && char in QUOTES) return this.string(close);
    return this.bare();
  }

  private object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.at += 1;
    while (this.next("}")) {
      const key = this.key();
      this.space();
      if (this.text[this.at] === ":") this.at += 1;
      else if (this.text[this.at] === "=") {
        this.at += this.text[this.at + 1] === ">" ? 2 : 1;
        this.mends.add("a colon was missing");
      } else throw new Unreadable();
      this.space();
      if (this.at >= this.text.length) throw new Unreadable();
      const value = this.value(depth + 1, "}");
      if (Object.hasOwn(object, key) && JSON.stringify(object[key]) !== JSON.stringify(value)) {
        this.mends.add(`"${shorten(key)}" stood there more than once and the last was taken`);
      }
      // A plain assignment to this name would set the prototype.
      if (key === "__proto__")
        Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
      else object[key] = value;
      this.comma("}");
    }
    return object;
  }

  private array(depth: number): unknown[] {
    const list: unknown[] = [];
    this.at += 1;
    while (this.next("]")) {
      list.push(this.value(depth + 1, "]"));
      this.comma("]");
    }
    return list;
  }

  /** Whether another entry comes before the closing bracket, which is passed. */
  private next(close: string): boolean {
    for (;;) {
      this.space();
      const char = this.text[this.at];
      if (char === close) {
        this.at += 1;
        return false;
      }
      if (char === undefined) {
        this.unclosed = true;
        this.mends.add("closing brackets were missing");
        return false;
      }
      // The bracket of something further out: this one was forgotten.
      if (char === "}" || char === "]") {
        this.mends.add("closing brackets were missing");
        return false;
      }
      if (char === ",") {
        this.at += 1;
        this.mends.add("there were commas too many");
      } else if (ELLIPSIS.test(this.text.slice(this.at, this.at + 3))) {
        while (this.text[this.at] === "." || this.text[this.at] === "…") this.at += 1;
        this.elided = true;
      } else return true;
    }
  }

  /** Passes the comma after an entry. */
  private comma(close: string): void {
    const before = this.at;
    this.space();
    const char = this.text[this.at];
    if (char === ",") {
      this.at += 1;
      this.space();
      if (this.text[this.at] === close) this.mends.add("there were commas too many");
    } else if (char === ";") {
      this.at += 1;
      this.mends.add("commas were missing");
    } else if (char !== undefined && char !== "}" && char !== "]") {
      // Without a comma, only what stands apart is another entry.
      if (this.at === before && !(char in QUOTES) && char !== "{" && char !== "[") throw new Unreadable();
      if (!ELLIPSIS.test(this.text.slice(this.at, this.at + 3))) this.mends.add("commas were missing");
    }
  }

  private key(): string {
    const char = this.text[this.at]!;
    if (char in QUOTES) return this.string(":");
    const start = this.at;
    while (this.at < this.text.length && /[\p{L}\p{N}_$.-]/u.test(this.text[this.at]!)) this.at += 1;
    if (this.at === start) throw new Unreadable();
    this.mends.add("keys stood without quotes");
    return this.text.slice(start, this.at);
  }

  private string(close: string): string {
    const { text } = this;
    const open = text[this.at]!;
    if (
      open === '"' &&
      text.startsWith('"""', this.at) &&
      !/^[\s,}\]:]/.test(text.slice(this.at + 3, this.at + 4) || ",")
    ) {
      const end = text.indexOf('"""', this.at + 3);
      if (end !== -1) {
        const content = text.slice(this.at + 3, end);
        this.at = end + 3;
        this.mends.add("a text stood in three quotes");
        return content;
      }
    }
    const closers = QUOTES[open]!;
    if (open !== '"') this.mends.add("texts stood in other quotes than JSON's");
    let content = "";
    let from = ++this.at;
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === 92) {
        content += text.slice(from, this.at) + this.escape();
        from = this.at + 1;
      } else if (code < 32) {
        this.mends.add("texts held line breaks or other signs that have to be escaped");
      } else if (closers.includes(text[this.at]!)) {
        if (this.endsString(this.at, close)) {
          content += text.slice(from, this.at);
          this.at += 1;
          return content;
        }
        this.mends.add(UNESCAPED);
      }
    }
    // It breaks off in the middle of a text: what is missing cannot be known.
    throw new Unreadable();
  }

  /** The character of an escape sequence, its last character being where the reader stands then. */
  private escape(): string {
    const char = this.text[++this.at];
    if (char === undefined) throw new Unreadable();
    if (char === '"' || char === "\\" || char === "/") return char;
    if (char === "u") {
      const hex = this.text.slice(this.at + 1, this.at + 5);
      if (/^[0-9a-fA-F]{4}$/.test(hex)) {
        this.at += 4;
        return String.fromCharCode(Number.parseInt(hex, 16));
      }
    } else if (char in ESCAPES) {
      if (char === "v" || char === "0") this.mends.add("texts held escapes that JSON has not");
      return ESCAPES[char]!;
    }
    this.mends.add("texts held escapes that JSON has not");
    return char === "\n" || "'`\"".includes(char) ? char : `\\${char}`;
  }

  /** Whether a quote is the end of a text, by what follows it. */
  private endsString(at: number, close: string): boolean {
    const { text } = this;
    let i = at + 1;
    let line = false;
    for (; i < text.length && /\s/.test(text[i]!); i++) line ||= text[i] === "\n";
    const char = text[i];
    if (close === ":") return char === ":" || char === "=";
    if (char === undefined || char === "}" || char === "]" || char === ";") return true;
    if (char === ",") {
      for (i++; i < text.length && /\s/.test(text[i]!); i++);
      const after = text[i];
      if (after === undefined || after === "}" || after === "]" || after === ",") return true;
      if (close === "}") return this.beginsKey(i);
      return after in QUOTES || /^(?:[{[\d.…/#-]|true|false|null|True|False|None)/.test(text.slice(i, i + 5));
    }
    if (char === "/" || char === "#") return /^(?:\/\/|\/\*|#)/.test(text.slice(i, i + 2));
    // A comma may be missing before the next line, or before the next key.
    if (close === "]" && i > at + 1 && char in QUOTES) return true;
    return (line && char in QUOTES) || (close === "}" && char in QUOTES && this.beginsKey(i));
  }

  /** Whether a key with its colon, a comment or an ellipsis begins here. */
  private beginsKey(at: number): boolean {
    if (++this.lookaheads > MOST_LOOKAHEADS) return false;
    const ahead = this.text.slice(at, at + KEY_AHEAD);
    if (/^(?:\/\/|\/\*|#|\.\.\.|…)/.test(ahead)) return true;
    const quote = ahead[0];
    if (quote === undefined || !(quote in QUOTES)) return /^[\p{L}_$][\p{L}\p{N}_$.-]*\s*(?::|=>)/u.test(ahead);
    for (let i = 1; i < ahead.length; i++) {
      if (ahead[i] === "\\") i += 1;
      else if (QUOTES[quote]!.includes(ahead[i]!)) return /^\s*(?::|=>)/.test(ahead.slice(i + 1));
    }
    // Longer than is looked at.
    return ahead.length === KEY_AHEAD;
  }

  /** A number, a literal, or a text without quotes. */
  private bare(): unknown {
    const { text } = this;
    const start = this.at;
    while (this.at < text.length && !/[,;{}[\]\n\r"“”]/.test(text[this.at]!) && !this.comment()) this.at += 1;
    const token = text.slice(start, this.at).trimEnd();
    this.at = start + token.length;
    if (token === "true") return true;
    if (token === "false") return false;
    if (token === "null") return null;
    if (NUMBER.test(token)) {
      // At the very end of the text, digits may be missing.
      const number = Number(token);
      if (this.at >= text.length || !Number.isFinite(number)) throw new Unreadable();
      if (/^-?\d+$/.test(token) && !Number.isSafeInteger(number)) {
        this.mends.add(`${shorten(token)} has more digits than a number can keep`);
      }
      return number;
    }
    if (Object.hasOwn(WORDS, token)) {
      this.mends.add(`${token} was read as ${String(WORDS[token])}`);
      return WORDS[token];
    }
    if (NO_NUMBERS.test(token)) {
      this.mends.add(`${token}, which JSON has not, was read as null`);
      return null;
    }
    if (this.at >= text.length || token === "" || PLACEHOLDER.test(token) || token.includes(":"))
      throw new Unreadable();
    if (LOOSE_NUMBER.test(token) && !/^[+-]?0\d/.test(token)) {
      this.mends.add(`${token} was read as the number ${Number(token.replaceAll("_", ""))}`);
      return Number(token.replaceAll("_", ""));
    }
    if (!WORD.test(token) && !/^\d/.test(token)) throw new Unreadable();
    this.mends.add("texts stood without quotes");
    return token;
  }

  private comment(): boolean {
    const { text, at } = this;
    if (text[at] === "/" && (text[at + 1] === "*" || (text[at + 1] === "/" && text[at - 1] !== ":"))) return true;
    return text[at] === "#" && /\s/.test(text[at - 1] ?? "");
  }

  /** Passes white space and comments. */
  private space(): void {
    const { text } = this;
    for (;;) {
      const char = text[this.at];
      if (char === undefined) return;
      if (char === " " || char === "\n" || char === "\r" || char === "\t") this.at += 1;
      else if (/\s|\u200b|\ufeff/.test(char)) {
        this.at += 1;
        this.mends.add("there was white space that JSON has not");
      } else if (char === "#" || (char === "/" && (text[this.at + 1] === "/" || text[this.at + 1] === "*"))) {
        const block = text[this.at + 1] === "*" && char === "/";
        const end = text.indexOf(block ? "*/" : "\n", this.at);
        this.mends.add("comments were left out");
        // Comments such as "// and so on" say that entries are missing.
        const said = text.slice(this.at, end === -1 ? text.length : Math.min(end, this.at + 200));
        if (/\.{3}|…|\b(?:rest|remaining|more (?:items|entries|rows|records)|and so on|etc)\b/i.test(said))
          this.elided = true;
        this.at = end === -1 ? text.length : end + (block ? 2 : 1);
      } else return;
    }
  }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
