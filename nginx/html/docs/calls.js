import { alternativesOf } from "./callers.js";
import { api, plain, references } from "./document.js";
import { exampleText, examplesOf, isForm, typesOf } from "./schemas.js";
import { button, code, codes, element } from "./text.js";

/** An example call of an operation, as `curl` makes it, to be copied. */

const someId = "019b8a5e-7c31-7d02-9a64-0f1e2d3c4b5a";
const shellName = (name) => `$${name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").replace(/[^A-Za-z0-9]+/g, "_").toUpperCase()}`;
const single = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A value that fits a schema as far as its type, its values, and its format say. */
function sample(schema, trail = []) {
  const own = plain(schema);
  const inside = [...trail, ...references(schema)];
  if (own.const !== undefined) return own.const;
  if (own.enum) return own.enum[0];
  if (own.default !== undefined) return own.default;
  if (own.examples) return own.examples[0];
  if (own.oneOf && !own.properties) return sample(own.oneOf[0], inside);
  switch (typesOf(own)[0]) {
    case "object": {
      const names = own.required?.length > 0 ? own.required : Object.keys(own.properties ?? {});
      const entered = names.filter((key) => !references(own.properties?.[key]).some((pointer) => inside.includes(pointer)));
      return Object.fromEntries(entered.map((key) => [key, sample(own.properties?.[key], inside)]));
    }
    case "array": return (own.minItems ?? 0) > 0 ? [sample(own.items, inside)] : [];
    case "boolean": return true;
    case "integer": case "number": return own.minimum ?? 1;
    case "null": return null;
    default:
      if (own.format === "uuid") return someId;
      return own.format === "date-time" ? "2026-01-31T09:05:00.000Z" : "…";
  }
}

function parameterText({ name, example, schema }) {
  const given = example ?? schema?.examples?.[0] ?? schema?.default ?? schema?.const ?? schema?.enum?.[0];
  if (given !== undefined) return encodeURIComponent(given);
  return schema?.format === "uuid" ? someId : shellName(name);
}

/** The call of an operation as `curl` makes it, and what its variables stand for. */
function callOf(operation) {
  const { none, session, pending, scopes } = alternativesOf(operation);
  const required = operation.parameters.filter((parameter) => parameter.required)
    .map((parameter) => ({ ...parameter, schema: plain(parameter.schema) }));
  const query = required.filter((one) => one.in === "query").map((one) => `${one.name}=${parameterText(one)}`).join("&");
  const path = required.filter((one) => one.in === "path")
    .reduce((text, one) => text.replace(`{${one.name}}`, parameterText(one)), operation.path);
  const url = location.origin + path + (query && `?${query}`);
  const method = operation.method === "GET" ? "" : `--request ${operation.method} `;
  const lines = [`curl ${method}${url.includes("$") ? `"${url}"` : single(url)}`];
  const notes = [];
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const body = media && (examplesOf(media)[0]?.[1] ?? sample(media.schema));
  const hasBody = body !== undefined && (Array.isArray(body) || Object.keys(body).length > 0);
  if (!none && scopes.length > 0) {
    lines.push('--header "Authorization: Bearer $SERVICE_KEY"');
    notes.push([code("$SERVICE_KEY"), " is a service key with the scope ", codes(scopes), "."]);
  } else if (!none && session) {
    lines.push('--header "Authorization: Bearer $SESSION_TOKEN"');
    notes.push([code("$SESSION_TOKEN"), " is the ", code("token"), " of an answer that opened a session."]);
  } else if (pending && !body?.challengeId) {
    const cookie = api.components.securitySchemes.pendingLogin.name;
    lines.push(`--cookie "${location.protocol === "https:" ? cookie : cookie.replace("__Host-", "")}=$CHALLENGE_ID"`);
    notes.push([code("$CHALLENGE_ID"), " is the ", code("challengeId"), " that the login was answered with."]);
  }
  for (const { name, example } of required.filter((one) => one.in === "header")) {
    lines.push(example === undefined ? `--header "${name}: ${shellName(name)}"` : `--header ${single(`${name}: ${example}`)}`);
  }
  if (hasBody && isForm(type)) {
    lines.push(...Object.entries(body).map(([key, text]) => `--data-urlencode ${single(`${key}=${text}`)}`));
  } else if (hasBody) {
    lines.push(`--header 'Content-Type: ${type}'`, `--data ${single(exampleText(type, body))}`);
  }
  return { text: lines.join(" \\\n  "), notes };
}

export function callView(operation) {
  const { text, notes } = callOf(operation);
  const said = element("p", { class: "small", role: "status" });
  const pre = element("pre", null, element("code", null, text));
  const copy = button("plain", "Copy", async () => {
    said.textContent = "";
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(pre);
      said.textContent = "This browser did not allow it. The call is selected: copy it with Ctrl+C, or ⌘C on a Mac.";
    }
  });
  copy.append(element("span", { class: "unseen" }, ` the call of ${operation.id}`));
  return element("section", { class: "stack tight" },
    element("div", { class: "row apart" }, element("h4", null, "Example call"), copy), said, pre,
    notes.map((note) => element("p", { class: "quiet small" }, note)));
}
