import type { z } from "zod";
import type { AskedPage } from "../interaction/ladder.ts";
import type { Services } from "../services.ts";
import type { StatusEmitter } from "../status/status-event.ts";

/**
 * What running the tool does to the world, from which the MCP annotations follow.
 * `read-open` and `write-open` reach systems beyond this server.
 */
export type ToolEffect = "read" | "write" | "destroy" | "read-open" | "write-open";

/** Who calls. `id` comes from the transport, never from an argument. */
export interface User {
  id: string;
}

/** A question for the human: a message and a flat JSON Schema object of primitive properties (MCP elicitation, form mode). */
export interface Question {
  message: string;
  schema: ElicitationSchema;
}

/** The restricted JSON Schema that MCP clients can render as a form (MCP 2025-11-25 and 2026-07-28, elicitation). */
export interface ElicitationSchema {
  type: "object";
  properties: Record<string, Record<string, unknown>>;
  required?: string[];
}

/** A resource that a result points to (MCP, "Resource Links"). */
export interface ResourceLink {
  uri: string;
  name: string;
  mimeType?: string;
  /** Bytes. */
  size?: number;
}

/** A tool whose work a call of another one does as well. */
export interface NeededTool {
  tool: string;
  /** What of the call does it, such as a step of a pipeline. */
  by: string;
  /** What it does there. `kept`, a look at what the tool has kept, and `tried`, a dry run, need nobody's consent. */
  effects: readonly ToolEffect[] | "kept" | "tried";
}

/** An image or a sound of a result (MCP, "Image Content", "Audio Content"). */
export interface Media {
  type: "image" | "audio";
  /** Base64. */
  data: string;
  mimeType: string;
}

export interface ToolContext<Uses extends keyof Services = never> {
  user: User;
  /** Fires on cancel, disconnect and deadline. */
  signal: AbortSignal;
  services: Pick<Services, Uses>;
  status: StatusEmitter;
  /**
   * Asks the human and gives the accepted content, unvalidated. May suspend the call: the tool then runs again from its
   * start, so nothing with a side effect may come before it. `key` tells the questions of one call apart.
   * @throws ToolError `declined`, `cancelled`, or `unsupported` where this client cannot ask.
   */
  elicit(key: string, question: Question): Promise<Record<string, unknown>>;
  /**
   * Has the client show the address of a page and, once the human has agreed to go there, gives what becomes of the page. May
   * suspend the call likewise; the page is opened once.
   * @throws ToolError `declined`, `cancelled`, or `unsupported` where this client cannot show an address.
   */
  elicitPage<T>(key: string, asked: AskedPage<T>): Promise<T>;
  /** USD that the human consented to; the call may not cost more. Undefined: nobody was asked, or no cost was known. */
  budgetUsd?: number | undefined;
  /** Whether this client shows the tool's app; undefined where that is not known. */
  showsApp?: boolean | undefined;
}

export interface ToolDefinition<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
  Uses extends keyof Services = keyof Services,
