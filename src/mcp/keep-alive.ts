/**
 * The response as it is, if it comes within `intervalMs`. After that, an event stream with a comment line every `intervalMs`
 * until the response is there and follows as its next event: clients and proxies give up on a silent connection, and only a
 * response that has not begun can still carry the HTTP status of a refusal.
 */
export async function keepAlive(pending: Promise<Response>, intervalMs: number): Promise<Response> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), intervalMs);
  });
  const response = await Promise.race([pending, waited]);
  clearTimeout(timer);
  if (response) return response;

  let beat: NodeJS.Timeout | undefined;
  const stream = new TransformStream<Uint8Array | string, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    },
  });
  void forward();
  return new Response(stream.readable, {
    headers: {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-cache, no-transform",
      "X-Accel-Buffering": "no",
    },
  });

  async function forward(): Promise<void> {
    const writer = stream.writable.getWriter();
    const write = (): void => void writer.write(": keepalive\n\n").catch(() => clearInterval(beat));
    write();
    beat = setInterval(write, intervalMs);
    try {
      const late = await pending;
      clearInterval(beat);
      if (late.headers.get("Content-Type")?.startsWith("text/event-stream")) {
        writer.releaseLock();
        await late.body?.pipeTo(stream.writable);
      } else {
        await writer.write(`event: message\ndata: ${await late.text()}\n\n`);
        await writer.close();
      }
    } catch {
      // The client has gone, which is also how `pending` fails.
      clearInterval(beat);
      await writer.abort().catch(() => {});
    }
  }
}
