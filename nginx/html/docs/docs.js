import { element as made, freshId } from "/common/dom.js";

/** An element, its children in arrays as deep as they come. */
const element = (name, attributes, ...children) => made(name, attributes, ...children.flat(Infinity));

const methods = ["get", "post", "put", "patch", "delete"];
const wide = matchMedia("(min-width: 64rem)");
const main = document.querySelector("#main");
const side = document.querySelector("#side");

let api;

/** Operations as the page shows them, in its order. */
let operations = [];

/** Operations by `/path`, where the path has one only, and by `METHOD /path`. */
const byName = new Map();

/** How many operations use a response of the components. */
const uses = new Map();

/** What to show and to hide when a search changes, beside the operations. */
let groups = [];
let beside = [];
let search;

// Reading the document

const at = (pointer) =>
  pointer.slice(2).split("/").reduce((node, key) => node?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], api);

const nameOf = (pointer) => pointer.slice(pointer.lastIndexOf("/") + 1);

/** What a reference names, together with what stands beside it. */
function resolved(thing, seen = []) {
  if (thing?.$ref === undefined) return thing ?? {};
  const { $ref, ...own } = thing;
  return seen.includes($ref) ? own : merged(resolved(at($ref), [...seen, $ref]), own);
}

/** Both schemas at once; where both say which values there are, `own` is the narrower one. */
function merged(base, own) {
  const { enum: _enum, const: _const, ...rest } = base;
  const both = { ...("const" in own || "enum" in own ? rest : base), ...own };
  if (base.properties && own.properties) {
    both.properties = { ...base.properties };
    for (const [name, property] of Object.entries(own.properties)) {
      both.properties[name] = name in base.properties && typeof property === "object"
        ? merged(resolved(base.properties[name]), resolved(property))
        : property;
    }
  }
  if (base.required && own.required) both.required = [...new Set([...base.required, ...own.required])];
  return both;
}

/** A schema without its reference, and with "this or null" as a type. */
function plain(schema) {
  const own = resolved(schema);
  const [choice, ...more] = own.oneOf?.filter((one) => one.type !== "null") ?? [];
  if (choice === undefined || more.length > 0 || own.oneOf.length !== 2) return own;
  const { oneOf, ...rest } = own;
  const chosen = merged(resolved(choice), rest);
  return { ...chosen, type: [chosen.type, "null"].flat() };
}

const references = (schema) =>
  [schema, ...(schema?.oneOf ?? [])].map((one) => one?.$ref).filter((pointer) => pointer !== undefined);

function typesOf(schema) {
  if (schema.type !== undefined) return [schema.type].flat();
  if (schema.properties) return ["object"];
  if (schema.items) return ["array"];
  if (schema.oneOf) return [...new Set(schema.oneOf.flatMap((one) => typesOf(plain(one))))];
  const value = schema.const ?? schema.enum?.[0];
  return value === undefined ? ["any value"] : [Number.isInteger(value) ? "integer" : typeof value];
}

function typeText(schema) {
  return typesOf(schema).map((type) => {
    if (type === "array" && schema.items) return `array of ${typeText(plain(schema.items))}`;
    return schema.format && type === "string" ? `string (${schema.format})` : type;
  }).join(" or ");
}

/**
 * The fields of a schema, those of its fields after each of them; a schema that holds itself is told of and not entered.
 *
 * @returns {{ prefix: string, name: string, depth: number, schema: Object, required?: boolean, again?: string,
 *   choice?: string }[]}
 */
function fieldsOf(schema, prefix = "", depth = 0, trail = []) {
  const own = plain(schema);
  const inside = [...trail, ...references(schema)];
  const named = Object.entries(own.properties ?? {}).filter(([, property]) => typeof property === "object" && property !== null)
    .map(([name, property]) => [name, property, own.required?.includes(name) ?? false]);
  if (typeof own.additionalProperties === "object") named.push(["*", own.additionalProperties, false]);
  return named.flatMap(([name, property, required]) => {
    const again = references(property).find((pointer) => inside.includes(pointer));
    const field = { prefix, name, depth, schema: plain(property), required, again: again && nameOf(again) };
    return again ? [field] : [field, ...fieldsWithin(property, `${prefix}${name}`, depth + 1, inside)];
  });
}

