// The framed document's measured speed, against the limits of the Built for Shopify programme.
import { byId, element } from './dom.js';

const LIMITS = [
  { name: 'LCP', title: 'Largest paint', limit: 2500, unit: 'ms' },
  { name: 'CLS', title: 'Layout shift', limit: 0.1, unit: '' },
  { name: 'INP', title: 'Slowest interaction', limit: 200, unit: 'ms' },
];

export function installVitals(bridge) {
  function show(measured) {
    byId('vitals').replaceChildren(...LIMITS.map(({ name, title, limit, unit }) => {
      const value = measured[name];
      const verdict = value === undefined ? '' : value <= limit ? 'good' : 'poor';
      const words = value === undefined ? '–' : unit ? `${value} ${unit}` : String(Number(value.toFixed(3)));
      const hint = `${title}: at most ${limit}${unit && ` ${unit}`}`;
      return element('div', { class: `vital ${verdict}`, title: hint, 'data-vital': name, 'data-value': value ?? '' }, element('dt', {}, name), element('dd', {}, words));
    }));
  }

  show({});
  bridge.answer({ vitals: show });
}
