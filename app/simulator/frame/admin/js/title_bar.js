// The bar above the app: its title, badge, way back and actions, as App Bridge reports them. On a phone all but the main
// action are in one menu, as in Shopify Admin, so that the title has room.
import { byId, element } from './dom.js';

export function installTitleBar(bridge) {
  const breadcrumb = byId('breadcrumb');
  const phone = matchMedia('(max-width: 560px)');
  let [back, primary, secondary, shown] = [null, null, [], ''];
  breadcrumb.addEventListener('click', () => bridge.say('action', back.action));

  const press = (item) => () => bridge.say('action', item.action);
  const button = (item, kind) => element('button', { type: 'button', class: kind, disabled: item.disabled || item.loading, click: press(item) }, item.label);

  function menu(summary, items) {
    const drop = element('details', {}, summary, element('div', { class: 'drop' }, ...items.map((item) => button(item, item.tone))));
    const close = () => { drop.open = false; };
    drop.querySelector('.drop').addEventListener('click', close);
    drop.addEventListener('focusout', ({ relatedTarget }) => { if (!drop.contains(relatedTarget)) close(); });
    drop.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !drop.open) return;
      close();
      summary.focus();
    });
    return drop;
  }

  const named = (item) => (item.items ? menu(element('summary', { class: 'plain' }, item.label), item.items) : button(item, 'plain'));
  const folded = () => menu(element('summary', { class: 'round', 'aria-label': 'More actions' }, element('i', { class: 'glyph more' })), secondary.flatMap((item) => item.items ?? [item]));

  /** Only what is different is made again, so that an open menu stays open while something else on the page changes. */
  function showActions() {
    const print = JSON.stringify([phone.matches, primary, secondary]);
    if (print === shown) return;
    shown = print;
    const others = phone.matches && secondary.length ? [folded()] : secondary.map(named);
    byId('title-actions').replaceChildren(...others, ...(primary ? [button(primary, 'primary')] : []));
  }

  phone.addEventListener('change', showActions);
  bridge.answer({
    titleBar(told) {
      byId('title').textContent = told.title || document.body.dataset.appName;
      back = told.breadcrumb ?? null;
      breadcrumb.hidden = !back;
      breadcrumb.setAttribute('aria-label', back ? `Back to ${back.label}` : '');
      byId('app-icon').hidden = Boolean(back);
      const badge = byId('accessory');
      badge.hidden = !told.accessory?.text;
      badge.textContent = told.accessory?.text ?? '';
      badge.className = `badge ${told.accessory?.tone ?? ''}`;
      [primary, secondary] = [told.primary ?? null, told.secondary ?? []];
      showActions();
    },
  });
}