function fieldsWithin(schema, path, depth, trail) {
  const own = plain(schema);
  const inside = [...trail, ...references(schema)];
  if (own.items) {
    return references(own.items).some((pointer) => inside.includes(pointer))
      ? []
      : fieldsWithin(own.items, `${path}[]`, depth, inside);
  }
  if (!own.oneOf || own.properties) return fieldsOf(schema, `${path}.`, depth, trail);
  return own.oneOf.flatMap((one, index) => [
    { prefix: "", name: path, depth, schema: plain(one), choice: choiceName(one, index) },
    ...fieldsOf(one, `${path}.`, depth, inside),
  ]);
}

function choiceName(schema, index) {
  const name = resolved(schema).title ?? (schema.$ref ? nameOf(schema.$ref) : `form ${index + 1}`);
  return `${index === 0 ? "Either" : "Or"} ${name}`;
}

function codesOf(response) {
  const code = plain(response.content?.["application/json"]?.schema).properties?.code;
  return code?.enum ?? (code?.const === undefined ? [] : [code.const]);
}

function read(text) {
  api = jsyaml.safeLoad(text);
  byName.clear();
  uses.clear();
  beside = [];
  const everywhere = { name: "every", title: "Every responder", description: "What each says of itself.", operations: [] };
  groups = [...api.tags.map(({ name, description }) => ({ name, title: titled(name), description, operations: [] })), everywhere];
  for (const [path, item] of Object.entries(api.paths)) {
    const here = methods.filter((method) => item[method]);
    for (const method of here) {
      const own = item[method];
      const operation = {
        ...own, path, id: own.operationId, method: method.toUpperCase(),
        parameters: [...(own.parameters ?? []), ...(item.parameters ?? [])].map((one) => resolved(one)),
        requestBody: own.requestBody && resolved(own.requestBody),
        security: own.security ?? api.security ?? [],
      };
      const group = own.tags?.length === 1 ? groups.find(({ name }) => name === own.tags[0]) : everywhere;
      (group ?? everywhere).operations.push(operation);
      byName.set(`${operation.method} ${path}`, operation.id);
      if (here.length === 1) byName.set(path, operation.id);
      for (const { $ref } of Object.values(own.responses)) if ($ref) uses.set($ref, (uses.get($ref) ?? 0) + 1);
    }
  }
  groups = groups.filter((group) => group.operations.length > 0);
  operations = groups.flatMap((group) => group.operations);
}

const titled = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("-", " ");

// Text

/** Text that may break where a path or a name has its joints. */
const breakable = (text, joints = /(?<=[/.,])(?=[^/.,])/) =>
  text.split(joints).map((piece, index) => (index === 0 ? piece : [element("wbr"), piece]));

const code = (text, attributes) => element("code", attributes, breakable(String(text)));

/** What stands between backquotes; the name of an operation leads to it. */
function codeOrLink(text) {
  const id = byName.get(text);
  return id === undefined ? code(text) : element("a", { href: `#${id}` }, code(text));
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*/g)) {
    nodes.push(text.slice(end, found.index));
    if (found[1] !== undefined) nodes.push(codeOrLink(found[1]));
    else nodes.push(element(found[2] !== undefined ? "strong" : "em", null, inline(found[2] ?? found[3])));
    end = found.index + found[0].length;
  }
  return [...nodes, text.slice(end)];
}

const cellsOf = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

/**
 * The Markdown that the document uses: paragraphs, headings, lists with `-`, tables, code, and emphasis.
 *
 * @param {(first: string) => string} [rowId] the id of the row of a table that begins with a text
 */
function markdown(text, rowId) {
  return (text ?? "").trim().split(/\n\s*\n/).filter((block) => block !== "").map((block) => {
    const lines = block.split("\n");
    if (block.startsWith("## ")) return element("h3", null, inline(block.slice(3)));
    if (block.startsWith("- ")) {
      return element("ul", null, block.slice(2).split("\n- ").map((item) => element("li", null, inline(item))));
    }
    if (!block.startsWith("|")) return element("p", null, inline(block));
    const heads = cellsOf(lines[0]);
    return table(heads.map(titled), lines.slice(2).map((line) => {
      const [first, ...others] = cellsOf(line);
      return { id: rowId?.(first), head: inline(first), cells: others.map(inline) };
    }));
  });
}

