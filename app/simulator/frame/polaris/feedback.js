// s-banner, s-spinner, s-progress, s-empty-state, s-thumbnail, s-image and s-avatar.
import { PolarisElement, define, h } from './element.js';
import { icon } from './icons.js';
import { TONE_INK } from './theme.js';

const BANNERS = {
  auto: ['#ececef', '#3f3f44', 'info'],
  info: ['#d5e9ff', '#083b68', 'info'],
  success: ['#c4f2d7', '#0b4a2e', 'check-circle'],
  warning: ['#ffdfaf', '#5a3900', 'alert-triangle'],
  critical: ['#fdd9dd', '#7f0c20', 'alert-circle'],
};

class Banner extends PolarisElement {
  static css = `
    :host { display: block; }
    .banner { border-radius: var(--sim-radius); overflow: clip; background: var(--sim-surface); box-shadow: var(--sim-card-shadow); }
    .top { display: flex; gap: 8px; align-items: flex-start; padding: 10px 12px; background: var(--fill); color: var(--ink); }
    .top strong { flex: 1; min-inline-size: 0; font-weight: 650; }
    .plain { display: flex; align-items: flex-start; background: var(--fill); color: var(--ink); }
    .plain .top { flex: none; padding-inline-end: 0; } .plain .top strong { display: none; } .plain .body { flex: 1; padding: 10px 12px 10px 8px; }
    .plain .dismiss { order: 3; }
    .body { padding: 12px; display: grid; gap: 10px; } .body[hidden] { display: none; }
    .actions { display: flex; flex-wrap: wrap; gap: 8px; } .actions[hidden] { display: none; }
    .dismiss { display: inline-flex; padding: 0; border: 0; border-radius: 6px; background: none; color: inherit; cursor: pointer; }`;
  static strings = ['heading', 'tone'];
  static flags = ['dismissible'];

  build() {
    const refresh = () => this.update();
    this.root.append(h('div', { class: 'banner' },
      h('div', { class: 'top' }, h('span', { class: 'mark' }), h('strong'), h('button', { class: 'dismiss', type: 'button', 'aria-label': 'Dismiss', onclick: () => this.dismiss() }, icon('x'))),
      h('div', { class: 'body' }, h('div', {}, h('slot', { onslotchange: refresh })), h('div', { class: 'actions' }, h('slot', { name: 'secondary-actions', onslotchange: refresh })))));
  }

  update() {
    const tone = BANNERS[this.text('tone')] ? this.text('tone') : 'auto';
    const [fill, ink, mark] = BANNERS[tone];
    this.styleHost(`:host{--fill:${fill};--ink:${ink}}`);
    this.part('.banner').setAttribute('role', tone === 'critical' || tone === 'warning' ? 'alert' : 'status');
    this.part('.mark').replaceChildren(icon(mark));
    this.part('strong').textContent = this.text('heading');
    this.part('.dismiss').hidden = !this.flag('dismissible');
    const actions = [...this.children].some((child) => child.slot === 'secondary-actions');
    // Any element counts: while the page is still being parsed its words have not arrived.
    const words = [...this.childNodes].some((node) => (node.nodeType === Node.ELEMENT_NODE ? !node.slot : node.textContent.trim()));
    this.part('.banner').classList.toggle('plain', !this.text('heading'));
    this.part('.actions').hidden = !actions;
    this.part('.body').hidden = !actions && !words;
  }

  dismiss() {
    this.announce('dismiss');
    this.hidden = true;
    this.announce('afterhide');
  }
}

class Spinner extends PolarisElement {
  static css = `
    :host { display: inline-block; }
    div { inline-size: 20px; block-size: 20px; border-radius: 50%; border: 2.5px solid var(--sim-line-strong); border-block-start-color: var(--sim-text); animation: turn .9s linear infinite; }
    :host([size=large]) div, :host([size="large-100"]) div { inline-size: 40px; block-size: 40px; border-width: 4px; }`;
  static strings = ['size', 'accessibilityLabel'];

  build() {
    this.root.append(h('div', { role: 'status' }));
  }

