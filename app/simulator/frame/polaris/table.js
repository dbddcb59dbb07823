// The table family. Wide, it is a table; in a narrow container each row becomes a list item whose cells stand where the
// header's `listSlot` puts them. Roles stand in attributes because accessibility checkers do not read ElementInternals.
import { PolarisElement, define, h } from './element.js';
import { icon } from './icons.js';

const NARROW = '@container polaris-table (max-width: 500px)';

function withRole(role) {
  return class extends PolarisElement {
    build() {
      if (!this.hasAttribute('role')) this.setAttribute('role', role);
      super.build();
    }
  };
}

class Table extends PolarisElement {
  static css = `
    :host { display: block; container: polaris-table / inline-size; position: relative; }
    .filters { padding: 12px; border-block-end: 1px solid var(--sim-line); } .filters[hidden] { display: none; }
    .scroll { overflow-x: auto; } .table { display: table; inline-size: 100%; border-collapse: collapse; }
    .bar { display: none; position: absolute; inset-inline: 0; block-size: 2px; background: var(--sim-text); animation: slide 1.2s infinite; } .busy .bar { display: block; }
    @keyframes slide { from { transform: scaleX(.1); transform-origin: left; } to { transform: scaleX(1); transform-origin: left; } }
    nav { display: flex; justify-content: center; gap: 4px; padding: 8px; border-block-start: 1px solid var(--sim-line); background: var(--sim-subdued); } nav[hidden] { display: none; }
    nav button { display: inline-flex; padding: 4px; border: 0; border-radius: 8px; background: var(--sim-strong); cursor: pointer; } nav button:disabled { opacity: .4; cursor: default; }
    ${NARROW} { .table { display: block; } }`;
  static strings = ['variant'];
  static flags = ['loading', 'paginate', 'hasPreviousPage', 'hasNextPage'];

  build() {
    const filters = h('slot', { name: 'filters', onslotchange: () => this.update() });
    const previous = h('button', { type: 'button', 'aria-label': 'Previous page', onclick: () => this.announce('previouspage') }, icon('chevron-left'));
    const next = h('button', { type: 'button', 'aria-label': 'Next page', onclick: () => this.announce('nextpage') }, icon('chevron-right'));
    this.root.append(h('div', { class: 'all' }, h('div', { class: 'filters' }, filters), h('div', { class: 'bar' }),
      h('div', { class: 'scroll' }, h('div', { class: 'table', role: 'table' }, h('slot'))), h('nav', { 'aria-label': 'Pagination' }, previous, next)));
    new MutationObserver(() => this.assignCells()).observe(this, { childList: true, subtree: true });
    // Children may not be parsed yet when the element itself is.
    queueMicrotask(() => this.assignCells());
    document.addEventListener('DOMContentLoaded', () => this.assignCells(), { once: true });
  }

  update() {
    this.part('.filters').hidden = this.querySelector(':scope > [slot=filters]') === null;
    this.part('.all').classList.toggle('busy', this.flag('loading'));
    this.part('.table').setAttribute('aria-busy', String(this.flag('loading')));
    this.part('nav').hidden = !this.flag('paginate');
    const [previous, next] = this.root.querySelectorAll('nav button');
    previous.disabled = !this.flag('hasPreviousPage');
    next.disabled = !this.flag('hasNextPage');
  }

  /** Tells each cell which column it stands in. */
  assignCells() {
    const headers = [...this.querySelectorAll('s-table-header')];
    const columns = headers.map((header) => ({
      label: header.textContent.trim(), slot: header.getAttribute('listSlot') ?? 'labeled', format: header.getAttribute('format') ?? 'base',
    }));
    for (const row of this.querySelectorAll('s-table-row')) {
      [...row.children].filter((cell) => cell.localName === 's-table-cell').forEach((cell, index) => cell.stand?.(columns[index]));
    }
  }
}

class Row extends withRole('row') {
  static css = `
    :host { display: table-row; border-block-end: 1px solid var(--sim-line); }
    :host(:last-child) { border-block-end: 0; } :host(:hover) { background: var(--sim-hover); } :host([clickdelegate]) { cursor: pointer; }
    ${NARROW} { :host { display: flex; flex-flow: row wrap; align-items: center; gap: 2px 8px; padding: 12px 16px; } }`;
  static strings = ['clickDelegate'];

  build() {
    super.build();
    this.addEventListener('click', (event) => this.delegate(event));
  }

  /** A click anywhere in the row counts for the element named by `clickDelegate`. */
  delegate(event) {
    const own = event.composedPath().some((node) => /^(a|button|input|select|s-link|s-button|s-clickable|s-checkbox)$/.test(node.localName ?? ''));
    if (!own && this.text('clickDelegate')) document.getElementById(this.text('clickDelegate'))?.click();
  }
}

class HeaderRow extends withRole('row') {
  static css = `:host { display: table-row; background: var(--sim-subdued); border-block-end: 1px solid var(--sim-line); } ${NARROW} { :host { display: none; } }`;
}

class TableBody extends withRole('rowgroup') {
  static css = `:host { display: table-row-group; } ${NARROW} { :host { display: block; } }`;
}

class HeaderCell extends withRole('columnheader') {
  static css = `
    :host { display: table-cell; padding: 8px 12px; font-weight: 550; font-size: 12px; color: var(--sim-text-subdued); text-align: start; white-space: nowrap; }
    :host(:first-child) { padding-inline-start: 16px; } :host(:last-child) { padding-inline-end: 16px; }
    :host([format=numeric]), :host([format=currency]) { text-align: end; }`;
  static strings = ['listSlot', 'format'];
}

class Cell extends withRole('cell') {
  static css = `
    :host { display: table-cell; padding: 10px 12px; vertical-align: middle; overflow-wrap: break-word; }
    :host(:first-child) { padding-inline-start: 16px; } :host(:last-child) { padding-inline-end: 16px; }
    :host(:state(number)) { text-align: end; font-variant-numeric: tabular-nums; }
    .label { display: none; color: var(--sim-text-subdued); flex: none; }
    ${NARROW} {
      :host, :host(:first-child), :host(:last-child) { display: flex; gap: 12px; justify-content: space-between; flex: 1 0 100%; order: 5; padding: 0; text-align: end; min-inline-size: 0; }
      :host(:state(labeled)) .label { display: inline; }
      :host(:state(kicker)) { order: 1; justify-content: flex-start; text-align: start; color: var(--sim-text-subdued); font-size: 12px; }
      :host(:state(primary)) { display: block; flex: 1 1 50%; order: 2; text-align: start; font-weight: 600; }
      :host(:state(inline)) { display: block; flex: 0 1 auto; order: 3; }
      :host(:state(secondary)) { display: block; order: 4; text-align: start; color: var(--sim-text-subdued); }
    }`;

  build() {
    this.internals = this.attachInternals();
    super.build();
    this.root.prepend(h('span', { class: 'label', 'aria-hidden': 'true' }));
  }

  stand(column) {
    if (!column || !this.built) return;
    const states = this.internals.states;
    for (const slot of ['primary', 'secondary', 'inline', 'kicker', 'labeled']) slot === column.slot ? states.add(slot) : states.delete(slot);
    column.format === 'base' ? states.delete('number') : states.add('number');
    this.part('.label').textContent = column.label;
  }
}

export function defineTable() {
  define('s-table', Table);
  define('s-table-header-row', HeaderRow);
  define('s-table-body', TableBody);
  define('s-table-row', Row);
  define('s-table-header', HeaderCell);
  define('s-table-cell', Cell);
}