/**
 * A table with a heading for each row.
 *
 * @param {string[]} heads
 * @param {{ head: Array, cells: Array[], id?: string, class?: string }[]} rows
 * @param {{ caption?: string, class?: string }} [options]
 */
function table(heads, rows, options = {}) {
  return element("table", { class: options.class },
    options.caption && element("caption", { class: "unseen" }, options.caption),
    element("thead", null, element("tr", null, heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", null, rows.map((row) => element("tr", { id: row.id, class: row.class },
      element("th", { scope: "row" }, row.head),
      row.cells.map((cell, index) => element("td", { "data-label": heads[index + 1] }, element("div", null, cell)))))));
}

const listed = (texts, last) =>
  texts.flatMap((text, index) => [index === 0 ? "" : index === texts.length - 1 ? ` ${last} ` : ", ", text]);

const button = (kind, text, act) => element("button", { type: "button", class: kind, click: act }, text);

const pathOf = (path) => code(path, { class: "path" });

const methodTag = (method) => element("span", { class: `tag method ${method.toLowerCase()}` }, method);

// Schemas

const range = (least, most, unit) => {
  if (least === undefined && most === undefined) return null;
  const [from, to] = [least, most].map((value) => value?.toLocaleString("en"));
  const what = unit && ` ${(most ?? least) === 1 ? unit : `${unit}s`}`;
  if (from === to) return `Exactly ${from}${what}`;
  if (to === undefined) return `At least ${from}${what}`;
  return from === undefined ? `At most ${to}${what}` : `${from} to ${to}${what}`;
};

const value = (thing) => code(typeof thing === "string" ? thing || '""' : JSON.stringify(thing));

/** What a value has to keep to, a sentence each. */
function constraintsOf(schema) {
  const items = schema.items && plain(schema.items);
  return [
    schema.const !== undefined && ["Always ", value(schema.const)],
    schema.enum && [schema.enum.length > 1 ? "One of " : "Always ", listed(schema.enum.map(value), "or")],
    range(schema.minimum, schema.maximum, ""),
    range(schema.minLength, schema.maxLength, "character"),
    schema.maxItems === 0 ? null : range(schema.minItems, schema.maxItems, "item"),
    schema.pattern && ["Matches ", code(schema.pattern)],
    schema.not?.const !== undefined && ["Not ", value(schema.not.const)],
    schema.default !== undefined && [value(schema.default), " when it is left out"],
    schema.examples && typeof schema.examples[0] !== "object" && ["Such as ", listed(schema.examples.map(value), "or")],
    ...(items && !items.properties ? constraintsOf(items).map((one) => ["Each: ", one]) : []),
  ].filter((one) => one);
}

const constraints = (schema) => constraintsOf(schema).map((one) => element("p", { class: "constraint" }, one));

const codes = (names, last = "and") => listed(names.map((name) => code(name)), last);

/** What a part of a schema says about which fields go together. */
function togetherOf({ required = [], properties = {} }) {
  const none = Object.keys(properties).filter((name) => properties[name] === false || properties[name].type === "null");
  return [
    required.length > 0 && [codes(required), required.length > 1 ? " are needed" : " is needed"],
    none.length > 0 && [codes(none), none.length > 1 ? " are left out" : " is left out"],
  ].filter((one) => one).map((one, index) => [index > 0 && "; ", one]);
}

function rulesOf(schema) {
  const rules = [];
  for (const choice of (schema.properties && (schema.oneOf ?? schema.anyOf)) || []) {
    const title = choice.title && [element("strong", null, choice.title), ": "];
    rules.push([title, togetherOf(choice), ". ", inline(choice.description ?? "")]);
  }
  if (schema.if) {
    const [[name, { const: when }]] = Object.entries(schema.if.properties);
    rules.push(["Where ", code(name), " is ", value(when), ", ", togetherOf({ required: schema.then.required }), "."]);
  }
  if (schema.not?.required) rules.push([codes(schema.not.required), " do not go together."]);
  if (rules.length === 0) return null;
  const lead = schema.oneOf ? "One of these holds:" : schema.anyOf ? "At least one of these holds:" : "What goes together:";
  return [
    element("p", null, lead),
    element("ul", null, rules.map((rule) => element("li", null, rule))),
  ];
}

