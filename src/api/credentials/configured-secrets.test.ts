import { expect, it } from "vitest";
import { settings } from "../../../test/fixtures/api-client.ts";
import type { AuthSettings } from "../configured-api.ts";
import { clientPair, configuredSecrets } from "./configured-secrets.ts";

const inBase64 = (text: string) => Buffer.from(text).toString("base64");

it("the secrets of an API are those of all its users, alone and as they travel", () => {
  const auth = { type: "basic", username: "bay", password: "shared-pass" } as AuthSettings;
  const users = {
    ana: { username: "ana", password: "own-pass", headers: { "X-Session": "own-session" } },
    bob: { apiKey: "bob:bobs-pass", headers: {} },
    cy: { clientId: "c y", clientSecret: "cys+secret", headers: {} },
  };
  const base = new URL("https://x.example/v1?key=url-key&v=1.2");
  const found = configuredSecrets(settings({ auth, users }), base, "info:info-pass");
  for (const secret of [
    ...["shared-pass", "bay:shared-pass", inBase64("bay:shared-pass")],
    ...["own-pass", "ana:own-pass", inBase64("ana:own-pass"), "own-session"],
    ...["bob:bobs-pass", "bobs-pass", inBase64("bob:bobs-pass")],
    ...["cys+secret", clientPair("c y", "cys+secret"), inBase64("c+y:cys%2Bsecret")],
    ...["url-key", "info-pass", "info:info-pass"],
  ]) {
    expect(found).toContain(secret);
  }
  expect(found).not.toContain("1.2");
});

it("headers are secret but for those that say how to answer, media types, versions and plain words", () => {
  const headers = {
    Accept: "application/vnd.x+json",
    "User-Agent": "bay/1.0 (ops@example.com)",
    "X-Kind": "application/json",
    "X-Api-Version": "2022-11-28",
    "X-Stage": "production",
    "X-Tenant": "tenant-7",
    "X-Blob": "ab12/cd34ef56",
    "X-Api-Key": "plainword",
  };
  expect(configuredSecrets(settings({ headers }), undefined, undefined).sort()).toEqual(
    ["ab12/cd34ef56", "plainword", "tenant-7"].sort(),
  );
});

it("a query of the URL is secret where its name or its value says so, and else no part of answers is hidden", () => {
  const secretsOf = (query: string) =>
    configuredSecrets(settings(), new URL(`https://x.example/v1?${query}`), undefined);
  const plain = [
    ...["format=json", "units=metric", "lang=en_US", "api-version=2024-01-01-preview", "fields=id,name,createdAt"],
    ...[
      "tz=Europe/Berlin",
      "crs=EPSG:4326",
      "since=2024-01-01T00:00:00Z",
      "max=1000000",
      "with_token=true",
      "f=geojson",
    ],
  ];
  expect(secretsOf(plain.join("&"))).toEqual([]);
  for (const [name, value] of [
    ...[
      ["key", "plainword"],
      ["api_key", "weather"],
      ["accessToken", "open"],
      ["clientSecret", "word"],
      ["sig", "1%2B2"],
    ],
    ...[
      ["appid", "0123456789abcdef0123456789abcdef"],
      ["u", "abc123xyz9"],
      ["s", "550e8400-e29b-41d4-a716-446655440000"],
    ],
    ...[
      ["code", "QkZhbGxsb25nZXJ0aGFuYW55d29yZA=="],
      ["x", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"],
    ],
  ] as [string, string][]) {
    expect(secretsOf(`a=1&${name}=${value}`)).toEqual([decodeURIComponent(value)]);
  }
});
