import { expect, it } from "vitest";
import { namesSomebody } from "./names-somebody.ts";

it.each([
  ...["X-Forwarded-User", "X-Forwarded-Preferred-Username", "Remote-User", "REMOTE_USER", "X-WEBAUTH-USER", "iv-user"],
  ...["SM_USER", "SMUSER", "Tailscale-User-Login", "Cf-Access-Authenticated-User-Email", "X-Amzn-Oidc-Identity"],
  ...["X-MS-CLIENT-PRINCIPAL-NAME", "X-MS-CLIENT-PRINCIPAL-ID", "X-SSL-Client-S-DN", "X-Goog-Authenticated-User-Id"],
  ...["OIDC_CLAIM_sub", "X-Auth-Subject", "X-Consumer-Username", "X-Credential-Identifier", "eppn", "X-Mail"],
  ...["sub", "oid", "uid", "upn", "id", "user_id", "userId", "preferred_username", "cognito:username", "unique_name"],
  ...["employeeNumber", "samAccountName", "https://example.com/user_id", "urn:oid:uid", "person_id"],
])("%s may say who somebody is", (name) => {
  expect(namesSomebody(name)).toBe(true);
});

it.each([
  ...["OAI-Language", "X-Country", "X-User-Role", "X-User-Groups", "X-User-Language", "User-Agent", "X-Client-Id"],
  ...["X-MS-CLIENT-PRINCIPAL-IDP", "Accept-Charset", "X-Device", "X-Tenant-Id", "X-Build", "Save-Data", "Submit"],
  ...["organization", "org_id", "tenant_id", "department", "userType", "user_roles", "https://users.example.com/org"],
  ...["account_id", "company", "country", "", "https://example.com/"],
])("%s does not", (name) => {
  expect(namesSomebody(name)).toBe(false);
});
