import { networkInterfaces } from "node:os";
import fc from "fast-check";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { pagesUrl } from "../src/cli/check-pages.ts";
import { readForm } from "../src/interaction/form.ts";
import type { PageSite } from "../src/pages/page-site.ts";
import {
  confirmation,
  EVERY_TYPE,
  formQuestion,
  openPage,
  type Received,
  RIGHT,
  send,
  startSite,
  submit,
  tokenOf,
} from "./fixtures/pages.ts";

const NAME = formQuestion({ title: "Who are you?", fields: [{ name: "name", label: "Your name", required: true }] });
const FORM_TYPE = { "Content-Type": "application/x-www-form-urlencoded" };

let site: PageSite;
beforeAll(() => {
  site = startSite({ maxOpen: 500 });
});
afterEach(() => {
  vi.useRealTimers();
});

const open = (question = NAME, user = "ana") => openPage(site, question, user);
/** The page without what is random in each. */
const plain = ({ text }: Received) => text.replace(/nonce="[^"]+"/g, "");

describe("a page", () => {
  it("is looked at any number of times, by whatever follows links, and answered once", async () => {
    const { id, url } = await open();
    for (const method of ["GET", "HEAD", "GET"]) expect(await send(url, { method })).toMatchObject({ status: 200 });
    expect(site.look("ana", id)).toEqual({ state: "open" });
    expect(await submit(url, { f0: "Zoë" })).toMatchObject({ status: 303, headers: { location: "?sent" }, text: "" });
    const sent = { status: 200, text: expect.stringContaining("Your answer has been sent") };
    for (const method of ["GET", "GET"]) expect(await send(`${url}?sent`, { method })).toMatchObject(sent);
    expect(site.look("ana", id)).toEqual({ state: "answered", data: { name: "Zoë" } });
    const token = "whatever";
    for (const again of [
      await send(url),
      await submit(url, { f0: "Eve", token }),
      await submit(url, { cancel: "yes" }),
    ]) {
      expect(again).toMatchObject({ status: 410, text: expect.stringContaining("This has been answered") });
      expect(again.text).not.toMatch(/Zoë|Eve|Your name|Who/);
    }
    expect(site.look("ana", id)).toEqual({ state: "answered", data: { name: "Zoë" } });
  });

  it("takes one of many answers that come at once", async () => {
    const { id, url } = await open();
    const token = await tokenOf(url);
    const all = await Promise.all(Array.from({ length: 20 }, (_none, at) => submit(url, { token, f0: `name ${at}` })));
    expect(all.map(({ status }) => status).sort()).toEqual([303, ...Array(19).fill(410)]);
    const taken = all.findIndex(({ status }) => status === 303);
    expect(site.look("ana", id)).toEqual({ state: "answered", data: { name: `name ${taken}` } });
  });

  it("that is unknown, altered, cut or over looks like any other that is not there", async () => {
    const { url } = await open();
    const [, base = "", address = ""] = /^(.*\/)(.*)$/.exec(url) ?? [];
    const flipped = (at: number) => `${address.slice(0, at)}${address[at] === "A" ? "B" : "A"}${address.slice(at + 1)}`;
    const altered = [...address].map((_char, at) => flipped(at)).filter((one) => one !== address);
    const [id, signature] = address.split(".");
    const others = ["", "x", `${id}`, `${id}.`, `.${signature}`, `${address}A`, `${address}/`, `x/${address}`, "%00"];
    const missing = plain(await send(`${base}nothing`));
    expect(missing).toContain("There is no question here");
    for (const wrong of [...altered, ...others, `${address}%20`]) {
      const answer = await send(`${base}${wrong}`);
      expect([wrong, answer.status, plain(answer) === missing]).toEqual([wrong, 404, true]);
    }
    const brief = startSite({ answerMs: 1 });
    const over = await openPage(brief, NAME);
    await expect.poll(() => brief.look("ana", over.id)).toEqual({ state: "gone" });
    for (const answer of [await send(over.url), await submit(over.url, { f0: "late" })]) {
      expect([answer.status, plain(answer)]).toEqual([410, missing]);
    }
  });

  it("has an address that no text of another page's helps to guess", async () => {
    const urls = await Promise.all(Array.from({ length: 50 }, async () => (await open()).url));
    const parts = urls.flatMap((url) => url.split("/").at(-1)!.split("."));
    expect(new Set(parts).size).toBe(100);
    for (const [at, part] of parts.entries())
      expect(Buffer.from(part, "base64url")).toHaveLength(at % 2 === 0 ? 16 : 32);
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.base64String(), fc.constantFrom(...parts));
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => {
        const request = new Request(`http://x/interact/${encodeURIComponent(`${a}.${b}`)}`);
        const isReal = urls.some((url) => url.endsWith(`/${a}.${b}`));
        expect((await site.fetch(request)).status).toBe(isReal ? 200 : 404);
      }),
      { numRuns: 300 },
    );
  });

  it("allows nothing to frame it, to keep it, or to run in it but its own script", async () => {
    const { url } = await open();
    const answered = await open();
    await submit(answered.url, { f0: "x" });
    const wrong = await submit((await open()).url, { f0: "" });
    for (const { headers, text } of [await send(url), wrong, await send(answered.url), await send(`${url}x`)]) {
      expect(headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
      });
      const policy = String(headers["content-security-policy"]);
      const nonce = /style-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
      expect(Buffer.from(nonce, "base64")).toHaveLength(16);
      const script = text.includes("<script") ? [`script-src 'nonce-${nonce}'`] : [];
      expect(policy.split("; ")).toEqual([
        ...["default-src 'none'", `style-src 'nonce-${nonce}'`, ...script],
        ...["form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"],
      ]);
      expect(text).not.toMatch(/\sstyle=|\son\w+=|https?:\/\/|<a [^>]*href="[^#]/);
      for (const [tag] of text.matchAll(/<(script|style)\b[^>]*>/g)) expect(tag).toContain(`nonce="${nonce}"`);
    }
    expect((await send(url)).headers["content-security-policy"]).not.toBe(
      (await send(url)).headers["content-security-policy"],
    );
  });

  it("says who asks, where, and where secrets stay", async () => {
    const page = await open(formQuestion(EVERY_TYPE));
    const { text } = await send(page.url);
    const { host } = new URL(page.url);
    expect(text).toContain("An AI model wrote this question");
    expect(text).toContain(`through Patchbay on <span class="host">${host}</span>`);
    expect(text).toContain("Passwords and other secrets do not go to the model");
    expect(text).toContain("May be sent to any API that this server calls for you.");
    const fields = [{ name: "key", type: "password", api: "shop", description: "Goes to your bank." }];
    const own = await send((await open(formQuestion({ fields }))).url);
    expect(own.text).toContain("Will be sent to the API <b><bdi>shop</bdi></b> only.");
    expect(own.text).toContain('aria-describedby="f0-hint f0-goes"');
    expect(own.text).not.toContain("find out by trying");
    const pin = await send((await open(formQuestion({ fields: [{ name: "pin", type: "password", min: 4 }] }))).url);
    expect(pin.text).toContain("What has fewer than 8 characters, such as a PIN, the model could find out by trying.");
    expect((await send((await open()).url)).text).not.toContain("Passwords");
    expect((await send((await open(confirmation())).url)).text).toContain("An AI model wrote this question");
  });
});

