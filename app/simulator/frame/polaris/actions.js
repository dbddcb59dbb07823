// s-button, s-button-group, s-press-button, s-link, s-clickable and s-clickable-chip.
import { Box } from './box.js';
import { runCommand, watchInterest } from './commands.js';
import { PolarisElement, define, h } from './element.js';
import { icon } from './icons.js';

const LINK_STRINGS = ['href', 'target', 'download', 'commandFor', 'command', 'accessibilityLabel', 'interestFor', 'lang'];
const ACTION_STRINGS = [...LINK_STRINGS, 'type'];
const ACTION_FLAGS = ['disabled', 'loading'];

/** Gives a class a native control: an anchor while it has an `href`, else a button. */
const Actionable = (Parent) => class extends Parent {
  static focusable = true;

  build() {
    this.addEventListener('click', (event) => this.refuseWhileBusy(event), true);
    this.addEventListener('click', (event) => this.act(event));
    watchInterest(this);
    this.makeControl();
  }

  get form() { return this.closest('form'); }

  /** A programmatic click acts on the native control, so that a link follows and a page's own handler still sees it. */
  click() { this.control?.click(); }

  makeControl() {
    const anchor = this.hasAttribute('href');
    this.control = h(anchor ? 'a' : 'button', { class: 'control', type: anchor ? null : 'button' }, ...this.contents());
    this.root.replaceChildren(this.control);
  }

  contents() {
    return [h('slot')];
  }

  update(name) {
    super.update?.(name);
    if (this.hasAttribute('href') !== (this.control.localName === 'a')) this.makeControl();
    const { control } = this;
    for (const attribute of ['href', 'target', 'download', 'lang']) copyAttribute(this, control, attribute);
    setOrRemove(control, 'aria-label', this.text('accessibilityLabel'));
    setOrRemove(control, 'aria-busy', this.flag('loading') ? 'true' : '');
    setOrRemove(control, 'aria-disabled', this.flag('disabled') || this.flag('loading') ? 'true' : '');
    if (control.localName === 'button') control.disabled = this.flag('disabled');
    setOrRemove(control, 'aria-haspopup', document.getElementById(this.text('commandFor'))?.localName === 's-menu' ? 'menu' : '');
  }

  refuseWhileBusy(event) {
    if (!this.flag('disabled') && !this.flag('loading')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  act(event) {
    if (event.defaultPrevented) return;
    if (this.hasAttribute('commandFor')) runCommand(this);
    if (this.text('type') === 'submit') this.form?.requestSubmit();
    if (this.text('type') === 'reset') this.form?.reset();
  }
};

function copyAttribute(from, to, name) {
  setOrRemove(to, name, from.getAttribute(name));
}

function setOrRemove(node, name, value) {
  if (value === null || value === '') node.removeAttribute(name);
  else node.setAttribute(name, value);
}

class Button extends Actionable(PolarisElement) {
  static css = `
    :host { display: inline-block; max-width: 100%; }
    :host([inlinesize=fill]) { display: block; } :host([inlinesize=fill]) .control { inline-size: 100%; }
    .control { position: relative; display: inline-flex; align-items: center; justify-content: center; gap: 4px; cursor: pointer;
      min-block-size: 28px; max-inline-size: 100%; padding: 4px 12px; border: 0; border-radius: var(--sim-radius-small); margin: 0;
      background: var(--sim-surface); box-shadow: var(--sim-button-shadow); color: var(--sim-text); text-decoration: none;
      font-weight: 600; font-size: 12px; line-height: 20px; transition: background .12s, box-shadow .12s; }
    .control:hover { background: var(--sim-hover); } .control:active { background: var(--sim-strong); }
    .control.primary { background: var(--sim-primary); color: #fff; box-shadow: inset 0 1px 0 rgb(255 255 255 / 18%), inset 0 -1px 0 rgb(0 0 0 / 40%); }
    .control.primary:hover { background: var(--sim-primary-hover); }
    .control.tertiary { background: transparent; box-shadow: none; } .control.tertiary:hover { background: rgb(0 0 0 / 6%); }
    .control.critical { color: var(--sim-critical); }
    .control.primary.critical { background: var(--sim-critical-strong); color: #fff; } .control.primary.critical:hover { background: var(--sim-critical); }
    .control.pressed { background: var(--sim-strong); box-shadow: inset 0 1px 2px rgb(0 0 0 / 18%), inset 0 0 0 1px #d0d0d4; }
    .control[aria-disabled]:not([aria-busy]) { background: #ededef; color: var(--sim-text-disabled); box-shadow: none; cursor: default; }
    .control.tertiary[aria-disabled]:not([aria-busy]) { background: transparent; }
    .control.icon-only { padding: 4px; min-inline-size: 28px; }
    .graphic { display: contents; } .label { min-width: 0; overflow: hidden; text-overflow: ellipsis; }
    .graphic svg { margin-inline-start: -4px; } .icon-only .graphic svg { margin: 0; }
    [aria-busy] .label, [aria-busy] .graphic svg { opacity: 0; }
    .spinner { display: none; position: absolute; inset: 0; margin: auto; inline-size: 16px; block-size: 16px; border-radius: 50%;
      border: 2px solid currentColor; border-block-start-color: transparent; animation: turn .8s linear infinite; }
    [aria-busy] .spinner { display: block; }
    @media (pointer: coarse) { .control { min-block-size: 36px; padding-inline: 14px; } .control.icon-only { min-inline-size: 36px; } }`;
  static strings = [...ACTION_STRINGS, 'variant', 'tone', 'icon', 'inlineSize'];
  static flags = ACTION_FLAGS;

  contents() {
    const label = h('span', { class: 'label' }, h('slot', { onslotchange: () => this.built && this.update() }));
    return [h('span', { class: 'graphic' }), label, h('span', { class: 'spinner' })];
  }

  effectiveVariant() {
    const variant = this.text('variant');
    if (variant && variant !== 'auto') return variant;
    const inOverlay = this.parentElement?.localName === 's-modal' || this.parentElement?.localName === 's-empty-state';
    return this.slot === 'primary-action' && inOverlay ? 'primary' : 'secondary';
  }

  update(name) {
    super.update(name);
    const bare = Boolean(this.text('icon')) && this.textContent.trim() === '';
    this.control.classList.toggle('icon-only', bare);
    for (const variant of ['primary', 'secondary', 'tertiary']) this.control.classList.toggle(variant, this.effectiveVariant() === variant);
    this.control.classList.toggle('critical', this.text('tone') === 'critical');
    const graphic = this.control.querySelector('.graphic');
    graphic.replaceChildren(...(this.text('icon') ? [icon(this.text('icon'), bare ? 20 : 18)] : []));
    if (this.standsInMenu) this.control.setAttribute('role', 'menuitem');
  }
}

class PressButton extends Button {
  static strings = ['accessibilityLabel', 'lang', 'variant', 'tone', 'icon', 'inlineSize'];
  static flags = [...ACTION_FLAGS, 'pressed'];

  update(name) {
    super.update(name);
    const pressed = this.flag('pressed');
    this.control.classList.toggle('pressed', pressed);
    this.control.setAttribute('aria-pressed', String(pressed));
  }
}

class ButtonGroup extends PolarisElement {
  static css = `
    :host { display: block; } div { display: flex; flex-wrap: wrap; gap: 8px; }
    :host([gap=none]) div { gap: 0; }`;
  static strings = ['gap', 'accessibilityLabel'];

  build() {
    const slots = [h('slot', { name: 'secondary-actions' }), h('slot'), h('slot', { name: 'primary-action' })];
    this.root.append(h('div', { role: 'group' }, ...slots));
  }

  update() {
    const group = this.part('div');
    if (this.text('accessibilityLabel')) group.setAttribute('aria-label', this.text('accessibilityLabel'));
    else group.removeAttribute('aria-label');
  }
}

class Link extends Actionable(PolarisElement) {
  static css = `
    :host { display: inline; font-size: inherit; line-height: inherit; font-weight: inherit; }
    .control { display: inline; padding: 0; border: 0; background: none; color: var(--sim-link); text-decoration: underline;
      text-underline-offset: 2px; cursor: pointer; border-radius: 3px; font-weight: inherit; text-align: start; }
    .control:hover { text-decoration-thickness: 2px; }
    :host([tone=neutral]) .control { color: inherit; } :host([tone=critical]) .control { color: var(--sim-critical); }`;
  static strings = [...LINK_STRINGS, 'tone'];
}

class Clickable extends Actionable(Box) {
  static css = `
    :host { display: block; min-width: 0; }
    .control { display: block; inline-size: 100%; block-size: 100%; margin: 0; padding: 0; border: 0; background: none; text-align: start; color: inherit;
      text-decoration: none; cursor: pointer; border-radius: inherit; font-weight: inherit; }
    .control:hover { background: rgb(0 0 0 / 3.5%); } .control[aria-disabled] { opacity: .55; cursor: default; }`;
  static strings = [...Box.strings, ...ACTION_STRINGS];
  static flags = ACTION_FLAGS;

  update(name) {
    super.update(name);
    if (this.text('accessibilityLabel')) this.removeAttribute('aria-label');
  }
}

class ClickableChip extends Actionable(PolarisElement) {
  static css = `
    :host { display: inline-flex; max-width: 100%; }
    .control { display: inline-flex; align-items: center; gap: 4px; min-block-size: 24px; padding: 2px 10px; border: 0; cursor: pointer;
      border-radius: 8px; font-size: 12px; font-weight: 550; background: var(--sim-subdued); color: var(--sim-text);
      box-shadow: inset 0 0 0 1px var(--sim-line-strong); text-decoration: none; transition: background .12s; }
    .control:hover { background: var(--sim-strong); }
    :host([color=strong]) .control { background: #dcdce1; }
    .remove { border: 0; background: none; padding: 0 4px; cursor: pointer; color: var(--sim-text-subdued); }
    @media (pointer: coarse) { .control { min-block-size: 32px; } }`;
  static strings = ['href', 'commandFor', 'command', 'accessibilityLabel', 'interestFor', 'color'];
  static flags = ['disabled', 'removable'];

  contents() {
    return [h('slot', { name: 'graphic' }), h('slot')];
  }

  update(name) {
    super.update(name);
    this.part('.remove')?.remove();
    if (!this.flag('removable')) return;
    const remove = h('button', { class: 'remove', type: 'button', 'aria-label': `Remove ${this.textContent.trim()}` }, icon('x', 16));
    remove.addEventListener('click', (event) => { event.stopPropagation(); this.announce('remove'); });
    this.root.append(remove);
  }
}

export function defineActions() {
  define('s-button', Button);
  define('s-press-button', PressButton);
  define('s-button-group', ButtonGroup);
  define('s-link', Link);
  define('s-clickable', Clickable);
  define('s-clickable-chip', ClickableChip);
}
