/** How the names of fields may be written. */
export const NAME_CASES = ["snake", "camel", "pascal", "kebab", "lower", "upper"] as const;
export type NameCase = (typeof NAME_CASES)[number];

/** A name in another case: `Customer Name` as `customer_name`, `customerName`, `CustomerName`, `customer-name`. */
export function nameInCase(name: string, style: NameCase): string {
  if (style === "lower") return name.toLowerCase();
  if (style === "upper") return name.toUpperCase();
  const words = wordsOf(name);
  if (style === "snake") return words.join("_");
  if (style === "kebab") return words.join("-");
  return words.map((word, index) => (index === 0 && style === "camel" ? word : capital(word))).join("");
}

/** The words of a name in small letters: parted by other signs, and where a capital follows a small letter. */
function wordsOf(name: string): string[] {
  const parted = name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .toLowerCase();
  return parted.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}

function capital(word: string): string {
  const [first = ""] = word;
  return first.toUpperCase() + word.slice(first.length);
}
