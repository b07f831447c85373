/** Reading the document: its references, its schemas without them, and its operations in groups and by name. */

const methods = ["get", "post", "put", "patch", "delete"];

/** The document itself, once it is read. */
export let api;

/** Groups of operations as the page shows them, in its order. */
export let groups = [];

/** The operations of all groups, in the same order. */
export let operations = [];

/** Operations by `/path`, where the path has one only, and by `METHOD /path`. */
export const byName = new Map();

/** How many operations use a response of the components. */
export const uses = new Map();

const at = (pointer) =>
  pointer.slice(2).split("/").reduce((node, key) => node?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], api);

export const nameOf = (pointer) => pointer.slice(pointer.lastIndexOf("/") + 1);

/** What a reference names, together with what stands beside it. */
export function resolved(thing, seen = []) {
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
export function plain(schema) {
  const own = resolved(schema);
  const [choice, ...more] = own.oneOf?.filter((one) => one.type !== "null") ?? [];
  if (choice === undefined || more.length > 0 || own.oneOf.length !== 2) return own;
  const { oneOf, ...rest } = own;
  const chosen = merged(resolved(choice), rest);
  return { ...chosen, type: [chosen.type, "null"].flat() };
}

export const references = (schema) =>
  [schema, ...(schema?.oneOf ?? [])].map((one) => one?.$ref).filter((pointer) => pointer !== undefined);

export function codesOf(response) {
  const code = plain(response.content?.["application/json"]?.schema).properties?.code;
  return code?.enum ?? (code?.const === undefined ? [] : [code.const]);
}

/** Takes a document in, in place of any before it. */
export function read(text) {
  api = jsyaml.safeLoad(text);
  byName.clear();
  uses.clear();
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

/** A name as a title. */
export const titled = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("-", " ");
