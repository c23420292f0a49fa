import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ToolError } from "../../errors.ts";
import { decodeBytes } from "./decode-bytes.ts";
import { INVALID, showInvalid } from "./text-decoders.ts";

/** Bytes in pieces that end after each of these numbers of bytes. */
function* pieces(bytes: Uint8Array, lengths: readonly number[]): Iterable<Uint8Array> {
  let at = 0;
  for (const length of lengths) {
    yield bytes.subarray(at, at + length);
    at += length;
  }
  yield bytes.subarray(at);
}

function decode(bytes: Uint8Array, encoding?: string, lengths: readonly number[] = []) {
  const decoded = decodeBytes(pieces(bytes, lengths), { encoding });
  const text = [...decoded.chunks].join("");
  return { text, encoding: decoded.encoding, invalidAt: decoded.invalidAt };
}

/** The text in a legacy encoding, by trying which bytes give each character. */
function encode(text: string, label: string): Buffer {
  const decoder = new TextDecoder(label);
  const found = new Map<string, number[]>();
  const tryBytes = (bytes: number[]): void => {
    const character = decoder.decode(new Uint8Array(bytes));
    if ([...character].length === 1 && character !== "\uFFFD" && !found.has(character)) found.set(character, bytes);
  };
  for (let first = 0; first < 256; first++) tryBytes([first]);
  if (!/[^\0-\x7f]/.test(text) || [...text].some((character) => !found.has(character))) {
    for (let first = 0x81; first < 255; first++)
      for (let second = 0x40; second < 255; second++) tryBytes([first, second]);
  }
  return Buffer.from(
    [...text].flatMap((character) => {
      const bytes = found.get(character);
      if (!bytes) throw new Error(`${character} is not in ${label}`);
      return bytes;
    }),
  );
}

function utf16(text: string, bigEndian: boolean): Buffer {
  const bytes = Buffer.from(text, "utf16le");
  return bigEndian ? bytes.swap16() : bytes;
}

const ascii = "id,name,amount\r\n1,Smith,12.50\r\n2,Miller,3.00\r\n";
const mixed = "id,name\n1,Müller 😀\n2,日本 \uFFFD\n";

