import { describe, expect, it } from "vitest";
import type { Services } from "../services.ts";
import type { ToolContext } from "./define-tool.ts";
import displayResult from "./display-result.ts";

async function call(input: Record<string, unknown>) {
  const statuses: unknown[] = [];
  const context: ToolContext<keyof Services> = {
    user: { id: "ana" },
    signal: new AbortController().signal,
    services: {} as Services,
    status: {
      progress: () => {},
      success: (description, extra) => void statuses.push({ description, ...extra }),
      error: () => {},
      emit: () => {},
    },
    elicit: () => Promise.reject(new Error("asked")),
    elicitPage: () => Promise.reject(new Error("asked")),
  };
  return { result: await displayResult.run(displayResult.input.parse(input), context), statuses };
}

describe("display_result", () => {
  it("has a default for everything", async () => {
    const { result, statuses } = await call({});
    expect(result).toEqual({
      action: "display_result",
      data: {},
      message: "Operation completed successfully",
      notification_type: "success",
    });
    expect(statuses).toEqual([{ description: "Operation completed successfully", notification_type: "success" }]);
  });

  it("hands on the result and shows the message as its status", async () => {
    const { result, statuses } = await call({
      message: "Disk almost full",
      notification_type: "warning",
      result_data: { free: "2%", disks: [{ name: "a" }] },
    });
    expect(result).toMatchObject({ data: { free: "2%", disks: [{ name: "a" }] }, notification_type: "warning" });
    expect(statuses).toEqual([{ description: "Disk almost full", notification_type: "warning" }]);
  });

  it("refuses other kinds of notification", () => {
    expect(displayResult.input.safeParse({ notification_type: "toast" }).success).toBe(false);
  });
});
