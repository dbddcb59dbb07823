// Elements that an app writes for the admin to show: they are hidden in the page and report each change.

export function defineHidden(tag, type) {
  if (!customElements.get(tag)) customElements.define(tag, type);
}

export class HiddenElement extends HTMLElement {
  constructor() {
    super();
    const shadow = this.attachShadow({ mode: 'open' });
    // A <style> as in the genuine script: a page whose policy forbids inline styles sees the raw element.
    const style = document.createElement('style');
    style.textContent = ':host { display: none !important }';
    shadow.append(style, document.createElement('slot'));
    this.watch = new MutationObserver(() => this.changed());
  }

  connectedCallback() {
    this.watch.observe(this, { childList: true, subtree: true, attributes: true, characterData: true });
    this.changed();
  }

  disconnectedCallback() {
    this.watch.disconnect();
    this.removed();
  }

  changed() {}

  removed() { this.changed(); }
}
