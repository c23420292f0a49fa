import { z } from "zod";
import { httpUrl, secret } from "./setting.ts";

/** What a header can carry, and long enough to be told from ordinary text where it has to be redacted. */
const apiKey = z
  .string()
  .min(6, "a key must have at least 6 characters")
  .regex(/^[\x21-\x7e]*$/, "a key may have letters, digits and signs of ASCII, no spaces");

const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, "a scope has no spaces, quotes or backslashes");

const keyEntry = z
  .strictObject({
    key: secret(
      "The key, sent as `Authorization: Bearer …` or `X-API-Key: …`; at least 16 characters, or 6 where only this machine is served.",
      apiKey,
    ).optional(),
    hash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hexadecimal digits")
      .meta({
        description:
          'Instead of `key`: `sha256:` and the key\'s SHA-256 in hexadecimal, so that the file holds no key: `printf %s "$KEY" | sha256sum`.',
        secret: true,
      })
      .optional(),
    user: z
      .string()
      .min(1)
      .optional()
      .describe(
        "The user that this key stands for. Unset: a service, such as Open-WebUI or a proxy, which has to name its user in the way of `mode`.",
      ),
    scopes: z.array(scope).optional().describe("What the key allows, for `toolScopes`. Unset: everything."),
  })
  .superRefine(({ key, hash }, context) => {
    if ((key === undefined) === (hash === undefined))
      context.addIssue({ code: "custom", path: [], message: "an entry has either `key` or `hash`" });
  });

/** Who may call over HTTP. */
export const auth = z.strictObject({
  mode: z
    .enum(["api-key", "static-user", "oauth", "open-webui-jwt", "open-webui-session", "trusted-header"])
    .default("api-key")
    .describe(
      "How HTTP callers are identified: `api-key`, static bearer keys; `static-user`, everybody is `user`, on loopback only; `oauth`, access tokens of `oauth.issuer`; `open-webui-jwt`, a key of Open-WebUI and its signed `X-OpenWebUI-User-Jwt`; `open-webui-session`, the session of an Open-WebUI user, asked of `openWebui.url`; `trusted-header`, a key of a proxy and its header. Keys that have a user count in every mode but `static-user`.",
    ),
  apiKeys: z
    .array(keyEntry)
    .superRefine((entries, context) => {
      for (const [index, { key }] of entries.entries()) {
        if (key !== undefined && entries.findIndex((entry) => entry.key === key) < index)
          context.addIssue({
            code: "custom",
            path: [index, "key"],
            message: "the same key stands for another entry already",
          });
      }
    })
    .default([])
    .describe(
      "Keys, besides those that `patchbay-mcp keys add` makes. In mode `api-key` without any, only loopback is served, as one user, `user`.",
    ),
  users: z
    .record(
      z.string().min(1),
      z.array(
        z.strictObject({
          issuer: z
            .string()
            .min(1)
            .describe("Who names the user: the issuer's URL, `open-webui`, or the name of the proxy."),
          subject: z.string().min(1).describe("The user's id there (`sub`)."),
        }),
      ),
    )
    .default({})
    .describe(
      "One person over several roads: for each user the accounts elsewhere that are the same person. An account that is not named is a user of its own, `issuer#subject`.",
    ),
  toolScopes: z
    .record(z.string().min(1), z.array(scope).min(1))
    .default({})
    .describe(
      "Scopes that a call of a tool needs, by the tool's name; `*` stands for every tool that is not named. They bind access tokens, and keys that have `scopes`. A model of `/v1` needs those of the tool that it is.",
    ),
  sessionScopes: z
    .array(scope)
    .optional()
    .describe(
      "What the session of a user allows in mode `open-webui-session`, for `toolScopes`. Unset: everything; a session has no scopes of its own.",
    ),
  oauth: z
    .strictObject({
      issuer: httpUrl().optional().describe("Issuer of the access tokens (`iss`); its metadata name its keys."),
      audience: z
        .array(z.string().min(1))
        .default([])
        .describe(
          "What tokens have to be made for (`aud`), one of these. Default: the URL of the MCP endpoint, such as https://patchbay.example.com/mcp; at `/v1` also that of `/v1`.",
        ),
      jwksUri: httpUrl().optional().describe("Where the issuer's keys are. Default: what its metadata say."),
      requiredScopes: z.array(scope).default([]).describe("Scopes that every request needs."),
      userClaim: z
        .string()
        .min(1)
        .default("sub")
        .describe("Claim that identifies the user at the issuer: one that stays with a person, and no address."),
    })
    .prefault({})
    .describe("Mode `oauth`."),
  openWebuiJwt: z
    .strictObject({
      secret: secret(
        "`FORWARD_USER_INFO_HEADER_JWT_SECRET` of Open-WebUI, at least 32 bytes.",
        z.string().min(32, "a secret must have at least 32 bytes"),
      ).optional(),
    })
    .prefault({})
    .describe("Mode `open-webui-jwt`."),
  trustedHeader: z
    .strictObject({
      header: z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be the name of a header")
        .default("X-Forwarded-User")
        .describe("Header that names the user."),
      proxies: z
        .array(z.string().min(1))
        .default([])
        .describe(
          "Addresses of the proxies that may set it, as CIDR blocks such as `10.0.0.5/32`: those of the other end of the connection. Private networks may be named whole; of public addresses, a /8 of IPv4 and a /16 of IPv6 at most, in sum.",
        ),
      issuer: z
        .string()
        .min(1)
        .default("proxy")
        .describe("What `auth.users` calls the proxy; `open-webui` where the header carries Open-WebUI's user ids."),
    })
    .prefault({})
    .describe("Mode `trusted-header`."),
});
