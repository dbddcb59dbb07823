// The app's entries in the admin's menu, the admin's address line, and the guard of an open save bar. A click in the
// admin's menu becomes a click on the matching link of the page; if no script handles it, the frame loads the address.
import { withoutAdminParameters } from './documents.js';
import { HiddenElement, defineHidden } from './hidden_element.js';

export function installNavigation({ channel, saveBar }) {
  reportMenu(channel);
  reportAddress(channel);
  guardLinks(channel, saveBar);
  channel.on('navigate', (path) => {
    if (saveBar.isOpen()) askToLeave(channel);
    else follow(path);
  });
}

const MENUS = 's-app-nav, ui-nav-menu';

function reportMenu(channel) {
  const entry = (link) => ({ label: link.textContent.trim(), path: withoutAdminParameters(new URL(link.getAttribute('href'), location.href).href) });
  const report = () => {
    const links = [...(document.querySelector(MENUS)?.children ?? [])].filter((link) => link.getAttribute('rel') !== 'home' && link.hasAttribute('href'));
    channel.tell('menu', links.map(entry));
  };
  // A class can be registered once only, hence one for each of the two tags.
  defineHidden('s-app-nav', class extends HiddenElement { changed() { report(); } });
  defineHidden('ui-nav-menu', class extends HiddenElement { changed() { report(); } });
  document.addEventListener('DOMContentLoaded', report);
}

function reportAddress(channel) {
  const report = () => channel.tell('address', withoutAdminParameters(location.href));
  for (const name of ['pushState', 'replaceState']) {
    const native = history[name].native ?? history[name];
    history[name] = function changeAddress(...details) {
      native.apply(history, details);
      report();
    };
    history[name].native = native;
  }
  window.addEventListener('popstate', report);
  window.addEventListener('hashchange', report);
  report();
}

function guardLinks(channel, saveBar) {
  const isLink = (node) => node instanceof Element && node.getAttribute('href') && /^(a|s-link|s-button|s-clickable|s-clickable-chip)$/.test(node.localName);
  window.addEventListener('click', (event) => {
    const link = event.composedPath().find(isLink);
    if (!link) return;
    const href = link.getAttribute('href');
    if (/^shopify:/.test(href)) {
      event.preventDefault();
      channel.tell('adminAddress', href.replace(/^shopify:(\/\/)?/, ''));
    } else if (saveBar.isOpen() && link.getAttribute('target') !== '_blank') {
      event.preventDefault();
      event.stopImmediatePropagation();
      askToLeave(channel);
    }
  }, true);
}

/** Staying is a choice, not a failure. */
function askToLeave(channel) {
  channel.ask('leaveConfirmation').catch((refusal) => console.info(refusal.message));
}

function follow(path) {
  const wanted = path.split(/[?#]/)[0];
  const links = [...document.querySelectorAll(`:is(${MENUS}) > [href]`)];
  const link = links.find((candidate) => new URL(candidate.getAttribute('href'), location.href).pathname === wanted);
  if (!link) {
    location.assign(path);
    return;
  }
  // An undefined element (the component library did not load) has no activation behaviour of its own.
  const inert = link.localName !== 'a' && !customElements.get(link.localName);
  let handled = false;
  const notice = (event) => { handled = event.defaultPrevented; };
  window.addEventListener('click', notice, { once: true });
  link.click();
  window.removeEventListener('click', notice);
  if (inert && !handled) location.assign(path);
}