describe("another site", () => {
  it.each([
    ["by a form of its own", { Origin: "https://evil.example" }],
    ["by a form in a sandbox", { Origin: "null" }],
    ["by a form of another port", { Origin: "http://127.0.0.1:1" }],
    ["by a form of a file or an extension", { Origin: "chrome-extension://abcdef" }],
    ["of the same domain", { "Sec-Fetch-Site": "same-site" }],
    ["in any browser of these years", { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" }],
  ])("cannot answer: %s", async (_how, headers: Record<string, string>) => {
    const { id, url } = await open(confirmation());
    expect(await submit(url, { answer: "yes" }, headers)).toMatchObject({ status: 403 });
    expect(site.look("ana", id)).toEqual({ state: "open" });
    const { origin } = new URL(url);
    const own = { Origin: origin, "Sec-Fetch-Site": "same-origin" };
    expect(await submit(url, { answer: "yes" }, own)).toMatchObject({ status: 303 });
    expect(site.look("ana", id)).toEqual({ state: "confirmed" });
  });

  it("cannot answer without what the form carries", async () => {
    const [{ id, url }, other] = [await open(confirmation()), await open(confirmation())];
    for (const token of ["", "x", await tokenOf(other.url), url.split("/").at(-1)!, []]) {
      expect(await submit(url, { token, answer: "yes" })).toMatchObject({ status: 403 });
    }
    expect(site.look("ana", id)).toEqual({ state: "open" });
  });

  it("cannot reach the server of a process by a name that it makes point to it", async () => {
    const { url } = await open();
    const { host, port } = new URL(url);
    for (const Host of ["evil.example", `evil.example:${port}`, `127.0.0.1`, "127.0.0.1:1", "127.0.0.1.evil.example"]) {
      expect(await send(url, { headers: { Host } })).toMatchObject({ status: 403, text: "Wrong host." });
    }
    for (const Host of [host, `localhost:${port}`])
      expect(await send(url, { headers: { Host } })).toMatchObject({ status: 200 });
    expect(
      await submit(url, { f0: "x" }, { Host: `localhost:${port}`, Origin: `http://localhost:${port}` }),
    ).toMatchObject({
      status: 303,
    });
  });
});

describe("what is no form of a browser's", () => {
  it("is refused by its type, its length and its method, and leaves the page open", async () => {
    const { id, url } = await open();
    const json = { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"f0":"x"}' };
    expect(await send(url, json)).toMatchObject({ status: 415 });
    const multipart = { "Content-Type": "multipart/form-data; boundary=x" };
    expect(await send(url, { method: "POST", headers: multipart, body: "--x--" })).toMatchObject({ status: 415 });
    expect(await send(url, { method: "POST" })).toMatchObject({ status: 415 });
    expect(await submit(url, { f0: "x".repeat(40_000) })).toMatchObject({ status: 413 });
    const body = `f0=${"x".repeat(1_000_000)}`;
    const chunked = { ...FORM_TYPE, "Transfer-Encoding": "chunked" };
    expect(await send(url, { method: "POST", headers: chunked, body })).toMatchObject({ status: 413 });
    for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"]) {
      expect(await send(url, { method })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD, POST" } });
    }
    expect(site.look("ana", id)).toEqual({ state: "open" });
  });

  it("is refused where it does not arrive in time", async () => {
    const { id, url } = await open();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let isCut = false;
    const body = new ReadableStream({
      cancel() {
        isCut = true;
      },
    });
    const answer = site.fetch(
      new Request(url, { method: "POST", headers: FORM_TYPE, body, duplex: "half" } as RequestInit),
    );
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await answer).status).toBe(408);
    expect(isCut).toBe(true);
    expect(site.look("ana", id)).toEqual({ state: "open" });
  });

  it("is a form all the same where every text is as long as it may be", async () => {
    const fields = ["textarea", "text", "url", "email", "password"].map((type) => ({ name: type, type }));
    const { id, url } = await open(formQuestion({ fields }));
    const data = { textarea: "\u{1F600}".repeat(20_000), text: "\u{1F600}".repeat(2_000), password: "ü".repeat(4_096) };
    const sent = { f0: data.textarea, f1: data.text, f2: "", f3: "", f4: data.password };
    expect(await submit(url, sent)).toMatchObject({ status: 303 });
    expect(site.look("ana", id)).toEqual({ state: "answered", data });
  });

  it("keeps an address as it was typed, and shows how to write what browsers have no field for", async () => {
    const fields = [
      { name: "mail", type: "email" },
      { name: "when", type: "datetime", default: "2026-03-01T14:30:00+02:00" },
      { name: "then", type: "datetime" },
      { name: "one", max: 1 },
      { name: "size", type: "number" },
    ];
    const { id, url } = await open(formQuestion({ fields }));
    const { text } = await send(url);
    // Browsers turn the domain of such a field into punycode.
    expect(text).not.toContain('type="email"');
    expect(text.match(/such as 2026-01-31T09:30:00\+01:00/g)).toHaveLength(1);
    expect(text.match(/type="datetime-local"/g)).toHaveLength(1);
    expect(text).toContain("At most 1 character.");
    await submit(url, { f0: "ana@müller.de", f1: "2026-03-01 14:30z", f2: "", f3: "x", f4: "1,75" });
    expect(site.look("ana", id)).toEqual({
      state: "answered",
      data: { mail: "ana@müller.de", when: "2026-03-01T14:30Z", one: "x", size: 1.75 },
    });
  });

  it("answers nothing by bytes of any kind", async () => {
    let asked = 0;
    let { id, url } = await open(formQuestion(EVERY_TYPE));
    let token = await tokenOf(url);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, hasToken) => {
        // A page takes no more than so many wrong answers.
        if (++asked % 25 === 0) {
          expect(site.look("ana", id)).toEqual({ state: "open" });
          ({ id, url } = await open(formQuestion(EVERY_TYPE)));
          token = await tokenOf(url);
        }
        const body = Buffer.concat([Buffer.from(hasToken ? `token=${token}&` : ""), bytes]);
        const request = new Request(url, { method: "POST", headers: FORM_TYPE, body });
        expect([403, 422]).toContain((await site.fetch(request)).status);
      }),
      { numRuns: 200 },
    );
    expect(site.look("ana", id)).toEqual({ state: "open" });
  });
});

