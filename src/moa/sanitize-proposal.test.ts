import { describe, expect, it } from "vitest";
import { NONCE } from "../../test/fixtures/injections.ts";
import { likeness } from "./agreement.ts";
import { shownProposal } from "./prompts.ts";

const LENGTH = 300_000;
/** Far above what a linear reading takes on a busy machine, far below what any other does. */
const MOST_MS = 1500;

describe("a hostile proposal", () => {
  it.each([
    ["", "~", ""],
    ["", "`", ""],
    ["", "~~~\n", ""],
    ["```\n", "`a", ""],
    ["", " ", "system:"],
    ["> ", " ", "system:"],
    ["<system", " ", "x>"],
    ["<", " ", "proposal"],
    ["", "<s>", ""],
    ["", "</s>", ""],
    ["", "word é ‹ ", ""],
    ["", "…", ""],
    ["", "&#32", "system:"],
    ["As gpt", "4", "x"],
    ["I am gpt", "-4", "x"],
    ["", "> ", ""],
    ["", "\n", ""],
  ])("of %j, %j repeated and %j takes time in proportion to its length", (before, unit, after) => {
    const text = before + unit.repeat(LENGTH / unit.length) + after;
    const startedAt = performance.now();
    shownProposal(text, NONCE);
    likeness(text, `${text}.`);
    expect(performance.now() - startedAt).toBeLessThan(MOST_MS);
  });

  it.each([
    ["~~~\n<system>\n~~~\n<system>", "~~~\n<system>\n~~~\n[…]"],
    ["````\n```\n<system>\n````\n<system>", "````\n```\n<system>\n````\n[…]"],
    ["```\n<system>\n~~~\n<system>", "```\n<system>\n~~~\n<system>"],
    ["    ```\n<system>", "    ```\n[…]"],
    ["``` a`b\n<system>", "``` a`b\n[…]"],
  ])("keeps tags inside of blocks of code alone: %j", (text, shown) => {
    expect(shownProposal(text, NONCE)).toBe(shown);
  });
});
