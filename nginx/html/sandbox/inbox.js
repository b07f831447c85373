import { element } from "/common/dom.js";

/** The sandbox's inbox: messages as they arrive, each as its reader sees it, and what was said over HTTP about it. */

const find = (id) => document.getElementById(id);
const list = find("messages"), detail = find("detail"), empty = find("empty"), trouble = find("trouble");
const filter = find("filter"), rule = find("rule");
const PAUSE = 1000, SHOWN = 100;
const CHANNELS = { sms: "text message", call: "call", email: "email" };
const KINDS = { delivered: "good", completed: "good", undelivered: "bad", failed: "bad", bounce: "bad", blocked: "bad", dropped: "bad" };

let chosen, drawn = "", newest;

async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, { method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Error("The sandbox does not answer. Is the system running? It is asked again every second.");
  }
  const data = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(data?.field ? `${data.error} (${data.field})` : data?.error ?? `The sandbox answered ${answer.status}.`);
  return data;
}

function complain(place, error) {
  if (place.textContent === (error?.message ?? "")) return;
  place.replaceChildren(...(error ? [element("p", { class: "notice bad" }, error.message)] : []));
}
const time = (text) => element("time", { datetime: text, class: "small quiet" }, new Date(text).toLocaleTimeString());
const tag = (text, kind) => element("span", { class: `tag ${kind ?? KINDS[text] ?? ""}` }, text);

/** The code in a message's words: of the WebOTP line, else the one run of six digits; a call says them apart. */
function code(message) {
  const words = message.body.replace(/<[^>]*>/g, " ").replace(/(\d)[,.\s]+(?=\d(?:\D|$))/g, message.channel === "call" ? "$1" : "$&");
  return /#(\d{4,8})\s*$/.exec(words)?.[1] ?? /(?<![\w+])\d{6}(?!\w)/.exec(words)?.[0] ?? null;
}

// The list

function item(message) {
  return element("li", null, element("button", { type: "button", "aria-current": String(message.id === chosen), click: () => choose(message.id) },
    element("span", { class: "to" }, message.to), time(message.at),
    element("span", { class: "words" }, message.subject ?? message.body.replace(/<[^>]*>/g, " ").trim()),
    element("span", { class: "row" }, tag(CHANNELS[message.channel] ?? message.channel), tag(message.status), tag(message.provider))));
}

let messages = [];

async function refresh() {
  const query = new URLSearchParams({ limit: String(SHOWN) });
  for (const name of ["to", "channel"]) {
    const value = filter.elements[name].value.trim();
    if (value) query.set(name, value);
  }
  ({ messages } = await ask("GET", `/api/messages?${query}`));
  const state = JSON.stringify([chosen, messages.map((each) => [each.id, each.status])]);
  if (state !== drawn) {
    drawn = state;
    drawList(query.size > 1);
  }
  await showDetail();
}

/** The list anew, with the focus where it was. */
function drawList(isFiltered) {
  const focused = list.contains(document.activeElement) ? [...list.querySelectorAll("button")].indexOf(document.activeElement) : -1;
  const before = focused >= 0 ? shownIDs[focused] : null;
  shownIDs = messages.map((each) => each.id);
  list.replaceChildren(...messages.map(item));
  if (before) list.querySelectorAll("button")[shownIDs.indexOf(before)]?.focus();
  find("count").textContent = messages.length === SHOWN ? `${SHOWN} newest` : String(messages.length);
  empty.hidden = messages.length > 0;
  empty.textContent = isFiltered ? "No message is like this. Take the filter away, or wait." : "Nothing was sent yet. What the system sends appears here.";
  if (newest && messages[0] && messages[0].id !== newest) find("arrived").textContent = `A ${CHANNELS[messages[0].channel]} to ${messages[0].to} has come.`;
  newest = messages[0]?.id ?? "none";
}

let shownIDs = [];

// One message

async function choose(id) {
  chosen = id;
  await attempt(trouble, refresh);
  find("detail-title").focus();
}

let detailState = "";

async function showDetail() {
  const message = messages.find((each) => each.id === chosen);
  if (!message) {
    if (detailState) detail.replaceChildren(element("p", { class: "empty" }, "Choose a message to see it as its reader does, and what was said over HTTP about it."));
    detailState = "";
    return;
  }
  const exchanges = await ask("GET", `/api/messages/${encodeURIComponent(message.id)}/exchanges`).catch(() => ({ callbacks: [] }));
  const state = JSON.stringify([message.id, message.status, exchanges.callbacks.length]);
  if (state === detailState) return;
  const isSame = detailState.startsWith(`["${message.id}"`);
  detailState = state;
  const facts = element("dl", { class: "facts" }, [
    ["To", message.to], ["From", message.from], ["Subject", message.subject], ["Provider", message.provider], ["Status", message.status],
    ["Segments", message.segments ? String(message.segments) : null], ["Template", message.template], ["Id", message.id], ["Taken", new Date(message.at).toLocaleString()],
  ].filter(([, value]) => value).flatMap(([name, value]) => [element("dt", null, name), element("dd", null, value)]));
  const seen = isSame ? detail.querySelector(".seen") : view(message);
  const http = element("div", { class: "stack http" }, element("h3", null, "Over HTTP"),
    exchanges.request ? exchange("The request that handed it in", exchanges.request) : element("p", { class: "quiet" }, "The request was before the sandbox was started."),
    ...exchanges.callbacks.map((each) => exchange(`Callback, answered ${each.status ?? "by nobody"}`, each)),
    exchanges.callbacks.length === 0 && element("p", { class: "quiet" }, "Nothing was reported back yet."));
  const open = new Set([...detail.querySelectorAll(".http details[open]")].map((each) => each.dataset.name));
  for (const each of http.querySelectorAll("details")) each.open = open.has(each.dataset.name);
  detail.replaceChildren(seen, facts, http);
}

