// The Phone tab: one customer's telephone, live.
import { post } from '../api.js';
import { byId, clockTime, element, readablePhone } from '../dom.js';
import { consentPill } from './consent.js';

const PAUSE_MS = 15 * 60 * 1000;
const ADDRESS = /(https?:\/\/\S+)/;

export function installPhone({ feed, isShown }) {
  const select = byId('phone-customer');
  const bubbles = byId('bubbles');
  const box = byId('composer-text');
  let seen = 0;
  let shown = 0;
  let sender = '';
  let latest = null;

  function chooseNumber(number) {
    if (!number) return;
    if ([...select.options].every((option) => option.value !== number)) select.append(element('option', { value: number }, readablePhone(number)));
    select.value = number;
    shown = 0;
    feed.watchPhone(number);
    if (latest) showHolder(latest);
  }

  function offer({ customers, people }) {
    const chosen = select.value;
    const withPhone = [...customers.filter((customer) => customer.phone), ...people];
    select.replaceChildren(...withPhone.map(({ name, phone }) => element('option', { value: phone }, `${name} · ${readablePhone(phone)}`)));
    if (withPhone.some(({ phone }) => phone === chosen)) select.value = chosen;
    if (select.value) feed.watchPhone(select.value);
  }

  function showHolder({ customers }) {
    const customer = customers.find(({ phone }) => phone === select.value);
    byId('phone-consent').replaceChildren(...(customer ? [consentPill(customer.consent)] : []));
  }

  function showTexts({ texts, senders }) {
    const received = texts.filter(({ direction }) => direction === 'in');
    sender = senders[0] ?? '';
    byId('contact-number').textContent = readablePhone(sender) || 'The store';
    const nodes = texts.flatMap((text, index) => [
      ...(startsGroup(texts, index) ? [element('li', { class: 'when' }, clockTime(text.at))] : []),
      bubble(text, index >= shown && shown > 0),
    ]);
    const isAtEnd = bubbles.scrollHeight - bubbles.scrollTop - bubbles.clientHeight < 60 || shown === 0;
    bubbles.replaceChildren(...(nodes.length ? nodes : [element('li', { class: 'no-texts' }, 'No texts yet. Place an order for this customer.')]));
    shown = texts.length;
    if (isAtEnd) bubbles.scrollTop = bubbles.scrollHeight;
    notice(received.length);
  }

  function notice(received) {
    if (isShown() || received < seen) seen = received;
    byId('unread').hidden = received <= seen;
  }

  async function send(text) {
    const problem = byId('phone-problem');
    problem.hidden = true;
    try {
      await post('texts', { phone: select.value, to: sender, text });
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
    await feed.hurry();
  }

  select.addEventListener('change', () => chooseNumber(select.value));
  byId('composer').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = box.value.trim();
    box.value = '';
    if (text) send(text);
  });
  for (const button of document.querySelectorAll('[data-text]')) button.addEventListener('click', () => send(button.dataset.text));

  let offered = '';
  feed.onState((state) => {
    latest = state;
    const print = JSON.stringify(state.customers.map(({ name, phone }) => [name, phone]));
    if (print !== offered) offer(state);
    offered = print;
    showHolder(state);
    showTexts(state);
    byId('phone-clock').textContent = clockTime(Date.now()).replace(/\s?[AP]M$/i, '');
  });
  return {
    choose: chooseNumber,
    opened() {
      if (latest) showTexts(latest);
      bubbles.scrollTop = bubbles.scrollHeight;
    },
  };
}

function startsGroup(texts, index) {
  return index === 0 || new Date(texts[index].at) - new Date(texts[index - 1].at) > PAUSE_MS;
}

function bubble({ direction, text }, isNew) {
  const parts = text.split(ADDRESS).map((part, index) => (index % 2 ? element('span', { class: 'address-in-text' }, part) : part));
  return element('li', { class: `bubble ${direction === 'in' ? 'in' : 'out'}${isNew ? ' new' : ''}` }, ...parts);
}
