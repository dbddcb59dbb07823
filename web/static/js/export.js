// Exports what the log shows just now. A download carries no session token, so the server first makes an address that
// works once.
import { send } from './api.js';
import { element } from './marks.js';
import { onSubmit } from './submit.js';
import { WORDS } from './words.js';

const FILTERS = ['status', 'kind', 'q'];

export function mount(form) {
  function ask() {
    const here = new URLSearchParams(location.search);
    return send(form.dataset.action, 'POST', Object.fromEntries([...here].filter(([name, value]) => value && FILTERS.includes(name))));
  }

  onSubmit(form, ask, ({ url }) => {
    const link = element('a', { href: url, download: '' });
    document.body.append(link);
    link.click();
    link.remove();
    window.shopify.toast.show(WORDS.exportReady);
  });
}
