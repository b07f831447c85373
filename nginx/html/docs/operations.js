import { callers, callersInShort } from "./callers.js";
import { callView } from "./calls.js";
import { codesOf, operations, plain, resolved, uses } from "./document.js";
import { constraints, contentView, typeText, value } from "./schemas.js";
import { breakable, code, codes, element, listed, markdown, methodTag, pathOf, table } from "./text.js";

/** An operation: its callers, parameters, body, example call, answers, and errors, made once somebody opens it. */

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

export function operationView(operation) {
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
