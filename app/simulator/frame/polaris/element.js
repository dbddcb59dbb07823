// What every stand-in element has in common: a shadow tree built once and updated in place (so that focus and caret
// survive a changed attribute), attributes mirrored as properties, and style sheets shared by all elements of a class.
import { OPTIONS } from './options.js';

const BASE_CSS = `
:host { box-sizing: border-box; font: 450 13px/20px var(--sim-font); color: var(--sim-text); }
:host([hidden]) { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
button, input, select, textarea { font: inherit; color: inherit; letter-spacing: inherit; }
[hidden] { display: none !important; }
:focus-visible { outline: 2px solid var(--sim-focus); outline-offset: 1px; }
.visually-hidden { position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; border: 0; }
svg { display: block; flex: none; }
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { transition: none !important; animation-duration: 2s !important; } }
`;

const sheets = new Map();

function sheetOf(css) {
  if (!sheets.has(css)) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(css, sheet);
  }
  return sheets.get(css);
}

/** Makes an element; `onclick`-like properties become listeners, false and null are left out. */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export class PolarisElement extends HTMLElement {
  static css = '';
  static strings = [];
  static flags = [];
  static focusable = false;

  static get observedAttributes() {
    return [...this.strings, ...this.flags].map((name) => name.toLowerCase());
  }

  constructor() {
    super();
    this.root = this.attachShadow({ mode: OPTIONS.shadow, delegatesFocus: this.constructor.focusable });
    this.root.adoptedStyleSheets = [sheetOf(BASE_CSS), sheetOf(this.constructor.css)];
    this.built = false;
  }

  connectedCallback() {
    if (!this.built) {
      this.build();
      this.built = true;
    }
    this.update();
  }

  attributeChangedCallback(name, before, after) {
    if (this.built && before !== after) this.update(name);
  }

  /** Makes the shadow tree; called once. */
  build() {
    this.root.append(h('slot'));
  }

  /** Brings the shadow tree in line with the attributes. */
  update() {}

  text(name) {
    return this.getAttribute(name) ?? '';
  }

  flag(name) {
    return this.hasAttribute(name) && this.getAttribute(name) !== 'false';
  }

  part(selector) {
    return this.root.querySelector(selector);
  }

  /** Rules for this one element, such as its gap; kept in a sheet of its own. */
  styleHost(css) {
    if (!this.ownSheet) {
      this.ownSheet = new CSSStyleSheet();
      this.root.adoptedStyleSheets = [...this.root.adoptedStyleSheets, this.ownSheet];
    }
    this.ownSheet.replaceSync(css);
  }

  announce(type, EventType = Event) {
    this.dispatchEvent(new EventType(type, { bubbles: true, composed: true }));
  }
}

function mirrorString(type, name) {
  Object.defineProperty(type.prototype, name, {
    configurable: true,
    get() { return this.getAttribute(name) ?? ''; },
    set(value) {
      if (value === null || value === undefined || value === '') this.removeAttribute(name);
      else this.setAttribute(name, value);
    },
  });
}

function mirrorFlag(type, name) {
  Object.defineProperty(type.prototype, name, {
    configurable: true,
    get() { return this.flag(name); },
    set(value) { this.toggleAttribute(name.toLowerCase(), Boolean(value)); },
  });
}

/** Registers an element; a second run of the script in one window (a bounce page rewrites the document) changes nothing. */
export function define(tag, type) {
  if (customElements.get(tag)) return;
  for (const name of type.strings) if (!(name in type.prototype)) mirrorString(type, name);
  for (const name of type.flags) if (!(name in type.prototype)) mirrorFlag(type, name);
  customElements.define(tag, type);
}
