import type { McpUiHostCapabilities, McpUiHostContext, McpUiInitializeResult } from "@modelcontextprotocol/ext-apps";

/** What the host tells the app, each by the method of its notification (SEP-1865). */
export interface HostEvents {
  "ui/notifications/tool-input"(params: { arguments?: Record<string, unknown> }): void;
  "ui/notifications/tool-result"(params: Record<string, unknown>): void;
  "ui/notifications/tool-cancelled"(params: { reason?: string }): void;
  "ui/notifications/host-context-changed"(params: McpUiHostContext): void;
}

export interface Host {
  capabilities: McpUiHostCapabilities;
  context: McpUiHostContext;
  /** @throws Error with the host's message where it refuses */
  request(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>>;
}

interface Message {
  jsonrpc: "2.0";
  id?: string | number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message?: string };
}

const PROTOCOL = "2026-01-26";

/**
 * Connects to the host that frames this page: JSON-RPC over messages with the parent window alone (SEP-1865, Transport Layer).
 * The SDK does the same in five times the bytes, most of them schemas.
 */
export async function connect(events: HostEvents): Promise<Host> {
  const host = window.parent;
  const waiting = new Map<
    string | number,
    { resolve(result: Record<string, unknown>): void; reject(error: Error): void }
  >();
  let lastId = 0;
  const send = (message: Omit<Message, "jsonrpc">) => host.postMessage({ jsonrpc: "2.0", ...message }, "*");

  window.addEventListener("message", ({ source, data }: MessageEvent<Message | null>) => {
    if (source !== host || data?.jsonrpc !== "2.0") return;
    const { id, method, params = {} } = data;
    if (method === undefined) {
      const caller = id === undefined ? undefined : waiting.get(id);
      if (!caller || id === undefined) return;
      waiting.delete(id);
      if (data.error) caller.reject(new Error(data.error.message ?? "The host refused."));
      else caller.resolve(data.result ?? {});
    } else if (id !== undefined) {
      const isKnown = method === "ping" || method === "ui/resource-teardown";
      send(isKnown ? { id, result: {} } : ({ id, error: { code: -32601, message: "Method not found" } } as never));
    } else if (Object.hasOwn(events, method)) {
      events[method as keyof HostEvents](params);
    }
  });

  const request: Host["request"] = (method, params) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      send({ id: lastId, method, params });
    });
  const initialized = (await request("ui/initialize", {
    protocolVersion: PROTOCOL,
    appInfo: { name: "patchbay-display-result", version: "1" },
    appCapabilities: { availableDisplayModes: ["inline", "fullscreen", "pip"] },
  })) as unknown as Partial<McpUiInitializeResult>;
  send({ method: "ui/notifications/initialized", params: {} });
  reportSize((size) => send({ method: "ui/notifications/size-changed", params: size }));
  return { capabilities: initialized.hostCapabilities ?? {}, context: initialized.hostContext ?? {}, request };
}

/** Tells the size that the page would like to have, whenever it is another one. */
function reportSize(tell: (size: { width: number; height: number }) => void): void {
  let last = "";
  let planned = false;
  const measure = () => {
    planned = false;
    const { style } = document.documentElement;
    const before = style.height;
    style.height = "max-content";
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    style.height = before;
    const size = { width: window.innerWidth, height };
    if (`${size.width} ${height}` === last) return;
    last = `${size.width} ${height}`;
    tell(size);
  };
  const plan = () => {
    if (!planned) requestAnimationFrame(measure);
    planned = true;
  };
  const observer = new ResizeObserver(plan);
  observer.observe(document.documentElement);
  observer.observe(document.body);
  plan();
}