  update() {
    this.part('div').setAttribute('aria-label', this.text('accessibilityLabel') || 'Loading');
  }
}

class Progress extends PolarisElement {
  static css = `
    :host { display: block; }
    div { block-size: 8px; border-radius: 4px; background: var(--sim-strong); overflow: hidden; }
    i { display: block; block-size: 100%; border-radius: 4px; background: var(--ink, var(--sim-text)); transition: inline-size .3s; }`;
  static strings = ['value', 'max', 'tone', 'accessibilityLabel'];

  build() {
    this.root.append(h('div', { role: 'progressbar', 'aria-valuemin': '0' }, h('i')));
  }

  update() {
    const max = Number(this.text('max')) || 1;
    const value = Math.min(Math.max(Number(this.text('value')) || 0, 0), max);
    const bar = this.part('div');
    bar.setAttribute('aria-valuenow', value);
    bar.setAttribute('aria-valuemax', max);
    bar.setAttribute('aria-label', this.text('accessibilityLabel') || 'Progress');
    this.styleHost(`:host{--ink:${TONE_INK[this.text('tone')] ?? 'var(--sim-text)'}} i{inline-size:${(value / max) * 100}%}`);
  }
}

class EmptyState extends PolarisElement {
  static css = `
    :host { display: block; } div.state { display: grid; justify-items: center; gap: 4px; padding: 36px 16px; text-align: center; }
    h3 { margin: 8px 0 0; font: inherit; font-weight: 650; font-size: 15px; } p { margin: 0; max-inline-size: 420px; color: var(--sim-text-subdued); }
    ::slotted(s-icon[slot=graphic]) { zoom: 1.8; color: var(--sim-text-subdued); }
    /* As the genuine one does: what a slot does not take is not shown. */
    ::slotted([slot=primary-action]:not(s-button[variant=primary])), ::slotted([slot=subheading]:not(s-text, s-link)) { display: none; }
    .actions { display: flex; flex-wrap: wrap; justify-content: center; gap: 8px; margin-block-start: 12px; }`;
  static strings = ['heading'];

  build() {
    this.root.append(h('div', { class: 'state' }, h('slot', { name: 'graphic' }), h('h3'), h('p', {}, h('slot', { name: 'subheading' })),
      h('div', { class: 'actions' }, h('slot', { name: 'secondary-actions' }), h('slot', { name: 'primary-action' }))));
  }

  update() {
    this.part('h3').textContent = this.text('heading');
  }
}

class Picture extends PolarisElement {
  static css = ':host { display: block; } img { display: block; max-inline-size: 100%; } img:not([src]) { visibility: hidden; }';
  static strings = ['src', 'alt', 'loading', 'inlineSize', 'aspectRatio', 'objectFit'];

  build() {
    this.root.append(h('img'));
  }

  update() {
    const image = this.part('img');
    image.alt = this.text('alt');
    if (this.text('src')) image.src = this.text('src');
  }
}

class Thumbnail extends Picture {
  static strings = ['src', 'alt', 'size'];
  static css = ':host { display: inline-block; } img { inline-size: 40px; block-size: 40px; object-fit: cover; border-radius: 8px; border: 1px solid var(--sim-line); background: var(--sim-subdued); }';
}

class Avatar extends PolarisElement {
  static css = ':host { display: inline-flex; } span { display: grid; place-items: center; inline-size: 32px; block-size: 32px; border-radius: 10px; background: #d9ebff; color: #0b3b66; font-weight: 650; font-size: 12px; }';
  static strings = ['initials', 'alt', 'src', 'size'];

  build() {
    this.root.append(h('span', { role: 'img' }));
  }

  update() {
    this.part('span').textContent = this.text('initials');
    this.part('span').setAttribute('aria-label', this.text('alt') || this.text('initials') || 'Avatar');
  }
}

export function defineFeedback() {
  define('s-banner', Banner);
  define('s-spinner', Spinner);
  define('s-progress', Progress);
  define('s-empty-state', EmptyState);
  define('s-image', Picture);
  define('s-thumbnail', Thumbnail);
  define('s-avatar', Avatar);
}
