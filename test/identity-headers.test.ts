import { Agent, request } from "node:http";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { serveHttp } from "../src/http/serve.ts";
import { createIdentity } from "../src/identity/create-identity.ts";
import type { IdentityOptions } from "../src/identity/identity-options.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./fixtures/authorization-server.ts";
import { whenDone } from "./fixtures/cleanup.ts";
import {
  hash,
  JWT_SECRET,
  KEYS,
  OPEN_WEBUI_IDS,
  sessionOf,
  startSessionServer,
  userJwt,
} from "./fixtures/identities.ts";

/** Combinations that are sent to the server of each of the five modes. */
const COMBINATIONS = 2_000;
const PROXY = "127.0.0.2";
const HOST = "http://resource.test";

type Mode = Exclude<IdentityOptions["mode"], "static-user">;
type Person = "ana" | "ben";

/** A value of a header, and what it truly is. */
interface Atom {
  value: string;
  /** Whose it is: a person, the service, or nobody's. */
  of: Person | "service" | "nobody";
  /** As what it is that. */
  as: "key" | "access token" | "session" | "jwt" | "name" | "nothing";
}

interface Combination {
  authorization: Atom[];
  apiKey: Atom[];
  jwt: Atom[];
  name: Atom[];
  forged: [string, string][];
  peer: string;
  upper: boolean;
}

const servers = new Map<Mode, string>();
let combination: fc.Arbitrary<Combination>;
let issuer: AuthorizationServer;
const agents = new Map(
  ["127.0.0.1", PROXY].map((localAddress) => [
    localAddress,
    new Agent({ keepAlive: true, maxSockets: 8, localAddress }),
  ]),
);

beforeAll(async () => {
  whenDone(() => {
    for (const agent of agents.values()) agent.destroy();
  });
  issuer = await startAuthorizationServer();
  const openWebUi = await startSessionServer();
  const users = Object.fromEntries(
    (["ana", "ben"] as const).map((person) => [
      person,
      [
        { issuer: "open-webui", subject: OPEN_WEBUI_IDS[person] },
        { issuer: issuer.issuer, subject: `${person}-at-idp` },
        { issuer: "proxy", subject: `${person}@corp` },
      ],
    ]),
  );
  const persons = [
    { key: KEYS.ana, user: "ana" },
    { hash: hash(KEYS.ben), user: "ben" },
  ];
  const service = [{ key: KEYS.service }];
  const oauth = { issuer: issuer.issuer, audience: [], requiredScopes: [], userClaim: "sub" };
  const trustedHeader = { header: "X-Forwarded-User", proxies: [`${PROXY}/32`], issuer: "proxy" };
  const common = { users, localUser: "local", publicUrl: HOST.replace("http", "https"), openWebUiUrl: openWebUi.url };
  const modes: Record<Mode, IdentityOptions> = {
    "api-key": { ...common, mode: "api-key", apiKeys: persons },
    oauth: { ...common, mode: "oauth", apiKeys: persons, oauth },
    "open-webui-session": { ...common, mode: "open-webui-session", apiKeys: [...persons, ...service] },
    "open-webui-jwt": {
      ...common,
      mode: "open-webui-jwt",
      apiKeys: [...persons, ...service],
      openWebuiJwt: { secret: JWT_SECRET },
    },
    "trusted-header": { ...common, mode: "trusted-header", apiKeys: [...persons, ...service], trustedHeader },
  };
  for (const [mode, options] of Object.entries(modes)) {
    const server = await serveHttp({
      host: "127.0.0.1",
      port: 0,
      // Says who it was called by; everything before it is the program's own.
      mcp: { fetch: async (_request, _auth, owner) => Response.json({ owner }), close: async () => {} },
      identity: createIdentity(options),
      allowedHosts: [],
      allowedOrigins: [],
      ready: async () => ({ ready: true }),
    });
    whenDone(() => server.close(0));
    servers.set(mode as Mode, server.url);
  }
  combination = await combinations();
});

