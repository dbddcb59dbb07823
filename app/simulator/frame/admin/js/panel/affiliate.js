// The Affiliate tab: Jane is invited and gets an order; the mails that the app has sent lie below.
import { post } from '../api.js';
import { byId, clockTime, element, keyedRows } from '../dom.js';

const ADDRESS = /(https?:\/\/\S+)/;

export function installAffiliate({ feed, isShown }) {
  const mails = keyedRows(byId('mails'), { row: mailRow, empty: 'No mail was sent yet.' });
  let newest = null;
  let seen = 0;

  async function attempt(work) {
    const problem = byId('affiliate-problem');
    problem.hidden = true;
    try {
      await work();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
    await feed.hurry();
  }

  byId('invite').addEventListener('click', () => attempt(async () => {
    const { url, joined } = await post('affiliate/invitation');
    byId('invitation-link').href = url;
    byId('invitation-link').textContent = joined ? 'Jane has joined: open the Connect page' : 'Open Jane’s invitation';
    byId('invitation').hidden = false;
  }));
  byId('affiliate-order').addEventListener('click', () => attempt(async () => {
    const { name, why_not: whyNot } = await post('affiliate/orders');
    byId('affiliate-note').textContent = whyNot ? `${name} was stored, and nobody is texted: ${whyNot}` : `${name} was stored. Look at Janet’s telephone.`;
    byId('affiliate-note').hidden = false;
  }));

  function notice() {
    if (isShown()) seen = newest ?? seen;
    byId('unread-mail').hidden = newest === null || newest <= seen;
  }

  feed.onState((state) => {
    mails(state.mails);
    newest = state.mails[0]?.id ?? null;
    notice();
  });
  return { opened: notice };
}

function mailRow({ to, subject, text, at }) {
  const parts = text.split(ADDRESS).map((part, index) => (index % 2 ? element('a', { href: part, target: '_blank', rel: 'noopener' }, 'open the link') : part));
  return element('li', { class: 'row' },
    element('div', { class: 'row-line' }, element('b', { class: 'grow' }, subject), element('span', { class: 'quiet' }, clockTime(at))),
    element('div', { class: 'quiet' }, `To ${to.join(', ')}`),
    element('p', { class: 'mail-text' }, ...parts));
}
