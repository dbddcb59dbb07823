// The bar above the app: its title, badge, way back and actions, as App Bridge reports them.
import { byId, element } from './dom.js';

export function installTitleBar(bridge) {
  const breadcrumb = byId('breadcrumb');
  let back = null;
  breadcrumb.addEventListener('click', () => bridge.say('action', back.action));

  const press = (item) => () => bridge.say('action', item.action);
  const button = (item, kind) => element('button', { type: 'button', class: kind, disabled: item.disabled || item.loading, click: press(item) }, item.label);

  function menu(item) {
    const drop = element('details', {}, element('summary', { class: 'plain' }, item.label));
    const entries = item.items.map((entry) => element('button', { type: 'button', class: entry.tone, click: press(entry) }, entry.label));
    drop.append(element('div', { class: 'drop', click: () => { drop.open = false; } }, ...entries));
    drop.addEventListener('focusout', ({ relatedTarget }) => { if (!drop.contains(relatedTarget)) drop.open = false; });
    return drop;
  }

  bridge.answer({
    titleBar({ title, primary, secondary = [], breadcrumb: way, accessory }) {
      byId('title').textContent = title || document.body.dataset.appName;
      back = way ?? null;
      breadcrumb.hidden = !back;
      breadcrumb.setAttribute('aria-label', back ? `Back to ${back.label}` : '');
      byId('app-icon').hidden = Boolean(back);
      const badge = byId('accessory');
      badge.hidden = !accessory?.text;
      badge.textContent = accessory?.text ?? '';
      badge.className = `badge ${accessory?.tone ?? ''}`;
      const others = secondary.map((item) => (item.items ? menu(item) : button(item, 'plain')));
      byId('title-actions').replaceChildren(...others, ...(primary ? [button(primary, 'primary')] : []));
    },
  });
}
