const list = document.querySelector("#messages");
const empty = document.querySelector("#empty");
const template = document.querySelector("#message");
const filter = document.querySelector("#filter");

function item(message) {
  const node = template.content.cloneNode(true);
  const time = node.querySelector("time");
  node.querySelector(".to").textContent = message.to;
  node.querySelector(".channel").textContent = message.channel;
  node.querySelector(".status").textContent = message.status;
  node.querySelector(".body").textContent = message.body;
  time.dateTime = message.at;
  time.textContent = new Date(message.at).toLocaleTimeString();
  return node;
}

async function refresh() {
  const query = new URLSearchParams({ limit: "50" });
  const to = filter.elements.to.value.trim();
  if (to) query.set("to", to);
  const response = await fetch(`/api/messages?${query}`);
  if (!response.ok) return;
  const { messages } = await response.json();
  list.replaceChildren(...messages.map(item));
  empty.hidden = messages.length > 0;
}

filter.addEventListener("submit", (event) => event.preventDefault());
filter.elements.to.addEventListener("input", refresh);
document.querySelector("#clear").addEventListener("click", async () => {
  await fetch("/api/messages", { method: "DELETE" });
  await refresh();
});

await refresh();
setInterval(refresh, 1000);