/** Header values of every kind, right ones and those that only look it. */
async function combinations(): Promise<fc.Arbitrary<Combination>> {
  const atom = (value: string, of: Atom["of"] = "nobody", as: Atom["as"] = "nothing"): Atom => ({ value, of, as });
  const aud = "https://resource.test/mcp";
  const now = Math.floor(Date.now() / 1000);
  const scheme = (bearer: Atom): Atom => ({ ...bearer, value: `Bearer ${bearer.value}` });
  const keys = [
    atom(KEYS.ana, "ana", "key"),
    atom(KEYS.ben, "ben", "key"),
    atom(KEYS.service, "service", "key"),
    atom(KEYS.ana.slice(0, -1)),
    atom(`${KEYS.ana}0`),
    atom(KEYS.ben.toUpperCase()),
    atom(hash(KEYS.ana)),
    atom("pb_0123456789012345678901234567890123456789012"),
  ];
  const tokens = [
    atom(await issuer.token({ aud, sub: "ana-at-idp" }), "ana", "access token"),
    atom(await issuer.token({ aud: ["other", aud], sub: "ben-at-idp" }, { typ: "JWT" }), "ben", "access token"),
    atom(await issuer.token({ aud: "https://other.test/mcp" })),
    atom(await issuer.token({ aud: "https://resource.test/v1" })),
    atom(await issuer.token({ aud, exp: now - 60 })),
    atom(await issuer.token({ aud, nbf: now + 60 })),
    atom(await issuer.token({ aud, iss: "https://other.test" })),
    atom(await issuer.token({ aud, sub: "" })),
    atom(await issuer.token({ aud }, { typ: "logout+jwt" })),
    atom(await issuer.token({ aud, nonce: "n" }, { typ: "JWT" })),
    atom(`${(await issuer.token({ aud })).split(".").slice(0, 2).join(".")}.`),
    atom(await userJwt({ aud, iss: issuer.issuer, sub: "ana-at-idp" })),
    atom(sessionOf("ana"), "ana", "session"),
    atom(sessionOf("ben"), "ben", "session"),
    atom(sessionOf("pending")),
    atom(sessionOf("ana2x-")),
    atom(sessionOf("ana", { iss: "https://other.test" })),
    atom(sessionOf("ana", { exp: now - 60 })),
    atom(`${sessionOf("ana")}x`),
  ];
  const authorization = [
    ...[...keys, ...tokens].map(scheme),
    atom(`Basic ${Buffer.from(`ana:${KEYS.ana}`).toString("base64")}`),
    atom(KEYS.ana),
    atom(`Bearer ${KEYS.ana} ${KEYS.ana}`),
    atom("Bearer "),
    { ...atom(KEYS.ana, "ana", "key"), value: `bEARER  ${KEYS.ana}` },
  ];
  const jwts = [
    atom(await userJwt(), "ana", "jwt"),
    atom(await userJwt({ sub: OPEN_WEBUI_IDS.ben }), "ben", "jwt"),
    atom(await userJwt({ exp: now - 60 })),
    atom(await userJwt({ exp: undefined })),
    atom(await userJwt({ sub: undefined })),
    atom(await userJwt({ sub: `${OPEN_WEBUI_IDS.ana}\n` })),
    atom(await userJwt({ iss: "other" })),
    atom(await userJwt({}, `${JWT_SECRET}!`)),
    atom(await userJwt({}, JWT_SECRET, "HS512")),
    atom(`${btoa('{"alg":"none"}')}.${(await userJwt()).split(".")[1]}.`),
    atom(await issuer.token({ iss: "open-webui", sub: OPEN_WEBUI_IDS.ana })),
    atom(OPEN_WEBUI_IDS.ana),
    atom(""),
  ];
  const names = [
    atom("ana@corp", "ana", "name"),
    atom("ben@corp", "ben", "name"),
    atom("ana@corp,ben@corp"),
    atom(""),
    atom("a".repeat(256)),
    atom("ana@corp\u00a0"),
    atom("ana\u0085@corp"),
    atom("\u00ff\u00fe"),
  ];
  const forged = fc.tuple(
    fc.constantFrom(
      ...["X-OpenWebUI-User-Id", "X-OpenWebUI-User-Email", "X-User", "X-Remote-User", "Remote-User", "X-Forwarded-For"],
      ...["X_Forwarded_User", "X-Forwarded-User-", "X-Api-Keys", "Forwarded", "X-Real-Ip", "Via", "Cookie"],
    ),
    fc.constantFrom(
      "ana",
      OPEN_WEBUI_IDS.ana,
      "ana@corp",
      PROXY,
      KEYS.ana,
      "for=127.0.0.2",
      `token=${sessionOf("ana")}`,
    ),
  );
  const some = (atoms: readonly Atom[]): fc.Arbitrary<Atom[]> =>
    fc.oneof(
      { weight: 6, arbitrary: fc.constant<Atom[]>([]) },
      { weight: 12, arbitrary: fc.constantFrom(...atoms).map((one) => [one]) },
      { weight: 1, arbitrary: fc.array(fc.constantFrom(...atoms), { minLength: 2, maxLength: 2 }) },
    );
  // Right values come up often enough that they meet each other.
  const right = (atoms: readonly Atom[]) => [
    ...atoms,
    ...atoms,
    ...Array(4)
      .fill(atoms.filter(({ of }) => of !== "nobody"))
      .flat(),
  ];
  return fc.record({
    authorization: some(right(authorization)),
    apiKey: some(right([...keys, atom("")])),
    jwt: some(right(jwts)),
    name: some(right(names)),
    forged: fc.array(forged, { maxLength: 3 }),
    peer: fc.constantFrom("127.0.0.1", PROXY, PROXY),
    upper: fc.boolean(),
  });
}