/**
 * A schema in full: what it is, and a table of its fields.
 *
 * @param {string} about what the table is of
 * @param {[string, string]} presence what to call a field that is always there, and one that is not
 */
function schemaView(schema, about, presence) {
  const own = plain(schema);
  const described = markdown(own.description);
  const choices = own.properties ? undefined : own.oneOf ?? own.anyOf;
  if (choices) {
    return [described, choices.map((choice, index) => {
      const name = choiceName(choice, index);
      return element("div", { class: "choice stack" }, element("p", { class: "label" }, name),
        schemaView(choice, `${about}: ${name}`, presence));
    })];
  }
  const fields = own.items ? fieldsWithin(own, "", 0, []) : fieldsOf(schema);
  if (fields.length === 0) {
    const type = own.properties ? "An empty object" : titled(typeText(own));
    return [described, element("p", null, type, "."), constraints(own)];
  }
  const rows = fields.map(({ prefix, name, depth, schema: field, required, again, choice }) => ({
    class: `depth-${Math.min(depth, 4)}`,
    head: [element("code", null, prefix && element("span", { class: "quiet" }, breakable(prefix)), breakable(name)), " ",
      element("span", { class: required || choice ? "presence always" : "presence" }, choice ?? presence[required ? 0 : 1])],
    cells: [typeText(field), [
      name === "*" && element("p", null, "Any other name."), markdown(field.description), constraints(field), rulesOf(field),
      again && element("p", null, "As ", code(again), " above."),
    ]],
  }));
  return [described, own.items && element("p", null, titled(typeText(own)), "."), constraints({ ...own, const: undefined }),
    table(["Field", "Type", "Meaning"], rows, { caption: `Fields of ${about}`, class: "fields" }), rulesOf(own)];
}

const isForm = (type) => type === "application/x-www-form-urlencoded";

const formText = (fields) => new URLSearchParams(Object.entries(fields)).toString();

function exampleText(type, example) {
  if (typeof example === "string" && !type.includes("json")) return example.trimEnd();
  return isForm(type) ? formText(example) : JSON.stringify(example, null, 2);
}

const spaced = (name) => titled(name.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase());

/** Examples by name; a single one has none. */
function examplesOf({ example, examples, schema }) {
  if (examples) return Object.entries(examples).map(([name, one]) => [spaced(name), resolved(one).value]);
  const all = [example, ...(schema?.examples ?? [])].filter((one) => one !== undefined);
  return all.map((one, index) => [all.length > 1 ? String(index + 1) : "", one]);
}

function contentView(content, about, presence) {
  return Object.entries(content ?? {}).map(([type, media]) => element("div", { class: "content stack" },
    element("p", { class: "quiet small" }, code(type)),
    media.schema && schemaView(media.schema, about, presence),
    examplesOf(media).map(([name, example]) => {
      const text = exampleText(type, example);
      return exampleView(name ? `Example: ${name}` : "Example", isForm(type) ? breakable(text, /(?<=&)/) : text);
    })));
}

const exampleView = (title, text) =>
  element("figure", null, element("figcaption", { class: "label" }, title), element("pre", null, element("code", null, text)));

// Who may call

const alternativesOf = (operation) => ({
  none: operation.security.length === 0 || operation.security.some((one) => Object.keys(one).length === 0),
  session: operation.security.some((one) => one.sessionToken || one.sessionCookie),
  pending: operation.security.some((one) => one.pendingLogin),
  scopes: operation.security.flatMap((one) => one.serviceKey ?? []),
});

function callersInShort(operation) {
  const { none, session, pending, scopes } = alternativesOf(operation);
  const key = scopes.length > 0 && `key: ${scopes.join(", ")}`;
  return [none && "anybody", session && "session", pending && "pending login", key].filter((one) => one).join(" · ");
}

