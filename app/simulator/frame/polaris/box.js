// The attributes that every Polaris container shares: padding, border, background, size, role and visibility.
import { PolarisElement, define } from './element.js';
import { hostRules, spacing } from './responsive.js';

const FILLS = { base: 'var(--sim-surface)', subdued: 'var(--sim-subdued)', strong: 'var(--sim-strong)', transparent: 'transparent' };
const WIDTHS = { none: '0', 'small-100': '0.5px', small: '0.5px', base: '1px', large: '2px', 'large-100': '3px' };
const LINES = { subdued: 'var(--sim-line)', base: 'var(--sim-line)', strong: 'var(--sim-line-strong)' };
const RADII = {
  none: '0', 'small-200': '2px', 'small-100': '4px', small: '6px', base: 'var(--sim-radius-small)',
  large: 'var(--sim-radius)', 'large-100': 'var(--sim-radius)', 'large-200': '20px', max: '999px',
};
const ROLES = {
  'list-item': 'listitem', 'ordered-list': 'list', 'unordered-list': 'list', section: 'region', aside: 'complementary',
  header: 'banner', footer: 'contentinfo', 'list-item-separator': 'separator',
};

/** "base", "base strong", "large base dashed": width, colour and line style in that order. */
function border(value) {
  const [width, colour = 'base', line = 'solid'] = value.trim().split(/\s+/);
  if (width === 'none') return 'border:0';
  return `border:${WIDTHS[width] ?? '1px'} ${line === 'auto' ? 'solid' : line} ${LINES[colour] ?? LINES.base}`;
}

const words = (table) => (value) => value.trim().split(/\s+/).map((word) => table[word] ?? word).join(' ');

export const BOX = {
  background: (value) => `background:${FILLS[value] ?? 'transparent'}`,
  border,
  borderWidth: (value) => `border-style:solid;border-color:var(--sim-line);border-width:${words(WIDTHS)(value)}`,
  borderStyle: (value) => `border-style:${value}`,
  borderColor: (value) => `border-color:${LINES[value] ?? LINES.base}`,
  borderRadius: (value) => `border-radius:${words(RADII)(value)}`,
  padding: (value) => `padding:${spacing(value)}`,
  paddingBlock: (value) => `padding-block:${spacing(value)}`,
  paddingBlockStart: (value) => `padding-block-start:${spacing(value)}`,
  paddingBlockEnd: (value) => `padding-block-end:${spacing(value)}`,
  paddingInline: (value) => `padding-inline:${spacing(value)}`,
  paddingInlineStart: (value) => `padding-inline-start:${spacing(value)}`,
  paddingInlineEnd: (value) => `padding-inline-end:${spacing(value)}`,
  blockSize: (value) => `block-size:${value}`,
  minBlockSize: (value) => `min-block-size:${value}`,
  maxBlockSize: (value) => `max-block-size:${value}`,
  inlineSize: (value) => `inline-size:${value}`,
  minInlineSize: (value) => `min-inline-size:${value}`,
  maxInlineSize: (value) => `max-inline-size:${value}`,
  overflow: (value) => `overflow:${value}`,
};

// Last in every list, so that it wins over the element's own display.
export const DISPLAY = { display: (value) => (value === 'none' ? 'display:none' : '') };

export const ACCESSIBILITY = ['accessibilityRole', 'accessibilityLabel', 'accessibilityVisibility'];

/** Roles go into attributes rather than ElementInternals: accessibility checkers read only attributes. */
export function applyRole(element) {
  const role = element.getAttribute('accessibilityRole');
  if (role && !['generic', 'none', 'presentation'].includes(role)) element.setAttribute('role', ROLES[role] ?? role);
  const label = element.getAttribute('accessibilityLabel');
  if (label) element.setAttribute('aria-label', label);
  if (element.getAttribute('accessibilityVisibility') === 'hidden') element.setAttribute('aria-hidden', 'true');
}

export class Box extends PolarisElement {
  static css = ':host { display: block; min-width: 0; }';
  static strings = [...Object.keys(BOX), 'display', ...ACCESSIBILITY];

  translations() {
    return { ...BOX, ...DISPLAY };
  }

  update() {
    this.styleHost(hostRules(this, this.translations()));
    applyRole(this);
  }
}

export function defineBox() {
  define('s-box', Box);
}
