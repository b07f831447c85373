/**
 * Makes an element. Text becomes text nodes and nothing else, so nothing that somebody typed is ever read as markup.
 *
 * @param {string} name
 * @param {Object} [attributes] a function listens to the event of its name; `false`, `null`, and `undefined` are left out
 * @param {...(Node|string|null|undefined|Array)} children
 */
export function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") node.addEventListener(key, value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

let counter = 0;

/** An id that no other element of this page has. */
export const freshId = (stem) => `${stem}-${++counter}`;