describe("a form", () => {
  it("gives answers of every type as a browser sends them without JavaScript", async () => {
    const { id, url } = await open(formQuestion(EVERY_TYPE));
    expect(await submit(url, RIGHT.sent)).toMatchObject({ status: 303 });
    expect(site.look("ana", id)).toEqual({ state: "answered", data: RIGHT.data });
  });

  it("comes back with what was wrong, what was right and no secret, until all is right", async () => {
    const { id, url } = await open(formQuestion(EVERY_TYPE));
    const first = await submit(url, { ...RIGHT.sent, f0: "Z", f2: "13", f7: "", f13: "</textarea>\nkept" });
    expect(first.status).toBe(422);
    const { text } = first;
    expect(text).toContain("<title>Error: Book a table at Chez Ana · Patchbay</title>");
    expect(text).toContain("Please correct 4 answers");
    for (const at of [0, 2, 7, 14]) {
      expect(text).toMatch(new RegExp(`<li><a href="#f${at}">`));
      expect(text).toMatch(new RegExp(`id="f${at}"[^>]* aria-describedby="[^"]*f${at}-error" aria-invalid="true"`));
      expect(text).toContain(`id="f${at}-error"`);
    }
    expect(text).toContain("Guests must be at most 12 (got 13)");
    expect(text).toContain("Password of your account has to be entered again");
    expect(text).not.toMatch(/p&amp;ss|wörd/);
    expect(text).toContain('value="zoe@example.com"');
    expect(text).toContain('value="1" checked');
    expect(text).toContain('<option value="1" selected>Lisbon</option>');
    expect(text).toContain("&lt;/textarea&gt;\nkept</textarea>");
    expect(text).toContain('value="no" checked');
    expect(site.look("ana", id)).toEqual({ state: "open" });
    expect(await submit(url, RIGHT.sent)).toMatchObject({ status: 303 });
  });

  it("ends with its thirtieth wrong answer, for whoever waits for it, and not before", async () => {
    const { id, url } = await open();
    const token = await tokenOf(url);
    const waiting = site.wait("ana", id, { ms: 20_000, signal: AbortSignal.timeout(20_000) });
    for (let wrong = 1; wrong < 30; wrong += 1)
      expect(await submit(url, { token, f0: "" })).toMatchObject({ status: 422 });
    expect(await submit(url, { token: "forged", f0: "" })).toMatchObject({ status: 403 });
    expect(site.look("ana", id)).toEqual({ state: "open" });
    const gone = { status: 410, text: expect.stringContaining("answered wrongly too often") };
    expect(await submit(url, { token, f0: "" })).toMatchObject(gone);
    expect(await submit(url, { token, f0: "Zoë" })).toMatchObject(gone);
    expect(await waiting).toEqual({ state: "gone" });
  });

  it("takes no answer for a default that was taken away, and none for a choice that it does not offer", async () => {
    const fields = [
      { name: "text", default: "given" },
      { name: "one", type: "select", options: ["a", "b"], default: "b" },
      { name: "many", type: "multiselect", options: ["a", "b"], default: ["a"] },
      { name: "yes", type: "boolean", default: true },
    ];
    const { id, url } = await open(formQuestion({ fields }));
    const { text } = await send(url);
    expect(text.match(/ checked/g)).toHaveLength(3);
    expect(text).toContain('value="given"');
    for (const wrong of [{ f1: "2" }, { f1: "a" }, { f2: ["0", "7"] }, { f1: "-1" }, { f3: "maybe" }]) {
      expect(await submit(url, { f0: "", f1: "", f3: "", ...wrong })).toMatchObject({ status: 422 });
    }
    expect(await submit(url, { f0: "", f1: "", f3: "" })).toMatchObject({ status: 303 });
    expect(site.look("ana", id)).toEqual({ state: "answered", data: { text: "", many: [] } });
  });

  it("takes hardly longer for choices that are sent a hundred thousand times", async () => {
    const options = Array.from({ length: 500 }, (_none, at) => `option ${at}`);
    const texts = Array.from({ length: 10 }, (_none, at) => ({ name: `text ${at}`, type: "textarea" }));
    const { id, url } = await open(
      formQuestion({ fields: [{ name: "many", type: "multiselect", options }, ...texts] }),
    );
    const sent = Array.from({ length: 100_000 }, (_none, at) => `${at % 500}`);
    const startedAt = performance.now();
    expect(await submit(url, { f0: sent })).toMatchObject({ status: 303 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(site.look("ana", id)).toMatchObject({ data: { many: options } });
  });

  it("is left by its cancel button, whatever is in it", async () => {
    const { id, url } = await open();
    const declined = { status: 303, headers: { location: "?declined" } };
    expect(await submit(url, { f0: "", cancel: "yes" })).toMatchObject(declined);
    expect((await send(`${url}?declined`)).text).toContain("You have declined");
    expect(site.look("ana", id)).toEqual({ state: "declined" });
  });

  it("carries names of its own, so that those of a model mean nothing to browsers", async () => {
    const names = ["_charset_", "isindex", "token", "cancel", "answer", "submit", "action", "f0", "a&b=c"];
    const { id, url } = await open(formQuestion({ fields: names.map((name) => ({ name })) }));
    const { text } = await send(url);
    const used = [...text.matchAll(/ name="([^"]+)"/g)].map(([, name]) => name);
    expect(used.slice(3)).toEqual(["token", ...names.map((_name, at) => `f${at}`), "cancel"]);
    expect(await submit(url, Object.fromEntries(names.map((name, at) => [`f${at}`, name])))).toMatchObject({
      status: 303,
    });
    const data = Object.fromEntries(names.map((name) => [name, name]));
    expect(site.look("ana", id)).toEqual({ state: "answered", data });
  });

  it("shows what turns text around as what it is, whoever has let it through", async () => {
    const form = readForm({ fields: [{ name: "x", label: "x" }] });
    const title = "Pay \u202Eelgoog.moc\u2066 \u0000\u2028\uD800";
    const fields = form.fields.map((field) => ({ ...field, label: "نام\u200Cها" }));
    const { text } = await send((await open({ kind: "form", form: { ...form, title, fields } })).url);
    expect(text).toContain(String.raw`<h1 dir="auto">Pay \u202Eelgoog.moc\u2066 \u0000\u2028\uD800</h1>`);
    expect(text).toContain("<bdi>نام\u200Cها</bdi>");
    expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u0000]/);
  });
});

