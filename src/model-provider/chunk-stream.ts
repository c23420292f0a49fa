/** Milliseconds of silence after which a comment tells clients and proxies that the stream is alive. */
const KEEP_ALIVE_MS = 8000;

/** One server-sent event of OpenAI's protocol: the JSON has no line breaks, so that it is one line. */
export function frame(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

export interface ChunkStream {
  response: Response;
  send(data: unknown): void;
  /** Ends the stream as the protocol wants it. */
  end(): void;
}

/**
 * A stream of server-sent events (WHATWG HTML, "Server-sent events") that is under way at once, and never silent for long. Who
 * reads it is told as gone by `onGone`.
 */
export function createChunkStream(onGone: () => void, keepAliveMs = KEEP_ALIVE_MS): ChunkStream {
  const encoder = new TextEncoder();
  let isOpen = true;
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let timer: NodeJS.Timeout | undefined;
  const close = (): void => {
    isOpen = false;
    clearTimeout(timer);
  };
  const write = (text: string): void => {
    if (!isOpen) return;
    controller.enqueue(encoder.encode(text));
    clearTimeout(timer);
    timer = setTimeout(write, keepAliveMs, ": keep-alive\n\n");
  };
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      close();
      onGone();
    },
  });
  return {
    response: new Response(body, {
      headers: {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache, no-transform",
        // nginx would hold the pieces back otherwise.
        "X-Accel-Buffering": "no",
      },
    }),
    send: (data) => write(frame(data)),
    end() {
      write("data: [DONE]\n\n");
      if (isOpen) controller.close();
      close();
    },
  };
}
