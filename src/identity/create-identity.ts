import { createHash, timingSafeEqual } from "node:crypto";
import type { Authentication, Credentials, Identity } from "./identity.ts";

export interface IdentityOptions {
  mode: "api-key" | "static-user" | "oauth" | "open-webui-jwt" | "open-webui-session" | "trusted-header";
  apiKeys: readonly {
    key?: string | undefined;
    hash?: string | undefined;
    user?: string | undefined;
    scopes?: readonly string[] | undefined;
  }[];
  /** Who everybody is where no credential is asked for. */
  localUser: string;
}

/** Tells who calls, in the way that the configuration wants. */
export function createIdentity(options: IdentityOptions): Identity {
  const keys = options.apiKeys.flatMap(({ key, user }) => (key && user ? [{ digest: digest(key), user }] : []));
  const open = keys.length === 0;

  async function authenticate({ headers }: Credentials): Promise<Authentication> {
    const token = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    if (open) return { caller: { user: options.localUser, passedToken: token } };
    const given = digest(token ?? "");
    let user: string | undefined;
    // Every key is compared, so that the time says nothing about which one came close.
    for (const key of keys) if (timingSafeEqual(key.digest, given)) user = key.user;
    if (user !== undefined) return { caller: { user } };
    return {
      refusal: {
        status: 401,
        message: "A valid API key is required: Authorization: Bearer …",
        challenge: 'Bearer realm="patchbay"',
      },
    };
  }

  return { authenticate, refuseTool: () => undefined, metadata: new Map() };
}

function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