describe("bytes", () => {
  it.each<[string, Buffer, string, string]>([
    ["ASCII", Buffer.from(ascii), ascii, "utf-8"],
    ["UTF-8", Buffer.from(mixed), mixed, "utf-8"],
    ["UTF-8 with a mark", Buffer.from(`\uFEFF${mixed}`), mixed, "utf-8"],
    ["UTF-16LE with a mark", utf16(`\uFEFF${mixed}`, false), mixed, "utf-16le"],
    ["UTF-16BE with a mark", utf16(`\uFEFF${mixed}`, true), mixed, "utf-16be"],
    ["UTF-16LE", utf16(ascii, false), ascii, "utf-16le"],
    ["UTF-16BE", utf16(ascii, true), ascii, "utf-16be"],
    ["nothing", Buffer.alloc(0), "", "utf-8"],
    ["a mark alone", Buffer.from("\uFEFF"), "", "utf-8"],
    ["a second mark", Buffer.from("\uFEFF\uFEFFa"), "\uFEFFa", "utf-8"],
  ])("in %s are told by themselves, however they are cut", (_, bytes, text, encoding) => {
    const read = { text, encoding, invalidAt: undefined };
    expect(decode(bytes)).toEqual(read);
    expect(decode(bytes, undefined, Array(bytes.length).fill(1))).toEqual(read);
    expect(decode(bytes, undefined, [3, 0, 5])).toEqual(read);
  });

  it.each<[string, string]>([
    ["windows-1252", "id,name\n1,Müller\n2,Größe\n"],
    ["windows-1252", "id,nom,ville\n1,Hélène Lefèvre,Besançon\n2,Noël Dupré,Orléans\n"],
    ["windows-1252", "id,price\n1,€ 5 – “ok”\n"],
    ["windows-1252", "name\ncafé\n"],
    ["windows-1252", "de,à\nà,é\n"],
    ["windows-1251", "номер,имя,город\n1,Иван Петров,Москва\n2,Мария Иванова,Казань\n"],
    ["koi8-r", "номер,имя,город\n1,Иван Петров,Москва\n2,Мария Иванова,Казань\n"],
    ["shift_jis", "番号,名前,住所\n1,山田太郎,東京都千代田区\n2,鈴木花子,大阪市の北区です\n"],
    ["euc-jp", "番号,名前,住所\n1,山田太郎,東京都千代田区\n2,鈴木花子,大阪市の北区です\n"],
    ["gb18030", "编号,姓名,城市\n1,王小明,北京市\n2,李华,上海市浦东新区\n"],
    ["big5", "編號,姓名,城市\n1,王小明,臺北市\n2,李華,高雄市\n"],
    ["euc-kr", "번호,이름,도시\n1,김철수,서울특별시\n2,이영희,부산광역시\n"],
    ["windows-1250", "id,imię,miasto\n1,Łukasz Żółć,Łódź\n2,Małgorzata Wiśniewska,Kraków\n"],
    ["iso-8859-2", "id,imię,miasto\n1,Łukasz Żółć,Łódź\n2,Małgorzata Wiśniewska,Kraków\n"],
    ["iso-8859-7", "αριθμός,όνομα\n1,Γιώργος Παπαδόπουλος\n2,Ελένη Αθήνα\n"],
  ])("in %s are told by what they say: %j", (encoding, text) => {
    const bytes = encode(text, encoding);
    expect(decode(bytes)).toEqual({ text, encoding, invalidAt: undefined });
    // Behind so much ASCII that it has long been passed on.
    const late = Buffer.concat([Buffer.from(ascii.repeat(5000)), bytes]);
    expect(decode(late, undefined, Array(300).fill(1000))).toMatchObject({ encoding });
    expect(decode(bytes, encoding, Array(bytes.length).fill(1))).toEqual({ text, encoding, invalidAt: undefined });
  });

  it.each<[string, string]>([
    ["shift_jis", "名前,年齢\n田中,30\n"],
    ["shift_jis", "id,name\n1,こんにちは\n2,ありがとう\n"],
    ["euc-jp", "id,name\n1,こんにちは\n2,ありがとう\n"],
    ["gb18030", "姓名,年龄\n王小明,30\n"],
    ["gb18030", "id,城市\n1,北京\n2,上海\n3,广州\n"],
    ["big5", "姓名,年齡\n王小明,30\n"],
    ["euc-kr", "이름,나이\n김철수,30\n"],
    ["windows-1251", "имя,город\nИван,Москва\n"],
    ["koi8-r", "имя,город\nИван,Москва\n"],
    ["ibm866", "имя,город\nИван,Москва\n"],
    ["windows-874", "ชื่อ,เมือง\nสมชาย,กรุงเทพ\n"],
    ["windows-1250", "name;city\nDvořák;Łódź\n"],
    ["windows-1250", "miasto\nŁomża\nSłubice\n"],
    ["windows-1252", "preis;menge\n¿qué?;10 £, 5 m³\nMüller;3¼ 1º\n"],
    ["windows-1252", "temp\n21°C\n"],
    ["windows-1252", "nafn\nþór\nJón Þórsson\n"],
    ["windows-1252", "NAME\nMÜLLER\nGRÖSSE\n"],
    ["windows-1252", "it’s “fine” – ok…\n"],
  ])("in %s are told by a few words: %j", (encoding, text) => {
    expect(decode(encode(text, encoding))).toEqual({ text, encoding, invalidAt: undefined });
  });

  it("are read in the encoding that is named, unless they have a mark", () => {
    expect(decode(Buffer.from("é"), "latin1")).toMatchObject({ text: "Ã©", encoding: "windows-1252" });
    expect(decode(Buffer.from([0x80, 0x9f, 0x81]), "cp1252").text).toBe("€Ÿ\x81");
    expect(decode(utf16("é", true), "utf-16be").text).toBe("é");
    expect(decode(Buffer.from("\uFEFFé"), "latin1")).toMatchObject({ text: "é", encoding: "utf-8" });
  });

  it("of XML are read in the encoding that it declares, where that can be", () => {
    const declared = (label: string): Buffer =>
      Buffer.from(`<?xml version="1.0" encoding='${label}'?><a>\xc3\xa9</a>`, "latin1");
    expect(decode(declared("KOI8-R"))).toMatchObject({ encoding: "koi8-r", text: expect.stringContaining("ц╘") });
    expect(decode(declared("utf-16"))).toMatchObject({ encoding: "utf-8", text: expect.stringContaining("é") });
    expect(decode(declared("nothing"))).toMatchObject({ encoding: "utf-8" });
    expect(decode(declared("koi8-r"), "utf-8")).toMatchObject({ encoding: "utf-8" });
  });

  it.each(["utf-9", "", "hz-gb-2312", "constructor"])("are refused where there is no encoding %j", (label) => {
    expect(() => decodeBytes([], { encoding: label })).toThrow(
      expect.objectContaining({ code: "invalid_input", message: `There is no encoding ${JSON.stringify(label)}.` }),
    );
  });

  it.each<[string, string, RegExp]>([
    ["an Excel workbook", "504b030414000600", /a zip file, as Excel workbooks are/],
    ["gzip", "1f8b0800", /compressed with gzip/],
    ["UTF-32", "fffe000061000000", /UTF-32/],
    ["a picture", "89504e470d0a1a0a0000000d494844520000000100000001080600000000ff0102030405", /control characters/],
    ["Parquet", "5041523115041500", /Parquet/],
  ])("of %s are refused", (_, hex, message) => {
    expect(() => decode(Buffer.from(hex, "hex"))).toThrow(message);
  });
});

