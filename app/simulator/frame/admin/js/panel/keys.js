// The Keys tab: what a newcomer copies into the app's connection page.
import { get } from '../api.js';
import { byId, element, readablePhone } from '../dom.js';

export function installKeys({ toasts }) {
  let loaded = false;

  async function load() {
    if (loaded) return;
    try {
      const { users, client_id: id, client_secret: secret } = await get('keys');
      const jwts = users.map(({ name, jwt, phones }) => key(`JWT of ${name}`, jwt, phones.map(readablePhone).join(', ')));
      byId('keys').replaceChildren(...jwts, key('Client ID (only if the app asks)', id), key('Client secret (only if the app asks)', secret));
      loaded = true;
    } catch (error) {
      toasts.note(error.message, true);
    }
  }

  function key(label, value, note = '') {
    const copy = element('button', { type: 'button', class: 'light', 'aria-label': `Copy ${label}`, click: () => copyText(value) }, 'Copy');
    return element('div', { class: 'key' },
      element('label', {}, note ? `${label} · ${note}` : label),
      element('div', { class: 'key-line' }, element('code', { tabindex: '0', role: 'textbox', 'aria-readonly': 'true', 'aria-label': label }, value), copy));
  }

  async function copyText(value) {
    await navigator.clipboard.writeText(value);
    toasts.note('Copied');
  }

  return { load };
}
