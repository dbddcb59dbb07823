// Puts the simulated admin together.
import { post } from './api.js';
import { installAppFrame } from './app_frame.js';
import { openBridge } from './bridge.js';
import { byId } from './dom.js';
import { installMenu } from './menu.js';
import { installPanel } from './panel/panel.js';
import { choose, installSaveBar } from './save_bar.js';
import { installTitleBar } from './title_bar.js';
import { installToasts } from './toasts.js';
import { installVitals } from './vitals.js';

const { appOrigin, base, scopes } = document.body.dataset;
const required = scopes.split(' ').filter(Boolean);
let granted = required;

/** What Shopify calls a scope where it asks a merchant. */
const SCOPE_WORDS = { read_fulfillments: 'View fulfillments' };

const bridge = openBridge(byId('app'), appOrigin);
const toasts = installToasts(bridge);
const saveBar = installSaveBar(bridge);
installTitleBar(bridge);
installVitals(bridge);
const app = installAppFrame(bridge, { base, onMoved: () => menu.mark() });
const menu = installMenu(bridge, { base, currentPath: app.currentPath });
const panel = installPanel({ toasts, onConditions: weather });

let known = null; // until the first answer of the simulator

/** What the panel's switches mean for the framed app. */
function weather({ delay, look, conditions }, before) {
  known = { delay, look, phoneWidth: conditions.phone_width };
  bridge.say('conditions', known);
  byId('viewport').classList.toggle('phone-width', conditions.phone_width);
  if (before && before.block_cdn !== conditions.block_cdn) app.open();
}

const scopesDetail = () => ({ granted, required, optional: granted.filter((scope) => !required.includes(scope)) });

bridge.answer({
  hello() {
    saveBar.forget();
    byId('loading-line').hidden = true;
    if (known) bridge.say('conditions', known);
  },
  idToken: async (wish) => (await post('id-token', wish)).token,
  user: async () => ({ id: '1', firstName: 'Sam', lastName: 'Merchant', accountAccess: 'Full access' }),
  loading(busy) { byId('loading-line').hidden = !busy; },
  redirect(address) { if (/^https?:/.test(address)) location.assign(address); },
  adminAddress(address) {
    panel.show('store');
    toasts.note(`Shopify Admin would open ${address} here.`);
  },
  async review() {
    toasts.note('Shopify may ask for a review of the app here.');
    return { success: true, code: 'success', message: 'Review modal shown successfully' };
  },
  'scopes.query': async () => scopesDetail(),
  async 'scopes.request'(asked) {
    if (asked.every((scope) => granted.includes(scope))) return { result: 'granted-all', detail: scopesDetail() };
    byId('scopes-asked').textContent = asked.map((scope) => SCOPE_WORDS[scope] ?? scope).join(', ');
    if ((await choose('scopes-dialog')) !== 'allow') return { result: 'declined-all', detail: scopesDetail() };
    ({ granted } = await post('scopes', { scopes: asked }));
    return { result: 'granted-all', detail: scopesDetail() };
  },
  'scopes.revoke': async () => ({ detail: scopesDetail() }),
});

byId('support').addEventListener('click', () => bridge.say('support'));

document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-open-panel]');
  if (opener) panel.show(opener.dataset.openPanel);
});

app.open().catch((error) => toasts.note(error.message, true));
