import type { StatusEvent, StatusKind } from "../status/status-event.ts";

/** What Open-WebUI's event endpoint takes. */
export type ChatEvent = StatusLine | Toast;

export interface StatusLine {
  type: "status";
  data: {
    description: string;
    /** Until it is true, the line shimmers. */
    done: boolean;
    status: StatusKind;
    /** As in Open-WebUI's own events; its chat shows a failure by the words only. */
    error?: true;
    /** Seconds since 1970, with fractions. */
    timestamp: number;
  };
}

export interface Toast {
  type: "notification";
  data: { type: NotificationType; content: string };
}

type NotificationType = (typeof NOTIFICATION_TYPES)[number];

const NOTIFICATION_TYPES = ["info", "success", "warning", "error"] as const;
/** A status line is one line; what is stored of it stays in the chat for ever. */
const MAX_LINE_CHARS = 300;
const MAX_TOAST_CHARS = 2_000;

/** The status line of an event. One that waits for the user is done: should the user stop there, no event would follow. */
export function lineOf({ data }: StatusEvent): StatusLine {
  const { status, description, done, waiting, timestamp } = data;
  return {
    type: "status",
    data: {
      description: shorten(description.replace(/\s+/g, " ").trim(), MAX_LINE_CHARS),
      done: done || waiting === true,
      status,
      ...(status === "error" && { error: true }),
      timestamp,
    },
  };
}

/** The toast of an event that is a notification (`notification_type`); undefined for others. */
export function toastOf({ data }: StatusEvent): Toast | undefined {
  const type = NOTIFICATION_TYPES.find((known) => known === data.notification_type);
  if (!type || !data.done) return undefined;
  return { type: "notification", data: { type, content: shorten(data.description, MAX_TOAST_CHARS) } };
}

function shorten(text: string, chars: number): string {
  return text.length > chars ? `${text.slice(0, chars - 1).toWellFormed()}…` : text;
}
