// The Store tab: place an order, see orders and customers, and let happen to them what happens in a shop.
import { post } from '../api.js';
import { byId, clockTime, element, keyedRows, readablePhone } from '../dom.js';
import { choose } from '../save_bar.js';
import { CONSENT, consentPill } from './consent.js';

const NEW = 'new';
const STATUS = {
  unfulfilled: { label: 'Unfulfilled', tone: 'wait' },
  partial: { label: 'Partly fulfilled', tone: 'wait' },
  fulfilled: { label: 'Fulfilled', tone: 'good' },
  cancelled: { label: 'Canceled', tone: '' },
};
/** What the carrier may report, in its own words at Shopify. */
const NEWS = {
  in_transit: 'In transit',
  delayed: 'Delayed',
  out_for_delivery: 'Out for delivery',
  attempted_delivery: 'Delivery attempted',
  ready_for_pickup: 'Ready for pickup',
  delivered: 'Delivered',
};
const PAID = ['paid', 'partially_refunded'];

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
  const payment = order.payment === 'paid' ? '' : ` · ${order.payment.replace('_', ' ')}`;
  return element('li', { class: 'row' },
    element('div', { class: 'row-line' }, element('b', {}, order.name), element('span', { class: 'grow' }, order.customer), element('span', { class: `pill ${tone}` }, label)),
    element('div', { class: 'quiet cut', title: order.items }, `${clockTime(order.at)} · ${order.total}${payment} · ${order.items}`),
    ...orderActions(order, act));
}

/** Two lines of what can still happen: to the order, and to the parcel that left last. */
function orderActions(order, act) {
  const isOpen = order.status === 'unfulfilled' || order.status === 'partial';
  const does = (path, body, said) => () => act(`orders/${order.id}/${path}`, body, () => `${order.name} ${said}`);
  const button = (label, click, tone = 'dark') => element('button', { type: 'button', class: `${tone} small`, 'aria-label': `${label} ${order.name}`, click }, label);
  const lines = [
    isOpen && button('Fulfill', () => fulfilWithTracking(order, act), 'light'),
    order.payment === 'pending' && isOpen && button('Pay', does('pay', {}, 'paid')),
    PAID.includes(order.payment) && button('Refund half', does('refund', { half: true }, 'refunded in part')),
    PAID.includes(order.payment) && button('Refund', does('refund', {}, 'refunded')),
    isOpen && button('Cancel', does('cancel', {}, 'canceled')),
  ].filter(Boolean);
  const parcel = order.parcel && order.status !== 'cancelled' ? parcelActions(order, act, button) : null;
  return [lines.length ? element('div', { class: 'row-actions' }, ...lines) : null, parcel];
}

function parcelActions(order, act, button) {
  const chosen = ({ target }) => target.value && act(`orders/${order.id}/report`, { status: target.value }, () => `${order.name}: ${NEWS[target.value].toLowerCase()}`);
  const options = Object.entries(NEWS).map(([status, label]) => element('option', { value: status }, label));
  const said = order.parcel.progress ? NEWS[order.parcel.progress] ?? order.parcel.progress : 'Carrier reports…';
  const news = element('select', { 'aria-label': `What the carrier reports of ${order.name}`, change: chosen }, element('option', { value: '' }, said), ...options);
  const number = `1Z999AA1${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`;
  const tracking = { tracking_company: 'UPS', tracking_number: number };
  return element('div', { class: 'row-actions' }, news, button('New tracking', () => act(`orders/${order.id}/tracking`, tracking, () => `${order.name} has tracking ${number}`)));
}

async function fulfilWithTracking(order, act) {
  const number = `1Z999AA1${order.id.slice(-8)}`;
  byId('fulfil-heading').textContent = `Fulfill order ${order.name}`;
  byId('tracking-company').value = 'UPS';
  byId('tracking-number').value = number;
  byId('tracking-url').value = `https://www.ups.com/track?tracknum=${number}`;
  byId('partial').checked = false;
  if ((await choose('fulfil-dialog')) !== 'fulfil') return;
  const parcel = { tracking_company: byId('tracking-company').value, tracking_number: byId('tracking-number').value, tracking_url: byId('tracking-url').value, partial: byId('partial').checked };
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
    const unpaid = byId('unpaid').checked;
    if (select.value !== NEW) return { customer_id: select.value, unpaid };
    return { unpaid, customer: { first_name: byId('first-name').value, last_name: byId('last-name').value, phone: byId('new-phone').value, agreed: byId('agreed').checked } };
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
