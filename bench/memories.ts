/** Made-up but sentence-like memories, the same at every run: `count` of them, all different. */
export function makeMemories(count: number): string[] {
  let state = 20260728;
  const pick = <T>(list: readonly T[]): T => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)]!;
  };
  return Array.from(
    { length: count },
    (_, index) =>
      `${pick(PEOPLE)} ${pick(VERBS)} the ${pick(QUALITIES)} ${pick(THINGS)} ${pick(PLACES)} ${pick(TIMES)}, ` +
      `and ${pick(VERBS)} a ${pick(QUALITIES)} ${pick(THINGS)} too (note ${index}).`,
  );
}

const PEOPLE = ["Ana", "Ben", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Katya", "Luis"];
const VERBS = ["bought", "repaired", "lost", "painted", "prefers", "recommended", "sold", "borrowed", "cooked with"];
const QUALITIES = ["old", "green", "broken", "favourite", "expensive", "tiny", "noisy", "wooden", "second", "heavy"];
const THINGS = [
  ...["bicycle", "kettle", "guitar", "camera", "notebook", "lamp", "drill", "tent", "keyboard", "printer", "jacket"],
  ...["saddle", "recipe", "telescope", "violin", "toolbox", "map", "backpack", "chair", "clock", "radio", "vase"],
];
const PLACES = ["in Lisbon", "at work", "from the market", "near the harbour", "for the office", "at the cabin"];
const TIMES = ["last summer", "on Monday", "before the move", "during the conference", "in March", "two weeks ago"];
