// Building the page from data: everything becomes text nodes and attributes, never markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * Shows a list of things with an `id` each. A row is made again only when its data changed, so that a row somebody is
 * using keeps its focus while the rest of the list lives on.
 */
export function keyedRows(list, { row, empty }) {
  const shown = new Map();
  return (items) => {
    const nodes = items.map((item) => {
      const print = JSON.stringify(item);
      const known = shown.get(item.id);
      if (known?.print === print) return known.node;
      const node = row(item);
      shown.set(item.id, { print, node });
      return node;
    });
    const wanted = nodes.length ? nodes : [element('li', { class: 'empty' }, empty)];
    const same = wanted.length === list.children.length && nodes.length && nodes.every((node, index) => list.children[index] === node);
    if (!same) list.replaceChildren(...wanted);
  };
}

export function clockTime(iso) {
  return new Date(iso).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
}

/** "+12125550123" as people write it. */
export function readablePhone(phone) {
  const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(phone ?? '');
  return american ? `+1 (${american[1]}) ${american[2]}-${american[3]}` : phone ?? '';
}
