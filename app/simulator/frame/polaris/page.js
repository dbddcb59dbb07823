// s-page and s-section: the frame every page is laid out in.
import { PolarisElement, define, h } from './element.js';

class Page extends PolarisElement {
  static css = `
    :host { display: block; min-block-size: 100vh; background: var(--sim-page); container-type: inline-size; }
    .page { max-inline-size: 1000px; margin: 0 auto; padding: 16px 12px calc(56px + var(--shopify-safe-area-inset-bottom, 0px)); }
    :host([inlinesize=small]) .page { max-inline-size: 664px; } :host([inlinesize=large]) .page { max-inline-size: none; }
    h1 { margin: 4px 0 16px; font: inherit; font-weight: 650; font-size: 20px; line-height: 28px; }
    .columns { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); align-items: start; }
    .main, .aside { display: flex; flex-direction: column; gap: 16px; min-inline-size: 0; }
    .aside { --sim-section-fill: var(--sim-aside-section-fill); --sim-section-shadow: var(--sim-aside-shadow);
      --sim-section-padding: var(--sim-aside-padding); --sim-card-fill: var(--sim-aside-card-fill);
      --sim-inner-shadow: var(--sim-aside-inner-shadow); --sim-inner-padding: 0px; }
    .aside[hidden] { display: none; }
    @container (min-width: 640px) { .page { padding: 20px 24px 64px; } }
    @container (min-width: 720px) { .with-aside { grid-template-columns: minmax(0, 1fr) minmax(260px, 300px); } }`;
  static strings = ['heading', 'inlineSize'];

  build() {
    const aside = h('slot', { name: 'aside', onslotchange: () => this.showAside() });
    this.root.append(h('div', { class: 'page' },
      h('h1'), h('slot', { name: 'supplemental-start' }),
      h('div', { class: 'columns' },
        h('div', { class: 'main' }, h('slot')),
        h('div', { class: 'aside', hidden: true }, aside))));
    const titleBar = ['primary-action', 'secondary-actions', 'breadcrumb-actions', 'accessory'];
    this.root.append(h('div', { hidden: true }, ...titleBar.map((name) => h('slot', { name }))));
    this.showAside();
  }

  showAside() {
    const filled = this.querySelector(':scope > [slot=aside]') !== null;
    this.part('.aside').hidden = !filled;
    this.part('.columns').classList.toggle('with-aside', filled);
  }

  /** Inside the admin the title bar shows the heading; the page keeps it for assistive technology. */
  update() {
    const heading = this.part('h1');
    heading.textContent = this.text('heading');
    heading.hidden = !this.text('heading');
    heading.classList.toggle('visually-hidden', Boolean(window.shopify?.environment?.embedded));
  }
}

class Section extends PolarisElement {
  static css = `
    :host { display: block; min-width: 0; }
    section { background: var(--sim-section-fill); box-shadow: var(--sim-section-shadow); border-radius: var(--sim-radius); padding: var(--sim-section-padding); }
    .card { background: var(--sim-card-fill); box-shadow: var(--sim-inner-shadow); border-radius: inherit; padding: var(--sim-inner-padding);
      display: flex; flex-direction: column; gap: 12px; min-inline-size: 0; }
    header { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 4px 8px; margin-block-end: 12px; } header[hidden] { display: none; }
    header > div:first-child { flex: 1 1 110px; min-inline-size: 0; }
    h2, h3 { margin: 0; font: inherit; font-weight: 650; font-size: 14px; line-height: 20px; } h3 { font-size: 13px; }
    p { margin: 2px 0 0; color: var(--sim-text-subdued); } p:empty { display: none; }
    .actions { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; }
    section.flush { padding: 0; overflow: clip; } section.flush .card { padding: 0; gap: 0; overflow: clip; } section.flush > header { padding: var(--sim-section-padding) var(--sim-section-padding) 0; }
    section.nested { background: none; box-shadow: none; padding: 0; border-radius: 0; } section.nested .card { background: none; box-shadow: none; padding: 0; }
    section.nested > header { margin-block-end: 8px; }`;
  static strings = ['heading', 'subheading', 'padding', 'accessibilityLabel'];

  build() {
    this.nested = this.parentElement?.closest('s-section') !== null && this.parentElement?.closest('s-section') !== undefined;
    const slots = ['supplemental', 'accessory', 'secondary-actions', 'primary-action'].map((name) => h('slot', { name, onslotchange: () => this.update() }));
    const titles = h('div', {}, h(this.nested ? 'h3' : 'h2', { id: 'heading' }), h('p'));
    const header = h('header', {}, titles, h('div', { class: 'actions' }, ...slots));
    this.root.append(h('section', { class: this.nested ? 'nested' : null }, header, h('div', { class: 'card' }, h('slot', { name: 'graphic' }), h('slot'))));
  }

  update() {
    const section = this.part('section');
    this.part('h2, h3').textContent = this.text('heading');
    this.part('p').textContent = this.text('subheading');
    const filled = [...this.children].some((child) => ['supplemental', 'accessory', 'secondary-actions', 'primary-action'].includes(child.slot));
    this.part('header').hidden = !this.text('heading') && !filled;
    section.classList.toggle('flush', this.text('padding') === 'none');
    section.removeAttribute('aria-labelledby');
    section.removeAttribute('aria-label');
    if (this.text('accessibilityLabel')) section.setAttribute('aria-label', this.text('accessibilityLabel'));
    else if (this.text('heading')) section.setAttribute('aria-labelledby', 'heading');
  }
}

export function definePage() {
  define('s-page', Page);
  define('s-section', Section);
}
