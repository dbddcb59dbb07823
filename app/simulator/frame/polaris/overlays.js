// s-modal, s-popover, s-menu and s-tooltip, on the browser's own <dialog> and popover so that Escape, focus and layering are right.
import { PolarisElement, define, h } from './element.js';
import { icon } from './icons.js';

class Overlay extends PolarisElement {
  obey(command, invoker) {
    if (command === '--show') this.show(invoker);
    else if (command === '--hide') this.hide();
    else if (command === '--toggle' || command === '--auto') this.isOpen() ? this.hide() : this.show(invoker);
  }

  showOverlay() { this.show(null); }
  hideOverlay() { this.hide(); }
  toggleOverlay() { this.obey('--toggle', null); }
}

class Modal extends Overlay {
  static css = `
    :host { display: contents; }
    dialog { inline-size: min(620px, calc(100vw - 32px)); max-block-size: calc(100dvh - 48px); padding: 0; border: 0; border-radius: 16px; overflow: hidden; color: inherit;
      background: var(--sim-surface); box-shadow: 0 20px 40px rgb(0 0 0 / 24%), 0 0 0 1px rgb(0 0 0 / 8%); }
    dialog.small { inline-size: min(380px, calc(100vw - 32px)); } dialog.large { inline-size: min(980px, calc(100vw - 32px)); }
    dialog[open] { display: flex; flex-direction: column; animation: arrive .16s ease-out; }
    dialog::backdrop { background: rgb(16 16 20 / 55%); }
    header { display: flex; align-items: center; gap: 8px; padding: 14px 16px; background: var(--sim-subdued); border-block-end: 1px solid var(--sim-line); }
    h2 { flex: 1; margin: 0; font: inherit; font-size: 14px; font-weight: 650; }
    .close { display: inline-flex; padding: 4px; border: 0; border-radius: 8px; background: none; cursor: pointer; color: var(--sim-text-subdued); } .close:hover { background: var(--sim-strong); }
    .body { padding: 16px; overflow: auto; display: grid; gap: 12px; } .body.flush { padding: 0; }
    footer { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 8px; padding: 12px 16px; border-block-start: 1px solid var(--sim-line); } footer[hidden] { display: none; }
    @keyframes arrive { from { opacity: 0; transform: translateY(10px); } }
    @media (prefers-reduced-motion: reduce) { dialog[open] { animation: none; } }`;
  static strings = ['heading', 'size', 'padding', 'accessibilityLabel'];

  build() {
    const close = h('button', { class: 'close', type: 'button', 'aria-label': 'Close', onclick: () => this.hide() }, icon('x'));
    const actions = [h('slot', { name: 'secondary-actions', onslotchange: () => this.update() }), h('slot', { name: 'primary-action', onslotchange: () => this.update() })];
    this.dialog = h('dialog', { 'aria-labelledby': 'heading', onclose: () => this.announceClosed() },
      h('header', {}, h('h2', { id: 'heading' }), close), h('div', { class: 'body' }, h('slot')), h('footer', {}, ...actions));
    this.root.append(this.dialog);
  }

  update() {
    this.part('h2').textContent = this.text('heading') || this.text('accessibilityLabel');
    this.part('.body').classList.toggle('flush', this.text('padding') === 'none');
    this.part('footer').hidden = ![...this.children].some((child) => /-actions?$/.test(child.slot));
    this.dialog.className = { small: 'small', 'small-100': 'small', large: 'large', 'large-100': 'large' }[this.text('size')] ?? '';
  }

  isOpen() { return this.dialog.open; }

  show() {
    if (this.isOpen()) return;
    this.announce('show');
    this.dialog.showModal();
    this.querySelector('[autofocus], s-text-field, s-text-area, s-select')?.focus();
    this.announce('aftershow');
  }

  hide() {
    if (this.isOpen()) this.dialog.close();
  }

  announceClosed() {
    this.announce('hide');
    this.announce('afterhide');
  }
}

