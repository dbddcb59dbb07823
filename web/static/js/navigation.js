// Swaps pages without loading the document again. A click in the admin's menu arrives as a click on our link, so one
// listener serves both. Whatever answers oddly (a redirect, no HTML, a fault) is loaded as a whole document instead.
import { inTime } from './api.js';
import { rememberFocus } from './focus.js';

const LINKS = /^(a|s-link|s-button|s-clickable|s-clickable-chip)$/;
const KEPT = ['shop', 'host', 'embedded', 'locale'];

let mount = async () => {};
let newest = 0; // of the calls under way, the only one that may still show its page
let leaving = false; // whether that one leads to another page

export function watchNavigation(mountModules) {
  mount = mountModules;
  document.addEventListener('click', follow);
  addEventListener('popstate', () => go(location.href, { push: false }));
}

/**
 * Shows the page at *href* and answers whether it did: not when the merchant prefers to finish unsaved changes, nor when a
 * later call has overtaken it. A call that *stays* on the page gives way to one that leads to another, and shows nothing
 * over what somebody has begun to write meanwhile, of which *unless* knows.
 */
export async function go(href, { push = true, stays = false, unless = () => false } = {}) {
  const before = newest;
  const url = inThisShop(href);
  if (!(await mayLeave()) || (stays && (leaving || newest !== before))) return false;
  newest += 1;
  const mine = newest;
  leaving = !stays;
  window.shopify?.loading?.(true);
  hideOffline();
  try {
    return await load(url, push, () => mine === newest && !unless());
  } finally {
    if (mine === newest) {
      leaving = false;
      window.shopify?.loading?.(false);
    }
  }
}

async function load(url, push, isNewest) {
  try {
    const html = await fetchFragment(url).catch((fault) => isNewest() && offline(url, push, fault));
    if (html === undefined || !isNewest()) return false;
    if (html === null) {
      location.assign(url);
      return false;
    }
    if (push) history.pushState(null, '', url);
    await show(html);
    return isNewest();
  } catch (fault) {
    console.info('loading the whole page instead', fault);
    if (isNewest()) location.assign(url);
    return false;
  }
}

/** The current page again, as it now is. */
export const refresh = (unless) => go(location.href, { push: false, stays: true, unless });

/** The same for who is reading: nothing moves, and the focus stays where it was if that is still there. */
export async function renew(unless) {
  const [scroll, main] = [scrollY, document.getElementById('app')];
  const giveFocusBack = rememberFocus(main);
  if (!(await refresh(unless))) return false;
  scrollTo(0, scroll);
  giveFocusBack(main);
  return true;
}

/** The page at *url* as it now is, to take parts from; null where it cannot be had. */
export async function fetchPage(url) {
  const html = await fetchFragment(url).catch(() => null);
  return html === null ? null : parse(html);
}

/** The HTML of a page's content, or null when only a whole document will do. */
async function fetchFragment(url) {
  const response = await inTime(fetch(url, { headers: { Accept: 'text/html', 'X-Fragment': '1' } }));
  const isHtml = (response.headers.get('content-type') ?? '').startsWith('text/html');
  const isPage = response.ok || response.status === 404;
  return isHtml && isPage && !response.redirected ? response.text() : null;
}

const parse = (html) => new DOMParser().parseFromString(html, 'text/html').body;

/** The admin's parameters stay in the address, so that a reload inside the frame finds its shop. */
export function inThisShop(href) {
  const url = new URL(href, location.href);
  const here = new URLSearchParams(location.search);
  for (const name of KEPT) if (here.has(name) && !url.searchParams.has(name)) url.searchParams.set(name, here.get(name));
  return url;
}

async function show(html) {
  const main = document.getElementById('app');
  main.replaceChildren(...parse(html).childNodes);
  nameAs(main);
  scrollTo(0, 0);
  // At once, because whoever walks by keyboard stands nowhere from the moment the old page is gone.
  main.focus({ preventScroll: true });
  main.ariaBusy = 'true'; // until its scripts stand, so that nobody is read half a page
  await mount(main);
  main.ariaBusy = null;
}

/** What the page is called, which may be known later than the page. */
export function nameAs(page) {
  const [heading, here] = [page.querySelector('s-page')?.getAttribute('heading'), document.querySelector('#app > s-page')];
  if (!heading) return;
  if (here.getAttribute('heading') !== heading) here.setAttribute('heading', heading);
  document.title = heading;
}

/** Without a network the page stays as it is: a whole document could not be loaded either. */
function offline(url, push, fault) {
  console.info('the page could not be reached', fault);
  const notice = document.getElementById('offline');
  notice.hidden = false;
  notice.querySelector('button').onclick = () => go(url, { push });
}

function hideOffline() {
  document.getElementById('offline').hidden = true;
}

async function mayLeave() {
  try {
    await window.shopify?.saveBar?.leaveConfirmation?.();
    return true;
  } catch {
    return false; // a choice, not a fault
  }
}

function follow(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const isLink = (node) => node instanceof Element && LINKS.test(node.localName) && node.hasAttribute('href');
  const link = event.composedPath().find(isLink);
  if (!link || (link.getAttribute('target') ?? '_self') !== '_self' || link.hasAttribute('download')) return;
  const url = new URL(link.getAttribute('href'), location.href);
  if (url.origin !== location.origin) return;
  event.preventDefault();
  go(url);
}