describe("a confirmation", () => {
  it.each([
    ["yes", { state: "confirmed" }],
    ["no", { state: "declined" }],
  ])("is answered by %s", async (answer, state) => {
    const { id, url } = await open(confirmation());
    expect(await submit(url, { answer })).toMatchObject({ status: 303 });
    expect(site.look("ana", id)).toEqual(state);
  });

  it("is not answered by anything else", async () => {
    const { id, url } = await open(confirmation());
    for (const answer of ["", "true", "YES", "1", ["yes", "no"], ["no", "yes"], ["yes", "yes"], []]) {
      expect(await submit(url, { answer })).toMatchObject({
        status: 200,
        text: expect.stringContaining("Delete 3 files?"),
      });
      expect(site.look("ana", id)).toEqual({ state: "open" });
    }
  });
});

it("a button of a confirmation says what it means, whatever its label says", async () => {
  const text = { title: "x", message: "x", confirmLabel: "No", cancelLabel: "Yes" };
  const swapped = await send((await open({ kind: "confirmation", text })).url);
  expect(swapped.text).toContain('value="yes">Yes: <bdi>No</bdi>');
  expect(swapped.text).toContain('value="no">No: <bdi>Yes</bdi>');
  const usual = { ...text, confirmLabel: "Confirm", cancelLabel: "Cancel" };
  expect((await send((await open({ kind: "confirmation", text: usual })).url)).text).toContain(
    'value="yes"><bdi>Confirm</bdi>',
  );
});

