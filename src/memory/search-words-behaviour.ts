import { beforeAll, describe, expect, it } from "vitest";
import type { MemoryStore } from "./store.ts";
import type { OpenStore } from "./store-behaviour.ts";

const ana = { id: "ana" };

/** Memories in many languages and notations, and queries that each is to be found by first, among hundreds of others. */
const FOUND_BY: [content: string, queries: string[]][] = [
  [
    "Marie préfère le café noir et l'école Montessori d'Île-de-France",
    ["cafe", "CAFÉ", "ecole", "île-de-france", "Où est l'école de Marie ?", "prefere cafe"],
  ],
  [
    "Die Straßenbahnhaltestelle am Müllerplatz schließt um 22 Uhr",
    ["Straßenbahn", "strassenbahnhaltestelle", "strasse*", "Mullerplatz", "schliesst", "Haltestelle"],
  ],
  ["Мама купила красный велосипед в Москве для Серёжи", ["МОСКВЕ", "Москва", "Серёжи", "красная", "велосипд"]],
  ["أحمد يحب القهوة العربية في الصباح", ["القهوة", "قهوة", "أحمد", "الصَّباح"]],
  ["राधा को हिन्दी किताबें पढ़ना पसंद है", ["हिन्दी", "किताबें", "राधा"]],
  ["สมชายชอบกินต้มยำกุ้งที่เชียงใหม่", ["ต้มยำ", "กุ้ง", "เชียงใหม่"]],
  ["민수는 부산에서 김치찌개를 먹었다", ["김치찌개", "민수가", "부산", "찌개"]],
  [
    "田中さんは毎朝コーヒーを飲みながら新聞を読む",
    ["コーヒー", "ｺｰﾋｰ", "新聞", "読", "飲む", "田中さんは何を飲みますか"],
  ],
  ["我喜欢在上海的公园里跑步，女儿叫小明", ["上海", "跑", "女儿叫什么名字？", "在公园跑步"]],
  ["她住在臺北，電話是 02-2345-6789", ["臺北", "電話", "02-2345-6789"]],
  ["Kullanıcı İstanbul'da ışık festivali için çalışıyor", ["istanbul", "isik", "calisiyor"]],
  ["Zażółć gęślą jaźń w Łodzi; Dvořák žije v Českých Budějovicích", ["zazolc", "lodzi", "dvorak"]],
  ["Ο Σίσυφος ζει στην Αθήνα", ["ΣΙΣΥΦΟΣ", "αθηνα"]],
  ["דוד אוהב פיצה בתל אביב", ["פיצה", "תל אביב"]],
  ["Nguyễn Văn Đức thích phở Hà Nội", ["nguyen", "duc", "pho ha noi"]],
  [
    "Function parseHttpRequest lives in src/net/http-parser.ts line 42",
    [
      "parseHttpRequest",
      "parse_http_request",
      "parse-http-request",
      "http parser",
      "src/net/http-parser.ts",
      "src/net",
    ],
  ],
  [
    "The constant MAX_RETRY_COUNT equals 5 and $HOME/.config/app.json holds it",
    ["MAX_RETRY_COUNT", "maxRetryCount", "retry_count", "app.json", "~/.config/app.json", "$HOME"],
  ],
  [
    "Deploy docs: https://docs.example.com/guide/setup?lang=en#install",
    ["https://docs.example.com/guide/setup?lang=en#install", "docs.example.com", "example.com"],
  ],
  [
    "Contact: jane.doe+work@mail-server.co.uk about billing",
    ["jane.doe+work@mail-server.co.uk", "jane.doe", "mail-server.co.uk", "@mail-server"],
  ],
  ["We pinned node v22.19.0 and lodash 4.17.21-rc.1", ["v22.19.0", "22.19.0", "4.17.21", "lodash 4.17", "node 22"]],
  ["Commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b broke the build", ["9f86d08", "9F86D081884C"]],
  ["Ticket id 3f2504e0-4f89-11d3-9a0c-0305e82c3301 for customer #8812", ["3f2504e0", "#8812"]],
  ["Ana's favourite colour is teal", ["what's Ana's favourite colour", "Ana’s colour", "favorite color of Ana"]],
  [
    "Christopher and Katharina visited the archaeology museum in Reykjavík",
    [
      "Christoper",
      "Chirstopher",
      "Khristopher",
      "hristopher",
      "Cchristopher",
      "Kathrina",
      "archeology",
      "Reykjavick",
      "Christ*",
      "chris katharina",
    ],
  ],
  [
    "Her icecream shop uses a whiteboard and a note book",
    ["ice cream", "ice-cream", "white board", "notebook", "iceream", "whiteboard icecream"],
  ],
  ["Project Zephyr-X2 uses OAuth2 and gRPC over HTTP/2", ["zephyr x2", "ZephyrX2", "oauth", "http/2", "grpc"]],
  ["Run `kubectl get pods -n kube-system` and check err != nil", ["kubectl get pods", "-n kube-system", "err != nil"]],
  ["C# and F# beat Objective-C; Node.js rules", ["C#", "F#", "objective-c", "node.js", "nodejs"]],
];

/** Words in whatever language, notation and spelling they come. */
export function describeSearchWords(name: string, openStore: OpenStore): void {
  describe(`${name}: words that are searched for`, () => {
    let store: MemoryStore;
    beforeAll(async () => {
      store = await openStore();
      await store.addAll(
        ana,
        FOUND_BY.map(([content]) => ({ content })),
      );
      const others = Array.from({ length: 300 }, (_, index) => ({
        content: `unrelated remark number a${index} about the daily weather, some lunch and errands`,
      }));
      await store.import(ana, JSON.stringify(others));
    });

    it.each(FOUND_BY.flatMap(([content, queries]) => queries.map((query) => [query, content] as const)))(
      "%s finds: %s",
      async (query, content) => {
        const { results } = await store.search(ana, { query });
        expect(results[0]?.content).toBe(content);
      },
    );

    it("says by which words, as they stand in the query", async () => {
      const reasonOf = async (query: string) => (await store.search(ana, { query, limit: 1 })).results[0]?.reason;
      expect(await reasonOf("What's Ana's favourite Colours?")).toEqual({ matched: ["Ana", "favourite", "Colours"] });
      expect(await reasonOf("parse_http_request, please")).toEqual({ matched: ["parse_http_request"] });
      expect(await reasonOf("コーヒー")).toEqual({ matched: ["コーヒー"] });
      expect(await reasonOf("Où est l’école ?")).toMatchObject({ matched: [expect.stringContaining("école")] });
    });
  });
}
