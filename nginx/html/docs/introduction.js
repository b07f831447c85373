import { api, resolved } from "./document.js";
import { exampleView, schemaView } from "./schemas.js";
import { code, element, markdown } from "./text.js";

/** What the document says beside its operations: the introduction, the servers, the credentials, and the codes of errors. */

export function introduction() {
  const [lead, ...parts] = api.info.description.split(/^## /m);
  return {
    lead: markdown(lead),
    parts: parts.map((part) => {
      const title = part.slice(0, part.indexOf("\n"));
      return { id: `intro-${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`, title, nodes: markdown(part.slice(title.length)) };
    }),
  };
}

export function credentialsView() {
  const kinds = Object.entries(api.components.securitySchemes).map(([name, { type, name: cookie, description }]) =>
    element("section", { class: "stack tight", id: `credential-${name}` }, element("h3", null, code(name)),
      element("p", { class: "quiet small" },
        type === "http" ? ["Header ", code("Authorization: Bearer …")] : ["Cookie ", code(cookie)]),
      markdown(description)));
  return element("section", { class: "stack prose", id: "credentials", "aria-labelledby": "credentials-title" },
    element("h2", { id: "credentials-title" }, "Credentials"), kinds);
}

export function errorCodesView() {
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

export function serversView() {
  return element("dl", { class: "facts" }, element("dt", null, "This one"), element("dd", null, code(location.origin)),
    api.servers.map(({ url, description }) =>
      [element("dt", null, description.replace(/\.$/, "")), element("dd", null, code(url))]));
}
