import { nameOf, plain, references, resolved, titled } from "./document.js";
import { breakable, code, codes, element, inline, listed, markdown, table } from "./text.js";

/** Schemas as the page shows them: their fields, what these have to keep to, and examples. */

export function typesOf(schema) {
  if (schema.type !== undefined) return [schema.type].flat();
  if (schema.properties) return ["object"];
  if (schema.items) return ["array"];
  if (schema.oneOf) return [...new Set(schema.oneOf.flatMap((one) => typesOf(plain(one))))];
  const value = schema.const ?? schema.enum?.[0];
  return value === undefined ? ["any value"] : [Number.isInteger(value) ? "integer" : typeof value];
}

export function typeText(schema) {
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

export function fieldsWithin(schema, path, depth, trail) {
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

const range = (least, most, unit) => {
  if (least === undefined && most === undefined) return null;
  const [from, to] = [least, most].map((value) => value?.toLocaleString("en"));
  const what = unit && ` ${(most ?? least) === 1 ? unit : `${unit}s`}`;
  if (from === to) return `Exactly ${from}${what}`;
  if (to === undefined) return `At least ${from}${what}`;
  return from === undefined ? `At most ${to}${what}` : `${from} to ${to}${what}`;
};

export const value = (thing) => code(typeof thing === "string" ? thing || '""' : JSON.stringify(thing));

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

export const constraints = (schema) => constraintsOf(schema).map((one) => element("p", { class: "constraint" }, one));

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
export function schemaView(schema, about, presence) {
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

export const isForm = (type) => type === "application/x-www-form-urlencoded";

const formText = (fields) => new URLSearchParams(Object.entries(fields)).toString();

export function exampleText(type, example) {
  if (typeof example === "string" && !type.includes("json")) return example.trimEnd();
  return isForm(type) ? formText(example) : JSON.stringify(example, null, 2);
}

const spaced = (name) => titled(name.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase());

/** Examples by name; a single one has none. */
export function examplesOf({ example, examples, schema }) {
  if (examples) return Object.entries(examples).map(([name, one]) => [spaced(name), resolved(one).value]);
  const all = [example, ...(schema?.examples ?? [])].filter((one) => one !== undefined);
  return all.map((one, index) => [all.length > 1 ? String(index + 1) : "", one]);
}

export function contentView(content, about, presence) {
  return Object.entries(content ?? {}).map(([type, media]) => element("div", { class: "content stack" },
    element("p", { class: "quiet small" }, code(type)),
    media.schema && schemaView(media.schema, about, presence),
    examplesOf(media).map(([name, example]) => {
      const text = exampleText(type, example);
      return exampleView(name ? `Example: ${name}` : "Example", isForm(type) ? breakable(text, /(?<=&)/) : text);
    })));
}

export const exampleView = (title, text) =>
  element("figure", null, element("figcaption", { class: "label" }, title), element("pre", null, element("code", null, text)));
