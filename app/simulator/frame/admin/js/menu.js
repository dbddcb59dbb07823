// The side menu: the app's own entries, the one that is current, and the drawer it becomes on a narrow window.
import { byId, element } from './dom.js';

export function installMenu(bridge, { base, currentPath }) {
  const menu = byId('menu');
  const toggle = byId('menu-toggle');

  function open(wanted) {
    menu.classList.toggle('open', wanted);
    toggle.setAttribute('aria-expanded', String(wanted));
  }

  toggle.addEventListener('click', () => open(!menu.classList.contains('open')));
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') open(false); });
  // A click into the app's frame takes the focus away from this window.
  window.addEventListener('blur', () => open(false));
  menu.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-app-path]');
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    bridge.say('navigate', link.dataset.appPath);
    open(false);
  });

  /** The entry with the longest path that the app's place begins with. */
  function mark() {
    const place = currentPath().split(/[?#]/)[0];
    const links = [...document.querySelectorAll('.menu .app, .app-menu a')];
    const fits = ({ dataset: { appPath } }) => appPath === place || (appPath !== '/' && place.startsWith(`${appPath}/`));
    const [best] = links.filter(fits).sort((a, b) => b.dataset.appPath.length - a.dataset.appPath.length);
    for (const link of links) {
      if (link === best) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }

  bridge.answer({
    menu(entries) {
      const links = entries.map(({ label, path }) => element('li', {}, element('a', { href: base + path, 'data-app-path': path }, label)));
      byId('app-menu').replaceChildren(...links);
      mark();
    },
  });
  return { mark };
}