describe("pages of a user", () => {
  it("are nobody else's", async () => {
    const { id, url } = await open(confirmation(), "ana");
    expect(site.look("ben", id)).toEqual({ state: "gone" });
    expect(await site.wait("ben", id, { ms: 5_000, signal: AbortSignal.timeout(5_000) })).toEqual({ state: "gone" });
    const body = new URLSearchParams({ token: await tokenOf(url), answer: "yes" });
    const post = () => new Request(url, { method: "POST", body });
    for (const request of [new Request(url), post()]) {
      const refused = await site.fetch(request, "ben");
      expect(refused.status).toBe(403);
      expect(await refused.text()).not.toContain("Delete");
    }
    expect(site.look("ana", id)).toEqual({ state: "open" });
    expect((await site.fetch(post(), "ana")).status).toBe(303);
    expect(site.look("ana", id)).toEqual({ state: "confirmed" });
  });

  it("are as many as one may have, and take no place of others", async () => {
    const small = startSite({ maxPages: 25, maxOpen: 20 });
    const pages = await Promise.all(Array.from({ length: 20 }, () => openPage(small, NAME)));
    await expect(small.open("ana", NAME)).rejects.toMatchObject({ code: "limit_reached" });
    await submit(pages[0]!.url, { f0: "x" });
    await openPage(small, NAME);
    for (let at = 0; at < 4; at += 1) await openPage(small, NAME, `user ${at}`);
    // Where there are too many of all users, who has the most makes room, and loses no answer.
    await openPage(small, NAME, "ben");
    expect(small.look("ana", pages[0]!.id)).toMatchObject({ state: "answered" });
    expect(small.look("ana", pages[1]!.id)).toEqual({ state: "gone" });
    expect(small.look("ana", pages[2]!.id)).toEqual({ state: "open" });
    const full = startSite({ maxPages: 3 });
    for (const user of ["a", "b", "c"]) await openPage(full, NAME, user);
    await expect(full.open("d", NAME)).rejects.toMatchObject({ message: expect.stringContaining("all users") });
  });

  it("take no place and no answer any more once another way has answered, and nobody else can say so", async () => {
    const small = startSite({ maxOpen: 1 });
    const { id, url } = await openPage(small, NAME);
    const waiting = small.wait("ana", id, { ms: 10_000, signal: new AbortController().signal });
    const token = await tokenOf(url);
    small.release("ben", id);
    expect(small.look("ana", id)).toEqual({ state: "open" });
    small.release("ana", id);
    expect(await waiting).toEqual({ state: "gone" });
    for (const answer of [await send(url), await submit(url, { token, f0: "Zoë" })]) {
      expect(answer).toMatchObject({ status: 410, text: expect.stringContaining("This has been answered") });
    }
    expect(small.look("ana", id)).toEqual({ state: "gone" });

    const answered = await openPage(small, NAME);
    await submit(answered.url, { f0: "Zoë" });
    small.release("ana", answered.id);
    for (let count = 0; count < 50; count += 1) small.release("ana", (await openPage(small, NAME)).id);
    await openPage(small, NAME);
    // An answer that nobody has taken yet outlasts them.
    expect(small.look("ana", answered.id)).toEqual({ state: "answered", data: { name: "Zoë" } });
    expect((await send(url)).status).toBe(410);
  });

  it("keep answers within bounds, the user's own oldest going first", async () => {
    const small = startSite({ maxAnswers: 24_000 });
    const text = formQuestion({ fields: [{ name: "text", type: "textarea" }] });
    const answer = async (user: string) => {
      const page = await openPage(small, text, user);
      const { status } = await submit(page.url, { f0: "x".repeat(2_000) });
      return { ...page, status };
    };
    const own = [await answer("ana"), await answer("ana"), await answer("ana")];
    expect(own.map(({ id }) => small.look("ana", id).state)).toEqual(["gone", "gone", "answered"]);
    for (let at = 0; at < 10; at += 1) expect((await answer(`user ${at}`)).status).toBe(303);
    const refused = await answer("one more");
    expect([refused.status, small.look("one more", refused.id).state]).toEqual([503, "open"]);
  });
});

