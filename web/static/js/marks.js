// A sentence with its mark: in order, worth a look, needed. Whoever cannot see the mark hears its meaning.
import { WORDS } from './words.js';

const MARKS = {
  ok: ['check-circle-filled', 'success'],
  info: ['info', 'info'],
  warning: ['alert-triangle', 'warning'],
  error: ['alert-circle', 'warning'],
  problem: ['alert-circle', 'critical'],
};

export function finding({ level, sentence }) {
  const [icon, tone] = MARKS[level] ?? MARKS.warning;
  const meaning = WORDS[level] ?? WORDS.warning;
  const mark = level === 'running'
    ? element('s-spinner', { accessibilityLabel: meaning, size: 'base' })
    : element('span', { class: 'mark', role: 'img', 'aria-label': meaning }, element('s-icon', { type: icon, tone }));
  return element('li', { class: 'finding', 'data-level': level }, mark, element('s-text', {}, sentence));
}

export function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
