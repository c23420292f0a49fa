import type { AnswerStore } from "./answer-store.ts";
import type { ApiRequest } from "./api-request.ts";
import type { FetchedAnswer } from "./fetch-answer.ts";

/** An answer that fits into a model's context, and where the rest of it is. */
export interface ShapedAnswer {
  data: unknown;
  content_type?: string;
  encoding?: "base64";
  bytes?: number;
  /** Where only a part is given: how much, and how to get the next part. */
  rest?: { id: string; uri: string; unit: "items" | "characters"; given: number; total: number };
  /** A binary answer, to be read as a resource. */
  resource?: { id: string; uri: string; mime_type: string; bytes: number };
  warnings: string[];
}

export interface ShapeMeans {
  user: string;
  api: string;
  operation: string;
  /** Characters of JSON. */
  maxLength: number;
  answers: AnswerStore;
  signal: AbortSignal;
}

/**
 * Projects an answer (`fields`, `select`) and cuts it to whole items where it is too long; the rest is kept.
 * @throws ToolError `invalid_input` for an expression that is none
 */
export async function shapeAnswer(
  answer: FetchedAnswer,
  _request: Pick<ApiRequest, "fields" | "select">,
  _means: ShapeMeans,
): Promise<ShapedAnswer> {
  const { data, content_type, encoding, bytes, warnings } = answer;
  return {
    data,
    ...(content_type !== undefined && { content_type }),
    ...(encoding !== undefined && { encoding }),
    ...(bytes !== undefined && { bytes }),
    warnings,
  };
}
