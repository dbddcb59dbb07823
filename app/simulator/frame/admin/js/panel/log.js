// The Log tab: what became of each webhook, and the switches that make the app's life harder.
import { post, put } from '../api.js';
import { byId, clockTime, element, keyedRows } from '../dom.js';

const SWITCHES = [
  ['expire_tokens', 'Expire session tokens', 'Each first token of a request is too old'],
  ['slow_network', 'Slow network', 'Each request of the app waits 1.5 s'],
  ['block_cdn', 'Block the CDN', 'App Bridge and Polaris do not load'],
  ['lose_webhooks', 'Lose webhooks', 'Neither Shopify nor RingCentral delivers'],
  ['duplicate_webhooks', 'Deliver webhooks twice', ''],
  ['phone_width', 'Phone width', 'The app on a 390 pixel screen'],
  ['second_look', 'New look of the admin', 'The appearance of Polaris 2'],
];
const OUTCOMES = { delivered: 'good', failed: 'bad', abandoned: 'bad', lost: 'bad', pending: 'wait' };

export function installLog({ feed, toasts, onConditions }) {
  const deliveries = keyedRows(byId('deliveries'), { row: deliveryRow, empty: 'No webhook was sent yet.' });
  let current = null;

  async function change(name, value) {
    try {
      await put('conditions', { ...current, [name]: value });
    } catch (error) {
      toasts.note(error.message, true);
    }
    await feed.hurry();
  }

  byId('conditions').replaceChildren(...SWITCHES.map(([name, label, hint]) => switchRow(name, label, hint, change)));
  byId('retry').addEventListener('click', async () => {
    try {
      await post('webhooks/retry');
    } catch (error) {
      toasts.note(error.message, true);
    }
    await feed.hurry();
  });
  feed.onState((state) => {
    deliveries(state.deliveries);
    byId('retry').hidden = !state.deliveries.some(({ outcome }) => outcome === 'failed');
    const before = current;
    current = state.conditions;
    for (const [name] of SWITCHES) byId(`condition-${name}`).checked = current[name];
    if (JSON.stringify(before) !== JSON.stringify(current)) onConditions(state, before);
  });
}

function switchRow(name, label, hint, change) {
  const words = element('span', {}, label, hint ? element('small', {}, hint) : null);
  const box = element('input', { type: 'checkbox', role: 'switch', id: `condition-${name}`, change: (event) => change(name, event.target.checked) });
  return element('li', {}, element('label', {}, words, box));
}

function deliveryRow({ topic, outcome, answers, attempts, at }) {
  const answer = attempts ? answers.join(', ') : outcome;
  const tries = attempts > 1 ? ` · ${attempts} attempts` : '';
  return element('li', { class: 'row' },
    element('div', { class: 'row-line' }, element('span', { class: 'topic grow' }, topic), element('span', { class: `pill ${OUTCOMES[outcome] ?? ''}` }, answer)),
    element('div', { class: 'quiet' }, `${clockTime(at)} · ${outcome}${tries}`));
}
