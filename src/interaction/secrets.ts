import type { SecretFinder } from "../redact/find-secrets.ts";
import type { Form } from "./form.ts";

/** Characters of the shortest secret: a shorter one could not be blotted out of what an API answers. */
export const MIN_SECRET = 4;
/**
 * Characters of the shortest secret that a field takes by itself. What replaces a secret in texts also tells whether a guess is
 * right, so that a shorter one, such as a PIN, can be found out by trying all there are.
 */
export const SAFE_SECRET = 8;
/** Secrets that are kept of one user, so that a form cannot ask for more. */
export const MAX_SECRETS = 20;

/** Secrets that users typed into pages. They stay in this process; tools and models only see what stands for them. */
export interface Secrets {
  /**
   * The answers of a form with a reference such as `secret://3f0c…` in the place of every secret; these are kept for the user.
   * @throws ToolError `validation_failed` for more than are kept of a user, `limit_reached`
   */
  keep(user: string, form: Form, data: Record<string, unknown>): Record<string, unknown>;
  /** The value with every reference of the user's replaced, for a call of this API. @throws ToolError `invalid_input` for one that does not count there */
  reveal(user: string, api: string, value: unknown): unknown;
  /**
   * What blots the user's secrets out of what leaves the server; undefined where there are none. It finds what was kept when it was
   * asked for, also where that ends meanwhile.
   */
  finderOf(user: string): SecretFinder | undefined;
}
