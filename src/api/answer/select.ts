import { ToolError } from "../../errors.ts";
import type { TaskRunner } from "../../worker/task-runner.ts";

/** Evaluates JMESPath expressions, which can run and grow without end, where that can be stopped. */
export interface Selector {
  /**
   * What the expression gives of the value; null where it gives nothing.
   * @throws ToolError `invalid_input` for an expression that is none or does not fit the value, `deadline_exceeded`,
   * `too_large`; the signal's reason once it fires
   */
  select(value: unknown, expression: string, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 5_000;
/** Characters of what an expression gives, as JSON. */
const MAX_RESULT = 8 * 2 ** 20;
const MAX_EXPRESSION = 5_000;

/** Nothing is loaded before the first expression. */
export function createSelector(): Selector {
  let runner: Promise<TaskRunner> | undefined;
  return {
    async select(value, expression, signal) {
      if (expression.length > MAX_EXPRESSION) {
        throw wrong(expression, `is longer than ${MAX_EXPRESSION} characters`);
      }
      const { createTaskRunner, TaskFailure } = await import("../../worker/task-runner.ts");
      runner ??= Promise.resolve(createTaskRunner());
      const input = { json: JSON.stringify(value) ?? "null", expression };
      const limits = { signal, timeoutMs: TIMEOUT_MS, maxResultLength: MAX_RESULT };
      try {
        return await (await runner).run("jmespath", input, limits);
      } catch (error) {
        if (!(error instanceof TaskFailure)) throw error;
        const { fault } = error;
        const limited = { hint: "Write a simpler expression, or ask the API for less." };
        if (fault.kind === "time") {
          throw new ToolError(
            "deadline_exceeded",
            `The expression in "select" was stopped: ${fault.message}.`,
            limited,
          );
        }
        if (fault.kind !== "input") {
          throw new ToolError("too_large", `The expression in "select" was stopped: ${fault.message}.`, limited);
        }
        throw wrong(expression, fault.message.replace(/\.$/, ""), fault.position, fault.hint);
      }
    },
    async close() {
      await (await runner)?.close();
      runner = undefined;
    },
  };
}

function wrong(expression: string, reason: string, position?: number, hint?: string): ToolError {
  const place = position === undefined ? "" : ` at character ${position + 1}`;
  const before = position === undefined ? "" : expression.slice(Math.max(0, position - 20), position);
  const after = position === undefined ? "" : expression.slice(position, position + 20);
  const shown = position === undefined ? "" : ` (${JSON.stringify(`${before} ⟶ ${after}`)})`;
  return new ToolError("invalid_input", `"select" cannot be evaluated${place}${shown}: ${reason}.`, {
    hint:
      hint ??
      "Write JMESPath, such as items[?price > `5`].{id: id, name: name}: numbers in `…`, texts in '…'; or use \"fields\".",
    issues: [{ path: "/select", message: `${reason}${place}` }],
  });
}