describe("waiting for a page", () => {
  const patience = { ms: 10_000, signal: new AbortController().signal };

  it("ends with the answer, for everybody who waits", async () => {
    const { id, url } = await open();
    const waiting = [site.wait("ana", id, patience), site.wait("ana", id, patience)];
    await submit(url, { f0: "Zoë" });
    const answered = { state: "answered", data: { name: "Zoë" } };
    expect(await Promise.all(waiting)).toEqual([answered, answered]);
    expect(await site.wait("ana", id, patience)).toEqual(answered);
  });

  it("ends with its time, with the caller's signal, and with the server", async () => {
    const own = startSite();
    const { id } = await openPage(own, NAME);
    expect(await own.wait("ana", id, { ...patience, ms: 5 })).toEqual({ state: "open" });
    const caller = new AbortController();
    const waiting = own.wait("ana", id, { ...patience, signal: caller.signal });
    caller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
    await expect(own.wait("ana", id, { ...patience, signal: caller.signal })).rejects.toMatchObject({
      code: "aborted",
    });
    const last = own.wait("ana", id, patience);
    await own.close();
    expect(await last).toEqual({ state: "gone" });
    expect(own.look("ana", id)).toEqual({ state: "gone" });
  });

  it("finds an answer of the last second for five minutes more, and nothing after that", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    const own = startSite({ baseUrl: () => "https://patchbay.example.com", answerMs: 60_000 });
    const [{ id, url, expiresAt }, unanswered] = [await openPage(own, NAME), await openPage(own, NAME)];
    expect(expiresAt).toBe(Date.now() + 60_000);
    const shown = await (await own.fetch(new Request(url))).text();
    const token = /name="token" value="([^"]+)"/.exec(shown)?.[1] ?? "";
    vi.advanceTimersByTime(59_999);
    const body = new URLSearchParams({ token, f0: "Zoë" });
    expect((await own.fetch(new Request(url, { method: "POST", body }))).status).toBe(303);
    vi.advanceTimersByTime(299_999);
    expect(own.look("ana", id)).toEqual({ state: "answered", data: { name: "Zoë" } });
    expect(own.look("ana", unanswered.id)).toEqual({ state: "gone" });
    vi.advanceTimersByTime(1);
    expect(own.look("ana", id)).toEqual({ state: "gone" });
    expect((await own.fetch(new Request(url))).status).toBe(410);
  });
});

