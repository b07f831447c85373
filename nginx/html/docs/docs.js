import { api, groups, operations, read } from "./document.js";
import { credentialsView, errorCodesView, introduction, serversView } from "./introduction.js";
import { follow, navigation, wide } from "./navigation.js";
import { operationView } from "./operations.js";
import { searchView } from "./search.js";
import { button, element, markdown } from "./text.js";

/** The page: it loads the document, shows what it says, leads to what an address names, and tells when it cannot. */

const main = document.querySelector("#main");
const side = document.querySelector("#side");

/** The search, while the page shows the document. */
let search;

function show() {
  const { title, version, summary } = api.info;
  const { lead, parts } = introduction();
  const beside = [];
  search = searchView(beside);
  const { form, bar, none, apply } = search;
  const contents = navigation(parts, beside);
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
  if (!link || !search) return;
  // Before the browser scrolls: what is opened and closed here moves what it scrolls to.
  if (reveal(link.hash.slice(1)) && side.contains(link) && !wide.matches) side.querySelector("details").open = false;
});
addEventListener("hashchange", () => {
  if (search && reveal(named())) document.getElementById(named()).scrollIntoView();
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
    search = undefined;
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