> {
  /** Snake case, at most 40 characters. */
  name: string;
  title: string;
  /** What it does and when to use it, for a model. */
  description: string;
  effect: ToolEffect;
  /** Whether a second identical call changes nothing more. */
  idempotent?: boolean;
  uses: readonly Uses[];
  /** The resource with the MCP App that shows its results (SEP-1865), for clients that show apps. */
  app?: `ui://${string}`;
  /** Flat and portable: no unions, no recursion, every parameter described. */
  input: Input;
  /** Shape of a successful result, besides `status`. */
  output: Output;
  /**
   * What the human is told besides the arguments, where the configuration wants this tool confirmed: what they stand for, in
   * one short line; and where it says less than that, a digest of it in `of`: the consent counts for that only. It changes nothing.
   * @throws ToolError what the call would, so that nobody is asked in vain
   */
  confirms?(
    input: z.output<Input>,
    context: Pick<ToolContext<Uses>, "user" | "signal" | "services">,
  ): Confirmed | Promise<Confirmed>;
  /**
   * Whether the call only goes on with one that the human has been asked about already, so that it needs no confirmation of
   * its own. @throws ToolError where it cannot go on
   */
  continues?(input: z.output<Input>, context: Pick<ToolContext<Uses>, "user" | "services">): boolean;
  /**
   * Whether the human has to be asked before just this call: true, or false where it needs no consent whatever
   * `interaction.confirmationRequired` says; undefined leaves it to that. @throws ToolError what the call would
   */
  mustConfirm?(
    input: z.output<Input>,
    context: Pick<ToolContext<Uses>, "user" | "services">,
  ): boolean | undefined | Promise<boolean | undefined>;
  /**
   * What just this call does, where the tool can do several things: `effect` alone says what the worst of them is.
   * @throws ToolError what the call would
   */
  effectsOf?(
    input: z.output<Input>,
    context: Pick<ToolContext<Uses>, "user" | "services">,
  ): readonly ToolEffect[] | Promise<readonly ToolEffect[]>;
  /**
   * What the call may cost at most in USD for the models that it calls; undefined where that is unknown. A tool without it calls
   * none. @throws ToolError what the call would
   */
  mayCost?(
    input: z.output<Input>,
    context: Pick<ToolContext<Uses>, "user" | "signal" | "services">,
  ): number | undefined | Promise<number | undefined>;
  /** Other tools whose work its calls may do as well, see `needs`. */
  mayNeed?: readonly string[];
  /**
   * The tools whose work just this call does as well because its caller says so: it is refused where one of them is switched off or
   * beyond the caller's scopes, and confirmed where a call of one of them has to be. @throws ToolError what the call would
   */
  needs?(
    input: z.output<Input>,
    context: { services: Pick<Services, Uses> },
  ): readonly NeededTool[] | Promise<readonly NeededTool[]>;
  /** Resources that a successful result points to; clients get them besides the JSON. */
  links?(output: z.input<Output>): ResourceLink[];
  /** Images and sounds of a successful result; clients that take them get them besides the JSON. */
  media?(
    output: z.input<Output>,
    context: Pick<ToolContext<Uses>, "user" | "services">,
    input: z.output<Input>,
  ): Media[] | Promise<Media[]>;
  /** Result of a successful call; the boundary adds `status: "success"` where the tool sets no status itself. */
  run(input: z.output<Input>, context: ToolContext<Uses>): Promise<z.input<Output>>;
}

/** What the human is told of a call; and what that stands for, where it does not say all of it. */
export type Confirmed = string | { about: string; of: string };

/** A tool whose own types are forgotten, as the registry and the boundary see it. */
export type AnyTool = Omit<
  ToolDefinition,
  "run" | "confirms" | "continues" | "mustConfirm" | "effectsOf" | "mayCost" | "needs" | "links" | "media"
> & {
  confirms?(
    input: unknown,
    context: Pick<ToolContext<keyof Services>, "user" | "signal" | "services">,
  ): Confirmed | Promise<Confirmed>;
  continues?(input: unknown, context: Pick<ToolContext<keyof Services>, "user" | "services">): boolean;
  mustConfirm?(
    input: unknown,
    context: Pick<ToolContext<keyof Services>, "user" | "services">,
  ): boolean | undefined | Promise<boolean | undefined>;
  effectsOf?(
    input: unknown,
    context: Pick<ToolContext<keyof Services>, "user" | "services">,
  ): readonly ToolEffect[] | Promise<readonly ToolEffect[]>;
  mayCost?(
    input: unknown,
    context: Pick<ToolContext<keyof Services>, "user" | "signal" | "services">,
  ): number | undefined | Promise<number | undefined>;
  needs?(input: unknown, context: { services: Services }): readonly NeededTool[] | Promise<readonly NeededTool[]>;
  links?(output: Record<string, unknown>): ResourceLink[];
  media?(
    output: Record<string, unknown>,
    context: Pick<ToolContext<keyof Services>, "user" | "services">,
    input: unknown,
  ): Media[] | Promise<Media[]>;
  run(input: unknown, context: ToolContext<keyof Services>): Promise<Record<string, unknown>>;
};

/** Declares a tool: one file, one default of everything that the model sees. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject, Uses extends keyof Services = never>(
  definition: ToolDefinition<Input, Output, Uses>,
): AnyTool {
  return definition as unknown as AnyTool;
}
