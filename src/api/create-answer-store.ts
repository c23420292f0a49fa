import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import type { AnswerStore, KeptAnswer } from "./answer-store.ts";

/** Answers kept of each user. */
const MAX_ANSWERS = 20;

export function createAnswerStore(): AnswerStore {
  const byUser = new Map<string, KeptAnswer[]>();
  const changes = new EventEmitter({ captureRejections: false }).setMaxListeners(0);
  return {
    keep(user, answer) {
      const kept: KeptAnswer = { ...answer, id: randomUUID(), created_at: new Date().toISOString() };
      byUser.set(user, [kept, ...(byUser.get(user) ?? [])].slice(0, MAX_ANSWERS));
      changes.emit(user, kept.id);
      return kept.id;
    },
    get: (user, id) => byUser.get(user)?.find((answer) => answer.id === id),
    list: (user) => [...(byUser.get(user) ?? [])],
    onChange(user, listener) {
      changes.on(user, listener);
      return () => void changes.off(user, listener);
    },
  };
}