describe("invalid bytes", () => {
  it.each<[string, string, string, number]>([
    ["a lone byte", "612cff0a", `a,${INVALID}\n`, 2],
    ["a character that is cut", "61c3286162", `a${INVALID}(ab`, 1],
    ["a character too long", "c0af", INVALID.repeat(2), 0],
    ["half of a pair", "61eda080", `a${INVALID.repeat(3)}`, 1],
    ["the end within a character", "61f09f98", `a${INVALID}`, 1],
    ["beside U+FFFD of the text", "efbfbdff61efbfbd", `\uFFFD${INVALID}a\uFFFD`, 3],
  ])("of UTF-8, %s, differ from the text's own U+FFFD", (_, hex, text, invalidAt) => {
    const bytes = Buffer.from(hex, "hex");
    expect(decode(bytes, "utf-8")).toEqual({ text, encoding: "utf-8", invalidAt });
    expect(decode(bytes, "utf-8", Array(bytes.length).fill(1))).toEqual({ text, encoding: "utf-8", invalidAt });
  });

  it("of UTF-16 are halves of pairs, and half a unit at the end", () => {
    expect(decode(Buffer.from("6100 00d8 6200 3d".replaceAll(" ", ""), "hex"), "utf-16le")).toEqual({
      text: `a${INVALID}b${INVALID}`,
      encoding: "utf-16le",
      invalidAt: 2,
    });
  });

  it("of other encodings are told as well", () => {
    expect(decode(Buffer.from([0x61, 0xff]), "shift_jis")).toMatchObject({ text: `a${INVALID}`, invalidAt: 0 });
  });

  it.each<[string, Buffer]>([
    ["among UTF-8", Buffer.concat([Buffer.from("Müller, Größe, Čapek\n"), Buffer.from([0xff, 0x0a])])],
    ["after much UTF-8", Buffer.concat([Buffer.from("Müller\n".repeat(30_000)), Buffer.from([0xe9, 0x0a])])],
    ["that are text in no encoding", Buffer.from("a,b\n1,x\xff\xfey\n", "latin1")],
    ["of a broken character", Buffer.from("a,b\n1,caf\xc3(\n", "latin1")],
  ])("%s leave the text UTF-8", (_, bytes) => {
    expect(decode(bytes)).toMatchObject({ encoding: "utf-8", invalidAt: expect.any(Number) });
  });

  it("give the same text as the platform's decoder, whatever they are and however they are cut", () => {
    const bytes = fc
      .array(
        fc.oneof(
          fc.uint8Array({ maxLength: 5 }),
          fc.string({ unit: "binary", maxLength: 3 }).map((text) => Buffer.from(text)),
        ),
        {
          maxLength: 20,
        },
      )
      .map((parts) => Buffer.concat(parts));
    const lengths = fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 40 });
    const labels = fc.constantFrom("utf-8", "utf-16le", "utf-16be", "shift_jis", "windows-1252", "big5");
    const marked = (given: Buffer): boolean => /^(efbbbf|fffe|feff)/.test(given.toString("hex"));
    fc.assert(
      fc.property(bytes, lengths, labels, (given, cuts, label) => {
        if (marked(given)) return;
        try {
          const { text } = decode(given, label, cuts);
          const expected = new TextDecoder(label, { ignoreBOM: true }).decode(given);
          expect(showInvalid(text)).toBe(showInvalid(expected));
        } catch (error) {
          // A file of another kind, by chance.
          if (!(error instanceof ToolError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
