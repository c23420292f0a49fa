import type { Form } from "./form.ts";

/** Characters of the shortest secret: a shorter one could not be blotted out of what an API answers. */
export const MIN_SECRET = 4;
/**
 * Characters of the shortest secret that a field takes by itself. What replaces a secret in texts also tells whether a guess is
 * right, so that a shorter one, such as a PIN, can be found out by trying all there are.
 */
export const SAFE_SECRET = 8;

/** Secrets that users typed into pages. They stay in this process; tools and models only see what stands for them. */
export interface Secrets {
  /**
   * The answers of a form with a reference such as `secret://3f0c…` in the place of every secret; these are kept for the user.
   * @throws ToolError `limit_reached`
   */
  keep(user: string, form: Form, data: Record<string, unknown>): Record<string, unknown>;
  /** The value with every reference of the user's replaced, for a call of this API. @throws ToolError `invalid_input` for one that does not count there */
  reveal(user: string, api: string, value: unknown): unknown;
  /** The user's secrets, to be blotted out of what an API answers. */
  of(user: string): readonly string[];
}