describe("where pages are", () => {
  it("is a port of this machine alone, from the first page on, until the end", async () => {
    const own = startSite();
    await own.close();
    const later = startSite();
    const { url } = await openPage(later, NAME);
    const { hostname, port } = new URL(url);
    expect(hostname).toBe("127.0.0.1");
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    for (const { address } of addresses.filter(({ internal, family }) => !internal && family === "IPv4")) {
      await expect(send(`http://${address}:${port}/`)).rejects.toThrow("ECONNREFUSED");
    }
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 404 });
    await later.close();
    await expect(send(url)).rejects.toThrow("ECONNREFUSED");
  });

  it("is nowhere where no browser is known to reach them", async () => {
    const http = { host: "0.0.0.0", port: 8808, allowedHosts: [], allowedOrigins: [] };
    expect(pagesUrl(http, "http://127.0.0.1:8808")).toBeUndefined();
    expect(pagesUrl({ ...http, host: "::" }, "http://[::1]:8808")).toBeUndefined();
    expect(pagesUrl({ ...http, host: "127.0.0.1" }, "http://127.0.0.1:8808")).toBe("http://127.0.0.1:8808");
    const publicUrl = "https://patchbay.example.com/base/";
    expect(pagesUrl({ ...http, publicUrl }, "http://127.0.0.1:8808")).toBe(publicUrl);
    expect(await startSite({ baseUrl: () => undefined }).open("ana", NAME)).toBeUndefined();
    const { url } = await openPage(startSite({ baseUrl: () => publicUrl }), NAME);
    const odd = await openPage(startSite({ baseUrl: () => "https://me:pw@patchbay.example.com/base//?a=b#c" }), NAME);
    expect(odd.url.split("/interact/")[0]).toBe("https://patchbay.example.com/base");
    expect(url).toMatch(/^https:\/\/patchbay\.example\.com\/base\/interact\/[\w-]{22}\.[\w-]{43}$/);
  });
});
