/** Words that stand in names of headers and claims for who somebody is, whatever stands around them. */
const SOMEBODY =
  /user|login|logon|principal|identity|identifier|mail|subject|person|member|employee|student|account-?name|persistent-id|unique-name|credential/;
/** The same, where they are words of their own. */
const SHORT = /(?:^|-)(?:sub|upn|uid|oid|uuid|guid|puid|eppn|dn|cn|whoami|me)(?:-|$)/;
/** What ends a name that says something else of somebody. */
const ABOUT =
  /(?:^|-)(?:agent|agents|language|lang|locale|time-?zone|zone|tz|country|region|city|roles?|groups?|scopes?|permissions?|tiers?|plan|levels?|types?|kind|status|state|info|organi[sz]ation|org|tenant|team|company|department|domain|realm|provider|idp|issuer|count|verified|picture|avatar|photo|profile|session|token|display-name|full-name|first-name|last-name|real-name)$/;

/**
 * Whether a header or a claim by this name may say who somebody is, such as `X-Forwarded-User`, `SM_USER`, `oid`,
 * `employeeNumber` or `https://example.com/user_id`. Of a claim that is a URL only the last part counts.
 */
export function namesSomebody(name: string): boolean {
  const words = (name.split(/[/#]/).at(-1) ?? "")
    .replace(/([a-z\d])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z\d]+/g, "-");
  return words === "id" || ((SOMEBODY.test(words) || SHORT.test(words)) && !ABOUT.test(words));
}