class Popover extends Overlay {
  static css = `
    :host { display: contents; }
    .panel { position: fixed; inset: auto; margin: 0; padding: 12px; border: 0; min-inline-size: 160px; max-inline-size: calc(100vw - 16px); max-block-size: 60vh; overflow: auto; color: inherit;
      border-radius: 12px; background: var(--sim-surface); box-shadow: 0 8px 24px rgb(0 0 0 / 18%), 0 0 0 1px rgb(0 0 0 / 8%); }`;
  static strings = ['inlineSize', 'blockSize', 'minInlineSize', 'maxInlineSize'];
  static role = null;

  build() {
    this.panel = h('div', { class: 'panel', popover: 'auto', role: this.constructor.role, ontoggle: (event) => this.toggled(event) }, h('slot'));
    this.root.append(this.panel);
  }

  update() {
    if (this.text('accessibilityLabel')) this.panel.setAttribute('aria-label', this.text('accessibilityLabel'));
  }

  isOpen() { return this.panel.matches(':popover-open'); }

  show(invoker) {
    if (this.isOpen()) return;
    this.invoker = invoker ?? document.querySelector(`[commandfor="${CSS.escape(this.id)}"]`);
    this.announce('show');
    this.panel.showPopover();
    if (this.invoker) placeBelow(this.panel, this.invoker);
    this.announce('aftershow');
  }

  hide() {
    if (this.isOpen()) this.panel.hidePopover();
  }

  toggled(event) {
    if (event.newState !== 'closed') return;
    this.announce('hide');
    this.announce('afterhide');
  }
}

/** Below its invoker, or above when there is no room, and never off the screen. */
function placeBelow(panel, invoker) {
  const anchor = invoker.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const below = anchor.bottom + 4;
  const top = below + height > innerHeight && anchor.top - 4 - height > 0 ? anchor.top - 4 - height : below;
  panel.style.left = `${Math.max(8, Math.min(anchor.left, innerWidth - width - 8))}px`;
  panel.style.top = `${top}px`;
}

class Menu extends Popover {
  static css = `${Popover.css} .panel { padding: 6px; }
    ::slotted(s-section) { display: block; }`;
  static strings = ['accessibilityLabel'];
  static role = 'menu';

  build() {
    super.build();
    this.panel.addEventListener('keydown', (event) => this.moveFocus(event));
    this.addEventListener('click', (event) => { if (event.target.closest('s-button')) this.hide(); });
  }

  items() { return [...this.querySelectorAll('s-button')]; }

  show(invoker) {
    for (const item of this.items()) {
      item.standsInMenu = true;
      item.setAttribute('inlinesize', 'fill');
      if (!item.hasAttribute('variant')) item.setAttribute('variant', 'tertiary');
    }
    super.show(invoker);
    this.items()[0]?.focus();
  }

  moveFocus(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = this.items();
    const index = items.findIndex((item) => item.matches(':focus, :focus-within'));
    items[(index + step + items.length) % items.length].focus();
  }
}

class Tooltip extends PolarisElement {
  static css = `
    :host { display: contents; }
    .tip { position: fixed; inset: auto; margin: 0; padding: 6px 10px; border: 0; max-inline-size: 260px; border-radius: 8px; background: #2a2a2d; color: #fff; font-size: 12px; line-height: 16px; }`;

  build() {
    this.tip = h('div', { class: 'tip', popover: 'manual', role: 'tooltip' }, h('slot'));
    this.root.append(this.tip);
  }

  appearAt(invoker) {
    if (this.tip.matches(':popover-open')) return;
    invoker.ariaDescription = this.textContent.trim();
    this.tip.showPopover();
    placeBelow(this.tip, invoker);
  }

  vanish() {
    if (this.tip.matches(':popover-open')) this.tip.hidePopover();
  }
}

export function defineOverlays() {
  define('s-modal', Modal);
  define('s-popover', Popover);
  define('s-menu', Menu);
  define('s-tooltip', Tooltip);
}
