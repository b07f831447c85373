import { codesOf, groups, operations, plain, resolved } from "./document.js";
import { fieldsWithin } from "./schemas.js";
import { button, element } from "./text.js";

/** Finding operations: by what they are called, their fields, and the codes of their errors. */

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

/**
 * The search, and what it has found.
 *
 * @param {Node[]} beside what is shown beside the operations, and hidden while somebody searches
 */
export function searchView(beside) {
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
  return { form, bar, none, apply, clear };
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
