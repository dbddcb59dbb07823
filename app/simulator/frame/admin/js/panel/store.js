// The Store tab: place an order, see orders and customers, fulfil, cancel, change consent.
import { post } from '../api.js';
import { byId, clockTime, element, keyedRows, readablePhone } from '../dom.js';
import { choose } from '../save_bar.js';
import { CONSENT, consentPill } from './consent.js';

const NEW = 'new';
const STATUS = {
  unfulfilled: { label: 'Unfulfilled', tone: 'wait' },
  partial: { label: 'Partly fulfilled', tone: 'wait' },
  fulfilled: { label: 'Fulfilled', tone: 'good' },
  cancelled: { label: 'Cancelled', tone: '' },
};

export function installStore({ feed, toasts, phone, show }) {
  const orders = keyedRows(byId('orders'), { row: (order) => orderRow(order, act), empty: 'No orders yet. Place one above.' });
  const customers = keyedRows(byId('customers'), { row: (customer) => customerRow(customer, { act, openPhone }), empty: 'No customers yet.' });

  /** Does one thing, says so, and shows what came of it. */
  async function act(path, body, said) {
    try {
      const answer = await post(path, body);
      toasts.note(said(answer));
    } catch (error) {
      toasts.note(error.message, true);
    }
    await feed.hurry();
  }

  function openPhone(number) {
    phone.choose(number);
    show('phone');
  }

  installOrderForm({ feed, toasts, phone });
  feed.onState((state) => {
    orders(state.orders);
    customers(state.customers);
  });
}

function orderRow(order, act) {
  const { label, tone } = STATUS[order.status];
  const isOpen = order.status === 'unfulfilled' || order.status === 'partial';
  const fulfil = element('button', { type: 'button', class: 'light small', 'aria-label': `Fulfil ${order.name}`, click: () => fulfilWithTracking(order, act) }, 'Fulfil');
  const cancel = element('button', { type: 'button', class: 'dark small', 'aria-label': `Cancel ${order.name}`, click: () => act(`orders/${order.id}/cancel`, {}, () => `${order.name} cancelled`) }, 'Cancel');
  return element('li', { class: 'row' },
    element('div', { class: 'row-line' }, element('b', {}, order.name), element('span', { class: 'grow' }, order.customer), element('span', { class: `pill ${tone}` }, label)),
    element('div', { class: 'quiet cut', title: order.items }, `${clockTime(order.at)} · ${order.total} · ${order.items}`),
    isOpen ? element('div', { class: 'row-actions' }, fulfil, cancel) : null);
}

async function fulfilWithTracking(order, act) {
  const number = `1Z999AA1${order.id.slice(-8)}`;
  byId('fulfil-heading').textContent = `Fulfil order ${order.name}`;
  byId('tracking-company').value = 'UPS';
  byId('tracking-number').value = number;
  byId('tracking-url').value = `https://www.ups.com/track?tracknum=${number}`;
  if ((await choose('fulfil-dialog')) !== 'fulfil') return;
  const parcel = { tracking_company: byId('tracking-company').value, tracking_number: byId('tracking-number').value, tracking_url: byId('tracking-url').value };
  await act(`orders/${order.id}/fulfil`, parcel, () => `${order.name} fulfilled`);
}

function customerRow(customer, { act, openPhone }) {
  const options = Object.entries(CONSENT).map(([state, { label }]) => element('option', { value: state, selected: state === customer.consent }, label));
  const change = (event) => act(`customers/${customer.id}/consent`, { state: event.target.value }, () => `${customer.name}: ${CONSENT[event.target.value].label.toLowerCase()}`);
  const consent = element('select', { 'aria-label': `SMS consent of ${customer.name}`, change }, ...options);
  const look = element('button', { type: 'button', class: 'dark small', 'aria-label': `Open the phone of ${customer.name}`, disabled: !customer.phone, click: () => openPhone(customer.phone) }, 'Phone');
  const since = customer.consent_updated_at ? ` · since ${clockTime(customer.consent_updated_at)}` : '';
  return element('li', { class: 'row' },
    element('div', { class: 'row-line' }, element('b', { class: 'grow' }, customer.name), consentPill(customer.consent)),
    element('div', { class: 'quiet' }, (readablePhone(customer.phone) || 'No phone') + since),
    element('div', { class: 'row-actions' }, consent, look));
}

function installOrderForm({ feed, toasts, phone }) {
  const form = byId('order-form');
  const select = byId('order-customer');
  const button = form.querySelector('button[type=submit]');
  let offered = '';

  function offer(customers) {
    const print = JSON.stringify(customers.map(({ id, name, consent }) => [id, name, consent]));
    if (print === offered) return;
    offered = print;
    const chosen = select.value;
    const options = customers.map(({ id, name, consent }) => element('option', { value: id }, `${name} · ${CONSENT[consent]?.label ?? consent}`));
    select.replaceChildren(...options, element('option', { value: NEW }, 'New customer…'));
    if ([...select.options].some((option) => option.value === chosen)) select.value = chosen;
    revealNew();
  }

  function revealNew() {
    byId('new-customer').hidden = select.value !== NEW;
  }

  function showProblems(errors, other = '') {
    for (const node of form.querySelectorAll('[data-problem]')) {
      node.textContent = node.dataset.problem === '*' ? other : errors[node.dataset.problem] ?? '';
      node.hidden = !node.textContent;
    }
  }

  function wanted() {
    if (select.value !== NEW) return { customer_id: select.value };
    return { customer: { first_name: byId('first-name').value, last_name: byId('last-name').value, phone: byId('new-phone').value, agreed: byId('agreed').checked } };
  }

  select.addEventListener('change', revealNew);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    showProblems({});
    try {
      const order = await post('orders', wanted());
      toasts.note(`Order ${order.name} placed`);
      phone.choose(order.phone);
      await feed.hurry();
    } catch (error) {
      const known = ['first_name', 'phone'].some((name) => error.errors?.[name]);
      showProblems(error.errors ?? {}, known ? '' : error.message);
    } finally {
      button.disabled = false;
    }
  });
  feed.onState((state) => offer(state.customers));
}
