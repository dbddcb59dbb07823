// The choice of the order that a text is shown with. Without Shopify, or without orders, the sample stays.
import { send } from './api.js';
import { element } from './marks.js';
import { WORDS } from './words.js';

/** *values()*: what fills the text in, or null for the sample; *body()*: the same for the server. */
export function orderPicker(select, action, locale, onChange) {
  let values = null;
  let latest = 0;

  async function list() {
    const answer = await send('/api/admin/orders', 'GET');
    if (!answer.ok) {
      select.setAttribute('details', WORDS.ordersAway);
      return;
    }
    if (!answer.data.orders.length) select.setAttribute('details', WORDS.noOrders);
    select.append(...answer.data.orders.map(option));
  }

  async function choose() {
    latest += 1;
    const mine = latest;
    values = null;
    select.removeAttribute('error');
    if (select.value) {
      const answer = await send(`${action}/orders/${select.value}?language=${locale()}`, 'GET');
      if (mine !== latest) return;
      if (answer.ok) values = answer.data.values;
      else select.setAttribute('error', answer.sentence);
    }
    onChange();
  }

  select.addEventListener('change', (event) => { event.stopPropagation(); choose(); });
  list();
  return { values: () => values, body: () => (values ? { values } : {}) };
}

const option = ({ id, name, customer }) => element('s-option', { value: id }, customer ? `${name} · ${customer}` : name);