/** As a phone shows it, or a mail program. */
function view(message) {
  const found = code(message);
  const node = element("div", { class: "stack seen" });
  if (found) {
    node.append(element("p", { class: "found" }, element("span", null, "Code"), element("strong", null, found), copyButton("Copy the code", () => found)));
  }
  if (message.html) {
    node.append(
      element("iframe", { sandbox: "", src: `/api/messages/${encodeURIComponent(message.id)}/html`, title: `The mail “${message.subject ?? ""}” as its reader sees it` }),
      element("details", null, element("summary", null, "As plain text"), element("pre", null, message.body)));
  } else if (message.channel === "email") {
    node.append(element("pre", null, message.body || JSON.stringify(message.templateData, null, 2)));
  } else {
    const at = found ? message.body.indexOf(found) : -1;
    const words = at < 0 ? [message.body] : [message.body.slice(0, at), element("mark", null, found), message.body.slice(at + found.length)];
    node.append(element("div", { class: "phone" },
      element("p", { class: "from" }, message.channel === "call" ? `Call from ${message.from}` : message.from),
      element("p", { class: "bubble" }, ...words),
      message.segments && element("p", { class: "from" }, message.segments === 1 ? "1 segment" : `${message.segments} segments`)));
  }
  return node;
}

function exchange(title, each) {
  const node = element("details", null, element("summary", null, `${title}: ${each.method} ${each.target.split("?")[0]}`),
    element("pre", { tabindex: "0", role: "region", "aria-label": title }, [`${each.method} ${each.target}`, each.contentType && `Content-Type: ${each.contentType}`, "", pretty(each)].filter((line) => line !== null && line !== undefined).join("\n")));
  node.dataset.name = `${title} ${each.at}`;
  return node;
}

function pretty({ contentType, body }) {
  if (contentType?.includes("json")) {
    try {
      return JSON.stringify(JSON.parse(body), null, 2);
    } catch {
      return body;
    }
  }
  if (contentType?.includes("form")) return [...new URLSearchParams(body)].map(([name, value]) => `${name}: ${value}`).join("\n");
  return body;
}

// Rules

function showFields() {
  for (const each of rule.querySelectorAll("[data-for]")) each.hidden = !each.dataset.for.split(" ").includes(rule.elements.action.value);
}

async function showRules() {
  const { rules } = await ask("GET", "/api/rules");
  find("rules").replaceChildren(...rules.map((each) => element("li", null,
    element("span", { class: "what" }, Object.entries(each).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}`).join(", ")))));
  find("clear-rules").hidden = rules.length === 0;
}

rule.addEventListener("change", showFields);
rule.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(find("rule-trouble"), async () => {
    const body = {};
    for (const input of rule.elements) {
      const holder = input.closest("[data-for]");
      if (!input.name || holder?.hidden || input.value.trim() === "") continue;
      body[input.name] = input.type === "number" ? Number(input.value) : input.value.trim();
    }
    await ask("POST", "/api/rules", body);
    await showRules();
  });
});
find("clear-rules").addEventListener("click", () => attempt(find("rule-trouble"), async () => {
  await ask("DELETE", "/api/rules");
  await showRules();
}));

// Commands to copy

function copyButton(text, value) {
  return element("button", { type: "button", class: "plain", click: async () => {
    const said = find("copied");
    try {
      await navigator.clipboard.writeText(value());
      said.textContent = "Copied.";
    } catch {
      said.textContent = "The browser did not allow it. Select the text, and copy it by hand.";
    }
  } }, text);
}

const here = location.origin;
for (const [title, command] of [
  ["The newest messages to a number", `curl -s '${here}/api/messages?to=%2B14155552671&limit=10'`],
  ["Empty the inbox", `curl -s -X DELETE ${here}/api/messages`],
  ["Twenty sends that fail", `curl -s ${here}/api/rules -H 'Content-Type: application/json' -d '{"action":"fail","status":503,"times":20}'`],
  ["Somebody answers STOP", `curl -s ${here}/api/inbound -H 'Content-Type: application/json' -d '{"from":"+14155552671","body":"STOP"}'`],
  ["What was said over HTTP about a message", `curl -s ${here}/api/messages/ID/exchanges`],
]) {
  find("commands").append(element("div", { class: "command" }, element("h3", null, title), element("pre", { tabindex: "0", role: "region", "aria-label": title }, command),
    element("div", null, copyButton(`Copy “${title}”`, () => command))));
}

// The page's life

/** Runs an act, and says where it belongs what went wrong. */
async function attempt(place, act) {
  try {
    await act();
    complain(place);
  } catch (error) {
    complain(place, error);
  }
}

filter.addEventListener("submit", (event) => event.preventDefault());
filter.addEventListener("input", () => attempt(trouble, refresh));
find("clear").addEventListener("click", () => attempt(trouble, async () => {
  await ask("DELETE", "/api/messages");
  chosen = undefined;
  await refresh();
}));

async function live() {
  if (document.visibilityState === "visible") await attempt(trouble, refresh);
  setTimeout(live, PAUSE);
}

showFields();
await attempt(find("rule-trouble"), showRules);
await live();
