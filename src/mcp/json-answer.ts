const BOTH = "application/json, text/event-stream";

/** Whether the client asks for something else than an event stream, as plain HTTP clients such as curl do. */
export function wantsJson(request: Request): boolean {
  return !(request.headers.get("accept") ?? "").includes("text/event-stream");
}

/** The request as the protocol wants it: ready to take JSON and event streams. */
export function acceptingBoth(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.set("accept", BOTH);
  // The body has been read already.
  return new Request(request.url, { method: request.method, headers, signal: request.signal });
}

/** An event stream's answer as JSON: the responses in it, without the notifications before them. */
export async function asJson(response: Response): Promise<Response> {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
  const text = await response.text();
  // A line ends at its newline only: U+2028, which JSON may hold as it is, ends a line for a regular expression.
  const data = text
    .split("\n")
    .flatMap((line) => (line.startsWith("data:") ? [line.slice("data:".length).trim()] : []));
  const messages = data.filter(Boolean).map((json) => JSON.parse(json) as object);
  const answers = messages.filter((message) => "id" in message && !("method" in message));
  return Response.json(answers.length === 1 ? answers[0] : answers, { status: response.status });
}
