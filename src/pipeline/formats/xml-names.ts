/**
 * Field names as names of elements and attributes, and back. Characters that a name must not have are written as `_xHHHH_`
 * (ISO/IEC 9075-14, SQL/XML; also .NET's XmlConvert), colons too, since a prefix would have to be declared. The empty name is `_x_`.
 */

// What XML 1.0 allows in its fourth edition as well as in its fifth: widespread parsers know the fourth only.
const LETTERS =
  "A-Za-z_\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u0131\\u0134-\\u013E\\u0141-\\u0148\\u014A-\\u017E\\u0391-\\u03A1\\u03A3-\\u03CE" +
  "\\u0401-\\u040C\\u040E-\\u044F\\u0451-\\u045C\\u05D0-\\u05EA\\u0621-\\u063A\\u3041-\\u3094\\u30A1-\\u30FA\\u4E00-\\u9FA5\\uAC00-\\uD7A3";
const PLAIN = new RegExp(`^(?!xmlns)[${LETTERS}][${LETTERS}0-9.-]*$`);
const WRONG = new RegExp(`^(?:[^${LETTERS}]|x(?=mlns))|_(?=x)|[^${LETTERS}0-9.-]`, "g");
const ENCODED = /_x([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8})_/g;

/** A name that is well-formed whatever the field is called. */
export function encodeName(name: string): string {
  if (name === "") return "_x_";
  if (PLAIN.test(name) && !name.includes("_x")) return name;
  return name.replace(
    WRONG,
    (character) => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}_`,
  );
}

/** The field that the name stands for. */
export function decodeName(name: string): string {
  if (!name.includes("_x")) return name;
  if (name === "_x_") return "";
  return name.replace(ENCODED, (escaped, digits: string) => {
    const code = Number.parseInt(digits, 16);
    return code > 0x10ffff ? escaped : String.fromCodePoint(code);
  });
}
