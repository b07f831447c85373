import { codes, element } from "./text.js";

/** Who may call an operation: without a credential, in a session, during a login, and with a key. */

export const alternativesOf = (operation) => ({
  none: operation.security.length === 0 || operation.security.some((one) => Object.keys(one).length === 0),
  session: operation.security.some((one) => one.sessionToken || one.sessionCookie),
  pending: operation.security.some((one) => one.pendingLogin),
  scopes: operation.security.flatMap((one) => one.serviceKey ?? []),
});

export function callersInShort(operation) {
  const { none, session, pending, scopes } = alternativesOf(operation);
  const key = scopes.length > 0 && `key: ${scopes.join(", ")}`;
  return [none && "anybody", session && "session", pending && "pending login", key].filter((one) => one).join(" · ");
}

export function callers(operation) {
  const { none, session, pending, scopes } = alternativesOf(operation);
  const lead = (name, text) => element("a", { href: `#credential-${name}` }, text);
  const ways = [
    none && (operation.security.length > 0
      ? "Anybody, without a credential."
      : "Anybody: neither a session nor a key is asked for."),
    session && ["Who is signed in: the session’s token as a ", lead("sessionToken", "bearer token"), ", or its ",
      lead("sessionCookie", "cookie"), "."],
    pending && ["Who has given the password and not yet a second factor, by the ",
      lead("pendingLogin", "cookie of the pending login"), "."],
    scopes.length > 0 && ["The host, with a ", lead("serviceKey", "service key"), " that has the scope ", codes(scopes), "."],
  ].filter((one) => one);
  return ways.length === 1
    ? element("p", null, ways[0])
    : element("ul", null, ways.map((way) => element("li", null, way)));
}
