// s-text, s-paragraph, s-heading, s-number, the lists, s-badge, s-chip and s-icon: everything that is only read.
import { PolarisElement, define, h } from './element.js';
import { icon } from './icons.js';
import { TONES, TONE_INK } from './theme.js';

const SIZES = {
  'small-100': '11px/16px', small: '12px/16px', base: '13px/20px', large: '15px/20px', 'large-100': '18px/24px',
  'large-200': '22px/28px', 'large-300': '28px/36px',
};

function inkRules(element) {
  const ink = TONE_INK[element.getAttribute('tone')];
  const subdued = element.getAttribute('color') === 'subdued';
  return ink ? `color:${ink};` : subdued ? 'color:var(--sim-text-subdued);' : '';
}

function fontRules(element) {
  const [size, line] = (SIZES[element.getAttribute('fontSize')] ?? '').split('/');
  const weight = { strong: 650, bold: 650, medium: 550 }[element.getAttribute('fontWeight')];
  const numerals = element.getAttribute('fontVariantNumeric');
  return (size ? `font-size:${size};line-height:${line};` : '') + (weight ? `font-weight:${weight};` : '')
    + (numerals ? `font-variant-numeric:${numerals};` : '');
}

class Prose extends PolarisElement {
  static strings = ['tone', 'color', 'fontSize', 'fontWeight', 'fontVariantNumeric', 'accessibilityVisibility', 'lineClamp', 'dir'];

  update() {
    const clamp = Number(this.text('lineClamp'));
    const clamped = clamp > 0 ? `display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:${clamp};overflow:hidden;` : '';
    this.styleHost(`:host{${inkRules(this)}${fontRules(this)}${clamped}}`);
    const visibility = this.text('accessibilityVisibility');
    if (visibility === 'hidden') this.setAttribute('aria-hidden', 'true');
    this.part('slot')?.parentElement?.classList.toggle('visually-hidden', visibility === 'exclusive');
  }
}

class Text extends Prose {
  static css = `
    :host { display: inline; font-weight: inherit; font-size: inherit; line-height: inherit; color: inherit; }
    :host([type=strong]) { font-weight: 650; }
    :host([type=redundant]) { text-decoration: line-through; }
    :host([type=address]) { font-style: normal; }`;
  static strings = ['tone', 'color', 'type', 'fontSize', 'fontWeight', 'fontVariantNumeric', 'accessibilityVisibility', 'dir', 'interestFor'];

  build() {
    this.root.append(h('span', {}, h('slot')));
  }
}

class Paragraph extends Prose {
  static css = ':host { display: block; color: inherit; overflow-wrap: anywhere; } p { margin: 0; }';

  build() {
    this.root.append(h('p', {}, h('slot')));
  }
}

class Heading extends Prose {
  static css = ':host { display: block; } h2, h3, h4 { margin: 0; font: inherit; font-weight: 650; font-size: 14px; }';
  static strings = ['fontSize', 'accessibilityVisibility', 'lineClamp'];

  /** The level follows from how deep the heading lies in sections. */
  build() {
    let level = 2;
    for (let node = this.parentElement?.closest('s-section'); node; node = node.parentElement?.closest('s-section')) level += 1;
    this.root.append(h(`h${Math.min(level, 4)}`, {}, h('slot')));
  }
}

class Badge extends PolarisElement {
  static css = `
    :host { display: inline-flex; max-width: 100%; vertical-align: middle; }
    span { display: inline-flex; align-items: center; gap: 4px; min-block-size: 20px; padding: 0 8px; white-space: nowrap;
      border-radius: var(--sim-radius-badge); font-size: 12px; line-height: 20px; font-weight: 550; }
    :host([size=large]) span, :host([size="large-100"]) span { min-block-size: 24px; line-height: 24px; padding: 0 10px; }
    i { display: contents; } svg { margin-inline-start: -3px; }`;
  static strings = ['tone', 'icon', 'color', 'size'];

  build() {
    this.root.append(h('span', {}, h('i'), h('slot')));
  }

  update() {
    const [fill, ink] = TONES[this.text('tone') || 'auto'] ?? TONES.auto;
    const strong = this.text('color') === 'strong';
    this.styleHost(`span{background:${strong ? ink : fill};color:${strong ? '#fff' : ink}}`);
    this.part('i').replaceChildren(...(this.text('icon') ? [icon(this.text('icon'), 16)] : []));
  }
}

class Chip extends PolarisElement {
  static css = `
    :host { display: inline-flex; max-width: 100%; }
    span { display: inline-flex; align-items: center; gap: 4px; padding: 2px 8px; border-radius: 8px; font-size: 12px;
      font-weight: 550; background: var(--sim-strong); }
    :host([color=subdued]) span { background: var(--sim-subdued); color: var(--sim-text-subdued); }
    :host([color=strong]) span { background: #d9d9de; }`;
  static strings = ['color', 'accessibilityLabel'];

  build() {
    this.root.append(h('span', {}, h('slot', { name: 'graphic' }), h('slot')));
  }
}

class Icon extends PolarisElement {
  static css = ':host { display: inline-flex; flex: none; color: inherit; vertical-align: middle; }';
  static strings = ['type', 'tone', 'color', 'size', 'interestFor'];

  build() {}

  update() {
    const size = this.text('size') === 'small' ? 16 : 20;
    this.root.replaceChildren(icon(this.text('type'), size));
    this.styleHost(`:host{${inkRules(this)}}`);
  }
}

function list(tag) {
  return class extends PolarisElement {
    static css = `:host { display: block; } ${tag} { margin: 0; padding-inline-start: 20px; display: grid; gap: 4px; }`;

    build() {
      if (!this.hasAttribute('role')) this.setAttribute('role', 'list');
      this.root.append(h(tag, { role: 'presentation' }, h('slot')));
    }
  };
}

class ListItem extends PolarisElement {
  static css = ':host { display: list-item; }';

  build() {
    if (!this.hasAttribute('role')) this.setAttribute('role', 'listitem');
    super.build();
  }
}

export function defineText() {
  define('s-text', Text);
  define('s-number', class extends Text { static strings = ['tone', 'color', 'fontSize', 'fontWeight', 'accessibilityVisibility', 'dir']; });
  define('s-paragraph', Paragraph);
  define('s-heading', Heading);
  define('s-badge', Badge);
  define('s-chip', Chip);
  define('s-icon', Icon);
  define('s-unordered-list', list('ul'));
  define('s-ordered-list', list('ol'));
  define('s-list-item', ListItem);
}
