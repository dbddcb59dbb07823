// Shows a preview: the telephone's bubble, the meter of segments, the dear characters and the hints of the linter.
import { element, finding } from './marks.js';
import { segmentsInWords, tell, tellCost, WORDS } from './words.js';

const LINK = /(https?:\/\/[^\s<>"]+)/;

export function fillBubble(page, text) {
  const bubble = page.querySelector('[data-bubble]');
  fillText(bubble, text);
  // On a phone the bubble is small: what is being written stays in view.
  bubble.scrollTop = bubble.scrollHeight;
}

export function fillText(bubble, text) {
  const parts = (text || WORDS.emptyText).split(LINK);
  bubble.replaceChildren(...parts.map((part, index) => (index % 2 ? element('span', { class: 'link' }, part) : part)));
}

/**
 * *worst*: segments in the worst case, or null while it is not known; *letter*: of a name, where such a one decides it.
 * *price*: of one segment, in US dollars.
 */
export function showCount(page, { units, segments, unitsLeft }, worst, price, letter) {
  const meter = page.querySelector('[data-meter]');
  const room = units + unitsLeft;
  meter.dataset.level = segments <= 1 ? 'ok' : segments <= 3 ? 'more' : 'many';
  meter.querySelector('[data-count]').textContent = `${segmentsInWords(segments)} · ${tell('units', { used: `${units}`, room: `${room}` })}`;
  meter.querySelector('[data-bars]').replaceChildren(...bars(segments, units, room));
  page.querySelector('[data-bubble-note]').textContent = segmentsInWords(segments);
  if (worst === null) return;
  meter.querySelector('[data-worst]').textContent = worst > segments ? tell(letter ? 'worstLetter' : 'worstCase', { count: worst, letter }) : '';
  meter.querySelector('[data-cost]').textContent = tellCost(segments * price, Math.max(worst, segments) * price);
}

/** Of a text that cannot be sent: what the one before would have cost says nothing about it. */
export function forgetCost(page) {
  for (const place of page.querySelectorAll('[data-worst], [data-cost]')) place.textContent = '';
}

/**
 * Dear characters that the merchant typed, or else those of the values filled in, which cannot be helped, and the linter's
 * other findings.
 */
export function showHints(page, preview, template) {
  const { offenders } = preview.segments;
  const own = offenders.filter(({ char }) => template.includes(char));
  const told = own.length ? own : offenders;
  const hint = page.querySelector('[data-unicode]');
  hint.hidden = told.length === 0;
  if (told.length) {
    const list = told.slice(0, 8).map(({ char }) => nameOf(char)).join(' ');
    const words = (own.length ? 'offender' : 'given') + (told.length > 1 ? 's' : '');
    hint.querySelector('[data-unicode-text]').textContent = tell(words, { list });
    hint.querySelector('[data-plain]').hidden = !own.some(({ replacement }) => replacement !== null);
  }
  page.querySelector('[data-findings]').replaceChildren(...preview.findings.filter(({ code }) => code !== 'unicode').map(finding));
}

function bars(segments, units, room) {
  const count = Math.min(Math.max(segments, 1), 8);
  return Array.from({ length: count }, (_, index) => {
    const filled = Math.max(0, Math.min(1, (units / Math.max(room, 1)) * count - index));
    const bar = document.createElement('i');
    bar.style.setProperty('--filled', `${Math.round(filled * 100)}%`);
    return bar;
  });
}

/** An invisible character is told by its code. */
function nameOf(char) {
  return /[\p{Z}\p{C}]/u.test(char) ? `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}` : `“${char}”`;
}