/** Who a request is from by the rules of the documentation, told by what its parts truly are; undefined: nobody. */
function whoShouldItBe(mode: Mode, { authorization, apiKey, jwt, name, peer }: Combination): Person | undefined {
  const isBearer = ({ value }: Atom) => /^bearer\b/i.test(value);
  const bearers = authorization.filter(isBearer);
  if (bearers.length > 0 && authorization.length > 1) return undefined;
  if (apiKey.length > 1) return undefined;
  const bearer = bearers[0];
  const inHeader = apiKey[0]?.value === "" ? undefined : apiKey[0];
  // Of several words, or of none.
  if (bearer && bearer.value.trim().split(/ +/).length !== 2) return undefined;

  const hasServices = mode !== "api-key" && mode !== "oauth";
  const isKey = (part: Atom | undefined): boolean => part?.as === "key" && (part.of !== "service" || hasServices);
  if (inHeader && !isKey(inHeader)) return undefined;
  const keys = [inHeader, bearer].filter(isKey);
  if (keys.length === 2 && keys[0]?.of !== keys[1]?.of) return undefined;
  const key = keys[0];
  const token = isKey(bearer) ? undefined : bearer;
  if (token?.value.startsWith("Bearer pb_")) return undefined;

  const only = (parts: Atom[], as: Atom["as"]): Person | "wrong" | undefined => {
    if (parts.length === 0) return undefined;
    const [part] = parts;
    return parts.length === 1 && part?.as === as && (part.of === "ana" || part.of === "ben") ? part.of : "wrong";
  };
  let named: Person | "wrong" | undefined;
  if (mode === "oauth") named = only(token ? [token] : [], "access token");
  if (mode === "open-webui-session") named = only(token ? [token] : [], "session");
  if (mode === "open-webui-jwt") named = only(jwt, "jwt");
  if (mode === "trusted-header") named = peer === PROXY ? only(name, "name") : name.length > 0 ? "wrong" : undefined;
  const needsKey = mode === "api-key" || mode === "open-webui-jwt" || mode === "trusted-header";
  if ((needsKey && !key) || named === "wrong") return undefined;
  if (key && key.of !== "service") return named === undefined || named === key.of ? (key.of as Person) : undefined;
  return named;
}

/** Who the server took it for; undefined where it refused. */
function ask(
  mode: Mode,
  { authorization, apiKey, jwt, name, forged, peer, upper }: Combination,
): Promise<string | undefined> {
  const written = [
    ...authorization.map(({ value }) => ["Authorization", value]),
    ...apiKey.map(({ value }) => ["X-API-Key", value]),
    ...jwt.map(({ value }) => ["X-OpenWebUI-User-Jwt", value]),
    ...name.map(({ value }) => ["X-Forwarded-User", value]),
    ...forged,
  ].flatMap(([header = "", value = ""]) => [upper ? header.toUpperCase() : header.toLowerCase(), value]);
  const url = new URL("/mcp", servers.get(mode));
  return new Promise((resolve, reject) => {
    const headers = ["Host", url.host, "Content-Length", "0", ...written];
    const sent = request(url, { method: "POST", headers, agent: agents.get(peer) as Agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => {
        const isRefused = [401, 403].includes(response.statusCode ?? 0);
        if (response.statusCode === 200) resolve((JSON.parse(text) as { owner: string }).owner);
        else if (isRefused && !/key-of|session-of|eyJ/.test(text)) resolve(undefined);
        else reject(new Error(`${response.statusCode} ${text}`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe.each<[Mode]>([["api-key"], ["oauth"], ["open-webui-session"], ["open-webui-jwt"], ["trusted-header"]])(
  "auth.mode %s",
  (mode) => {
    it(`takes ${COMBINATIONS} combinations of headers for whom they are from, and no other`, async () => {
      const seen = new Map<string | undefined, number>();
      await fc.assert(
        fc.asyncProperty(combination, async (each) => {
          const expected = whoShouldItBe(mode, each);
          seen.set(expected, (seen.get(expected) ?? 0) + 1);
          expect(await ask(mode, each)).toBe(expected);
        }),
        { numRuns: COMBINATIONS },
      );
      // Each of the outcomes came up often enough to mean something.
      for (const who of ["ana", "ben", undefined]) expect(seen.get(who)).toBeGreaterThan(COMBINATIONS / 50);
    }, 120_000);
  },
);
