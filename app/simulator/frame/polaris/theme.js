// The two looks of the admin. They are custom properties on the root, which shadow trees inherit, so that changing the
// look is one attribute on <html> and proves that a page's own style sheet does not depend on either.
import { OPTIONS } from './options.js';

const LOOKS = `
:root {
  --sim-font: Inter, -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --sim-page: #f1f1f1; --sim-surface: #fff; --sim-subdued: #f7f7f7; --sim-strong: #ececec; --sim-hover: #f5f5f5;
  --sim-text: #2f2f31; --sim-text-subdued: #5f5f63; --sim-text-disabled: #8c8c90;
  --sim-line: #e4e4e6; --sim-line-strong: #cfcfd3; --sim-field-line: #8b8b90; --sim-field-hover: #fafafa;
  --sim-primary: #2d2d30; --sim-primary-hover: #19191b; --sim-focus: #0a5bd0; --sim-link: #0a57c2;
  --sim-critical: #8f1022; --sim-critical-strong: #c01632; --sim-critical-fill: #fdeceb; --sim-success-strong: #1f7a4d;
  --sim-radius: 12px; --sim-radius-small: 8px; --sim-radius-badge: 8px;
  --sim-card-shadow: 0 1px 0 rgb(26 26 28 / 8%), 0 0 0 1px rgb(26 26 28 / 6%);
  --sim-button-shadow: inset 0 -1px 0 #b9b9bd, inset 0 0 0 1px #dcdce0;
  --sim-section-fill: var(--sim-surface); --sim-section-shadow: var(--sim-card-shadow); --sim-section-padding: 16px;
  --sim-card-fill: transparent; --sim-inner-shadow: none; --sim-inner-padding: 0px;
  --sim-aside-section-fill: var(--sim-surface); --sim-aside-shadow: var(--sim-card-shadow);
  --sim-aside-padding: 16px; --sim-aside-card-fill: transparent; --sim-aside-inner-shadow: none;
}
:root[data-look="next"] {
  --sim-page: #f7f7f8; --sim-subdued: #f4f4f6; --sim-strong: #e9e9ed; --sim-hover: #f4f4f6;
  --sim-text: #1b1b1f; --sim-text-subdued: #5a5a63; --sim-line: #e8e8ec; --sim-line-strong: #d3d3da;
  --sim-field-line: #c2c2cb; --sim-field-hover: #fcfcfd; --sim-primary: #111114; --sim-primary-hover: #2c2c33;
  --sim-focus: #4257f5; --sim-link: #3145cf; --sim-radius: 16px; --sim-radius-small: 10px; --sim-radius-badge: 999px;
  --sim-card-shadow: 0 0 0 1px rgb(20 20 32 / 8%);
  --sim-button-shadow: inset 0 0 0 1px #d8d8df;
  --sim-section-fill: transparent; --sim-section-shadow: none; --sim-section-padding: 0px;
  --sim-card-fill: var(--sim-surface); --sim-inner-shadow: var(--sim-card-shadow); --sim-inner-padding: 20px;
  --sim-aside-section-fill: transparent; --sim-aside-shadow: none; --sim-aside-padding: 0px;
  --sim-aside-card-fill: transparent; --sim-aside-inner-shadow: none;
}
html { background: var(--sim-page); color-scheme: light; }
body { margin: 0; font: 450 13px/20px var(--sim-font); color: var(--sim-text); -webkit-font-smoothing: antialiased; }
s-option, s-option-group, s-choice { display: none; }
`;

export const TONES = {
  auto: ['#ebebed', '#48484c'],
  neutral: ['#ebebed', '#48484c'],
  info: ['#d9ebff', '#0b3b66'],
  success: ['#c9f5dc', '#0d4f32'],
  caution: ['#fff0b3', '#4f4406'],
  warning: ['#ffe4bd', '#5f3d00'],
  critical: ['#fedfe2', '#8a0f24'],
};

/** The colour of running text and icons in a tone; null leaves the surrounding colour. */
export const TONE_INK = {
  info: '#0b4a80', success: '#14663f', caution: '#6b5900', warning: '#7a4b00', critical: 'var(--sim-critical)',
  neutral: 'var(--sim-text-subdued)',
};

export function applyTheme() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LOOKS);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  if (!document.documentElement.dataset.look) document.documentElement.dataset.look = OPTIONS.look;
}
