import type { Usage } from "../llm/account.ts";

/** How agents are chosen: different models, or the best one several times. */
export type Strategy = "mixed" | "self";

/** One call of a run. */
export interface TraceEntry {
  /** From 1; the final aggregation is one more than the last layer. */
  layer: number;
  role: "agent" | "aggregator" | "analyst";
  /** Place in its layer, from 1. */
  agent: number;
  /** `provider/model`. */
  model: string;
  /**
   * `partial`: it broke off or was cut, and what had come is used. `cancelled`: left behind without anything usable, or the
   * slower one of a hedged pair.
   */
  status: "ok" | "partial" | "error" | "timeout" | "cancelled";
  /** Milliseconds from the beginning of the run to that of the call. */
  start_ms: number;
  ms: number;
  /** Milliseconds from the beginning of the call to its first token. */
  first_token_ms?: number;
  /** Tokens of prompt and answer. */
  tokens: number;
  prompt_tokens?: number;
  completion_tokens?: number;
  cached_tokens?: number;
  /** Unset: the price is unknown. */
  cost_usd?: number;
  /** Set on the second call of a hedged pair. */
  hedge?: true;
  /** The answer ended at the limit of its tokens. */
  truncated?: true;
  /** No request went out: a budget did not hold it, its model was left alone, or it was still waiting for its turn. */
  not_sent?: true;
  /** The model that this one stands in for. */
  stands_in_for?: string;
  error?: string;
  /** The answer, or what had come of it: only in the record and with `output: trace`. */
  text?: string;
}

/** What aggregation found in the proposals of the last layer. */
export interface Analysis {
  /** What the proposals agree on. */
  consensus: string[];
  /** Where they contradict each other. */
  contradictions: string[];
  /** What only one of them says. */
  unique_points: string[];
  /** What none of them considers. */
  blind_spots: string[];
  /** From 0 to 1: how far the answer can be relied on, as the analyst judges. */
  confidence: number;
  /**
   * From 0 to 1: the share of the proposals that give the same short answer, as counted. Absent where they are longer, for
   * equal words say little about equal meaning there.
   */
  agreement?: number;
}

/** How a layer of agents ended. */
export interface LayerRecord {
  layer: number;
  /** Places that were to be filled, and those that gave a whole answer. */
  asked: number;
  answered: number;
  /** Milliseconds from the beginning of the run until enough had answered; unset: that did not happen before the end. */
  quorum_ms?: number;
  /** Until the last of those that had not was cut; unset: none was. */
  cut_ms?: number;
}

/** A run as it is kept and drawn. */
export interface RunRecord {
  run_id: string;
  query: string;
  /** ISO 8601. */
  started_at: string;
  ms: number;
  strategy: Strategy;
  seed: number;
  /** Layers that were planned. */
  num_layers: number;
  /** The layer after which the agents agreed, so that the others were skipped. */
  agreed_in_layer?: number;
  answer: string;
  analysis?: Analysis;
  degraded: boolean;
  usage: Usage;
  warnings: string[];
  layers: LayerRecord[];
  /** In the order of layers and agents, then the analyst, the final aggregation last; `text` is set. */
  trace: TraceEntry[];
}

/** What happens in a run, as it happens: for people who watch. */
export type RunEvent =
  | { type: "layer_started"; layer: number; role: TraceEntry["role"]; models: readonly string[] }
  | { type: "call_started"; call: RunningCall }
  | { type: "first_token"; call: RunningCall; ms: number }
  /** Characters that have come so far. */
  | { type: "text"; call: RunningCall; characters: number }
  | { type: "call_ended"; call: RunningCall; entry: TraceEntry }
  | { type: "agreed"; layer: number };

/** A call while it runs. The object is the same in all events of the call. */
export type RunningCall = Pick<TraceEntry, "layer" | "role" | "agent" | "model" | "hedge" | "start_ms">;

/** The last runs of each user, in memory. */
export interface RunArchive {
  keep(user: string, record: RunRecord): void;
  /** Undefined: there is no such run, or it is somebody else's, or it is too old. */
  get(user: string, runId: string): RunRecord | undefined;
  /** The newest first. */
  list(user: string): RunRecord[];
  /** The run as an SVG. Undefined as `get`. */
  picture(user: string, runId: string): string | undefined;
  /** The run as text that renderers of Mermaid draw. Undefined as `get`. */
  mermaid(user: string, runId: string): string | undefined;
  /** Calls the listener when a run of the user is kept. Gives what ends it. */
  onChange(user: string, listener: (runId: string) => void): () => void;
}