function callers(operation) {
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

// Calls

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

function callView(operation) {
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

// Operations

const places = ["path", "query", "header", "cookie"];

const presenceOf = (isRequired) =>
  element("span", { class: isRequired ? "presence always" : "presence" }, isRequired ? "required" : "optional");

function parametersView(operation) {
  if (operation.parameters.length === 0) return null;
  const sorted = [...operation.parameters].sort((one, other) => places.indexOf(one.in) - places.indexOf(other.in));
  const rows = sorted.map((parameter) => {
    const schema = plain(parameter.schema);
    const description = parameter.description ?? schema.description;
    return {
      head: [code(parameter.name), " ", presenceOf(parameter.required)],
      cells: [parameter.in, typeText(schema), [markdown(description), constraints(schema),
        parameter.example !== undefined && element("p", { class: "constraint" }, "Such as ", value(parameter.example))]],
    };
  });
  return element("section", { class: "stack tight" }, element("h4", null, "Parameters"),
    table(["Name", "In", "Type", "Meaning"], rows, { caption: `Parameters of ${operation.id}`, class: "parameters" }));
}

function bodyView(operation) {
  const body = operation.requestBody;
  if (!body) return null;
  return element("section", { class: "stack tight" },
    element("h4", null, "Body ", presenceOf(body.required)),
    markdown(body.description), contentView(body.content, `the body of ${operation.id}`, ["required", "optional"]));
}

/** The headers that every answer has are told once, in the introduction. */
const everyAnswer = ["X-Request-Id", "Cache-Control"];

function answerView(status, response, operation) {
  const headers = Object.entries(response.headers ?? {});
  const told = headers.filter(([name]) => !everyAnswer.includes(name));
  return element("div", { class: "answer stack tight" },
    element("h5", null, element("span", { class: "tag good" }, status)), markdown(response.description),
    headers.length > 0 && element("p", { class: "small" }, "Headers: ", codes(headers.map(([name]) => name))),
    told.length > 0 && element("dl", { class: "facts small" }, told.flatMap(([name, header]) => {
      const { description, schema, required, example } = resolved(header);
      return [element("dt", null, code(name), required ? "" : " (at times)"),
        element("dd", null, markdown(description),
          example !== undefined && element("p", { class: "constraint" }, "Such as ", value(example)),
          schema?.const !== undefined && constraints(schema))];
    })),
    contentView(response.content, `the answer ${status} of ${operation.id}`, ["always", "at times"]));
}

const errorLink = (name) => element("a", { href: `#error-${name}` }, element("code", null, breakable(name, /(?<=_)/)));

/** Errors that most operations share take a line; the others are told in full. */
function errorsView(operation, errors) {
  const [shared, own] = [[], []];
  for (const [status, given] of errors) {
    (given.$ref && uses.get(given.$ref) > operations.length / 2 ? shared : own).push([status, resolved(given)]);
  }
  const rows = own.map(([status, response]) => {
    const headers = Object.keys(response.headers ?? {}).filter((name) => !everyAnswer.includes(name));
    return {
      head: element("span", { class: "tag bad" }, status),
      cells: [element("ul", { class: "bare" }, codesOf(response).map((name) => element("li", null, errorLink(name)))),
        [markdown(response.description), headers.length > 0 && element("p", { class: "constraint" }, "With ", codes(headers))]],
    };
  });
  return [
    rows.length > 0 && table(["Status", "Codes", "When"], rows, { caption: `Errors of ${operation.id}`, class: "errors" }),
    shared.length > 0 && element("div", { class: "stack tight" }, element("p", { class: "label" }, "And, as most operations"),
      element("ul", { class: "bare wrap" }, shared.map(([status, response]) =>
        element("li", null, element("span", { class: "tag" }, status), " ", listed(codesOf(response).map(errorLink), "or"))))),
  ];
}

function insides(operation) {
  const responses = Object.entries(operation.responses);
  const good = responses.filter(([status]) => status < 400);
  const errors = responses.filter(([status]) => status >= 400);
  return [
    element("p", { class: "small" }, element("a", { href: `#${operation.id}`, class: "anchor" }, code(operation.id)),
      element("span", { class: "quiet" }, " is the name of this operation, and a link to it.")),
    markdown(operation.description),
    element("section", { class: "stack tight" }, element("h4", null, "Who may call"), callers(operation)),
    parametersView(operation),
    bodyView(operation),
    callView(operation),
    element("section", { class: "stack" }, element("h4", null, "Answers"),
      good.map(([status, response]) => answerView(status, resolved(response), operation)),
      errors.length > 0 && element("div", { class: "answer stack" },
        element("h5", null, "Errors"), errorsView(operation, errors))),
  ];
}

function operationView(operation) {
  const inside = element("div", { class: "inside" });
  const details = element("details", { toggle: () => details.open && operation.fill() },
    element("summary", null,
      element("h3", null, methodTag(operation.method), " ", pathOf(operation.path)),
      element("span", { class: "what" }, operation.summary),
      element("span", { class: "who quiet small" }, callersInShort(operation))),
    inside);
  operation.details = details;
  operation.fill = () => {
    if (!inside.hasChildNodes()) inside.append(element("div", { class: "stack" }, insides(operation)));
  };
  operation.open = () => {
    operation.fill();
    details.open = true;
  };
  operation.node = element("article", { class: "operation", id: operation.id }, details);
  return operation.node;
}

// Search

/** Names of fields, and codes of errors, are gathered when somebody first looks for something. */
function findable(operation) {
  if (operation.text === undefined) {
    const responses = Object.entries(operation.responses).map(([status, response]) => [status, resolved(response)]);
    const answers = responses.filter(([status]) => status < 400).map(([, response]) => response);
    const schemas = [operation.requestBody, ...answers]
      .flatMap((one) => Object.values(one?.content ?? {})).map(({ schema }) => schema);
    const fields = schemas.flatMap((schema) => [schema, ...(plain(schema).oneOf ?? [])])
      .flatMap((schema) => fieldsWithin(schema, "", 0, [])).map(({ prefix, name }) => prefix + name);
    const { method, path, summary, id, parameters } = operation;
    operation.text = [method, path, summary, id, ...parameters.map(({ name }) => name), ...fields].join("\n").toLowerCase();
    operation.codes = new Set(responses.flatMap(([, response]) => codesOf(response)));
  }
  return operation;
}

function searchView() {
  const input = element("input", {
    id: "search", type: "search", autocomplete: "off", spellcheck: "false", autocapitalize: "none",
    "aria-describedby": "search-hint",
  });
  const said = element("p", { role: "status" });
  const none = element("div", { class: "empty", hidden: true });
  const all = button("plain", "Open all", () => {
    const isOpening = all.textContent === "Open all";
    for (const operation of operations) {
      if (operation.node.hidden) continue;
      if (isOpening) operation.open();
      else operation.details.open = false;
    }
    all.textContent = isOpening ? "Close all" : "Open all";
  });
  const opened = new Set();
  let waiting;

  function apply() {
    clearTimeout(waiting);
    const words = input.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const found = operations.filter((operation) =>
      words.every((word) => findable(operation).text.includes(word) || operation.codes.has(word)));
    const isSearching = words.length > 0;
    for (const operation of operations) {
      const isHidden = !found.includes(operation);
      operation.node.hidden = isHidden;
      operation.link.hidden = isHidden;
    }
    for (const group of groups) {
      const isEmpty = group.operations.every((operation) => operation.node.hidden);
      group.node.hidden = isEmpty;
      group.links.hidden = isEmpty;
    }
    for (const node of beside) node.hidden = isSearching;
    const isFew = isSearching && found.length <= 3;
    for (const operation of opened) {
      if (isFew && found.includes(operation)) continue;
      operation.details.open = false;
      opened.delete(operation);
    }
    for (const operation of isFew ? found : []) {
      if (operation.details.open) continue;
      operation.open();
      opened.add(operation);
    }
    all.textContent = found.every((operation) => operation.details.open) ? "Close all" : "Open all";
    all.hidden = found.length === 0;
    said.textContent = isSearching ? `${found.length} of ${operations.length} operations` : `${operations.length} operations`;
    none.hidden = found.length > 0;
    none.replaceChildren(...(found.length > 0 ? [] : [
      element("p", null, `No operation has “${input.value.trim()}”.`),
      element("p", null, "Try fewer letters, a part of a path, or the name of a single field."),
      button("plain", "Clear the search", () => {
        clear();
        input.focus();
      })]));
    return found;
  }

  function clear() {
    if (input.value === "") return;
    input.value = "";
    apply();
  }

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  const form = element("form", { role: "search", submit: (event) => {
    event.preventDefault();
    apply()[0]?.details.querySelector("summary").focus();
  } },
    element("div", { class: "field" }, element("label", { for: "search" }, "Search the operations"), input,
      element("p", { class: "hint", id: "search-hint" }, "By path, summary, name, field, or a whole error code.")),
    shortcut(input));
  const bar = element("div", { class: "bar row apart", id: "operations" }, said, all);
  search = { clear };
  return { form, bar, none, apply };
}

/** A key without Ctrl can be turned off: who speaks to the computer, or types with tremor, would meet it by accident. */
function shortcut(input) {
  let isOn = true;
  try {
    isOn = localStorage.getItem("docs.slash") !== "off";
  } catch {
    // Without storage it is on.
  }
  const box = element("input", { id: "slash", type: "checkbox", checked: isOn, change: () => {
    try {
      localStorage.setItem("docs.slash", box.checked ? "on" : "off");
    } catch {
      // Then it holds until the page is left.
    }
  } });
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    const isOff = !box.checked || box.offsetParent === null;
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping || isOff) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
  return element("label", { class: "check small slash" }, box,
    element("span", null, "The key ", element("kbd", null, "/"), " leads here"));
}

// The page

function introduction() {
  const [lead, ...parts] = api.info.description.split(/^## /m);
  return {
    lead: markdown(lead),
    parts: parts.map((part) => {
      const title = part.slice(0, part.indexOf("\n"));
      return { id: `intro-${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`, title, nodes: markdown(part.slice(title.length)) };
    }),
  };
}

function credentialsView() {
  const kinds = Object.entries(api.components.securitySchemes).map(([name, { type, name: cookie, description }]) =>
    element("section", { class: "stack tight", id: `credential-${name}` }, element("h3", null, code(name)),
      element("p", { class: "quiet small" },
        type === "http" ? ["Header ", code("Authorization: Bearer …")] : ["Cookie ", code(cookie)]),
      markdown(description)));
  return element("section", { class: "stack prose", id: "credentials", "aria-labelledby": "credentials-title" },
    element("h2", { id: "credentials-title" }, "Credentials"), kinds);
}

function errorCodesView() {
  const error = resolved(api.components.schemas.Error);
  const { code: known, ...others } = error.properties;
  // The table of codes says what the list of values would say once more.
  const shown = { ...error, description: "", examples: undefined, properties: { ...others, code: { ...known, enum: undefined } } };
  return element("section", { class: "stack", id: "errors", "aria-labelledby": "errors-title" },
    element("h2", { id: "errors-title" }, "Error codes"),
    markdown(error.description, (first) => `error-${first.replaceAll("`", "")}`),
    element("h3", { id: "error-fields" }, "Fields of an error"), schemaView(shown, "an error", ["always", "at times"]),
    (error.examples ?? []).map((example) => exampleView("Example", JSON.stringify(example, null, 2))));
}

function serversView() {
  return element("dl", { class: "facts" }, element("dt", null, "This one"), element("dd", null, code(location.origin)),
    api.servers.map(({ url, description }) =>
      [element("dt", null, description.replace(/\.$/, "")), element("dd", null, code(url))]));
}

function navigation(parts) {
  const link = (id, ...text) => element("li", null, element("a", { href: `#${id}` }, text));
  const group = (title, links) => {
    const id = freshId("nav");
    return element("div", null, element("p", { class: "label", id }, title), element("ul", { "aria-labelledby": id }, links));
  };
  const introductory = group("Introduction",
    [link("intro", "Overview"), parts.map(({ id, title }) => link(id, title)), link("credentials", "Credentials")]);
  for (const one of groups) {
    for (const operation of one.operations) {
      operation.link = link(operation.id, methodTag(operation.method), " ", pathOf(operation.path));
    }
    one.links = group(element("a", { href: `#tag-${one.name}` }, one.title), one.operations.map((operation) => operation.link));
  }
  const reference = group("Errors", [link("errors", "Error codes"), link("error-fields", "Fields of an error")]);
  const details = element("details", { open: wide.matches }, element("summary", null, "Contents"),
    element("nav", { "aria-label": "Contents" }, introductory, groups.map((one) => one.links), reference));
  wide.addEventListener("change", () => (details.open = wide.matches));
  beside.push(introductory, reference);
  return details;
}

/** Marks in the navigation what the reader looks at. */
function follow(contents) {
  const links = new Map([...contents.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const targets = [...links.keys()].map((id) => document.getElementById(id));
  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target);
      else seen.delete(target);
    }
    // The first that has no other of them in it.
    const current = targets.find((target) =>
      seen.has(target) && ![...seen].some((other) => other !== target && target.contains(other)));
    for (const [id, link] of links) {
      if (id === current?.id) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
    const link = links.get(current?.id);
    if (!link || !wide.matches || contents.contains(document.activeElement)) return;
    const [box, frame] = [link.getBoundingClientRect(), contents.getBoundingClientRect()];
    if (box.top < frame.top || box.bottom > frame.bottom) contents.scrollTop += box.top - frame.top - frame.height / 3;
  }, { rootMargin: "-32px 0px -75% 0px" });
  for (const target of targets) watcher.observe(target);
}

function show() {
  const { title, version, summary } = api.info;
  const { lead, parts } = introduction();
  const { form, bar, none, apply } = searchView();
  const contents = navigation(parts);
  const intro = element("section", { class: "stack prose", id: "intro", "aria-labelledby": "intro-title" },
    element("h2", { id: "intro-title" }, "Introduction"), lead, serversView(),
    parts.map((part) => element("section", { class: "stack", id: part.id }, element("h3", null, part.title), part.nodes)));
  const [credentials, errors] = [credentialsView(), errorCodesView()];
  beside.push(intro, credentials, errors);
  for (const group of groups) {
    const id = `tag-${group.name}`;
    group.node = element("section", { class: "stack group", id, "aria-labelledby": `${id}-title` },
      element("h2", { id: `${id}-title` }, group.title), markdown(group.description), group.operations.map(operationView));
  }
  const hadFocus = main.contains(document.activeElement);
  main.replaceChildren(
    element("div", { class: "stack tight head" },
      element("div", { class: "row" },
        element("h1", { tabindex: "-1" }, `${title} API`), element("span", { class: "tag" }, `Version ${version}`)),
      element("p", { class: "lead" }, summary)),
    intro, credentials, bar, none, ...groups.map((group) => group.node), errors);
  if (hadFocus) main.querySelector("h1").focus();
  side.replaceChildren(form, contents);
  side.hidden = false;
  apply();
  follow(contents);
}

/** Makes what an address names ready to be scrolled to, and tells whether there is such a thing. */
function reveal(id) {
  const target = id !== "" && document.getElementById(id);
  if (!target || !main.contains(target)) return false;
  if (target.closest("[hidden]")) search.clear();
  operations.find((operation) => operation.id === id)?.open();
  return true;
}

const named = () => {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (!link || !api) return;
  // Before the browser scrolls: what is opened and closed here moves what it scrolls to.
  if (reveal(link.hash.slice(1)) && side.contains(link) && !wide.matches) side.querySelector("details").open = false;
});
addEventListener("hashchange", () => {
  if (api && reveal(named())) document.getElementById(named()).scrollIntoView();
});

class Refusal extends Error {}

async function fetched() {
  let response;
  try {
    response = await fetch("/docs/openapi.yaml");
    if (response.ok) return await response.text();
  } catch {
    throw new Refusal(navigator.onLine
      ? "The server cannot be reached. Try again in a moment."
      : "You are offline. Connect to the network, and try again.");
  }
  throw new Refusal(`The server answered with ${response.status}. Try again in a moment.`);
}

async function begin() {
  try {
    const text = await fetched();
    if (!globalThis.jsyaml) throw new Refusal("A part of this page did not load. Try again.");
    read(text);
    show();
  } catch (problem) {
    if (!(problem instanceof Refusal)) console.error(problem);
    api = undefined;
    fail(problem instanceof Refusal
      ? problem.message
      : "The document is not one that this page can read. Tell who runs this installation.");
    return;
  }
  // Once more, now that there is what the address names.
  if (reveal(named())) location.replace(location.hash);
}

function fail(reason) {
  const again = button("plain", "Try again", () => {
    // A script that did not load comes only with the page.
    if (!globalThis.jsyaml) {
      location.reload();
      return;
    }
    main.replaceChildren(heading(), element("p", { class: "loading", role: "status" }, "Loading…"));
    main.querySelector("h1").focus();
    begin();
  });
  const hadFocus = main.contains(document.activeElement);
  main.replaceChildren(heading(),
    element("div", { class: "notice bad", role: "alert" },
      element("p", null, "The API’s document could not be loaded."), element("p", null, reason)),
    element("p", null, again));
  if (hadFocus) main.querySelector("h1").focus();
}

const heading = () => element("h1", { tabindex: "-1" }, "API reference");

begin();
