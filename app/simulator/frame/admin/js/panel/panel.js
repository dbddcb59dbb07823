// The demo panel: its tabs, its place beside or over the admin, and the one stream of data that its panes show.
import { byId } from '../dom.js';
import { installAffiliate } from './affiliate.js';
import { startFeed } from './feed.js';
import { installKeys } from './keys.js';
import { installLog } from './log.js';
import { installPhone } from './phone.js';
import { installStore } from './store.js';

const TABS = ['store', 'phone', 'affiliate', 'log', 'keys'];
const REMEMBERED = 'simulator-panel';

export function installPanel({ toasts, onConditions }) {
  const panel = byId('panel');
  const toggle = byId('panel-toggle');
  const opened = [];

  function setOpen(wanted) {
    panel.hidden = !wanted;
    toggle.setAttribute('aria-expanded', String(wanted));
    sessionStorage.setItem(REMEMBERED, wanted ? 'open' : 'closed');
    feed.hurry();
  }

  function select(tab, { focus = false } = {}) {
    for (const name of TABS) {
      const button = byId(`tab-${name}`);
      button.setAttribute('aria-selected', String(name === tab));
      button.tabIndex = name === tab ? 0 : -1;
      byId(`pane-${name}`).hidden = name !== tab;
    }
    if (focus) byId(`tab-${tab}`).focus();
    for (const listener of opened) listener(tab);
  }

  function show(tab) {
    setOpen(true);
    select(tab);
  }

  const feed = startFeed({ isWanted: () => !panel.hidden });
  const phone = installPhone({ feed, isShown: () => !panel.hidden && !byId('pane-phone').hidden });
  installStore({ feed, toasts, phone, show });
  const affiliate = installAffiliate({ feed, isShown: () => !panel.hidden && !byId('pane-affiliate').hidden });
  installLog({ feed, toasts, onConditions });
  const keys = installKeys({ toasts });
  opened.push((tab) => { if (tab === 'keys') keys.load(); if (tab === 'phone') phone.opened(); if (tab === 'affiliate') affiliate.opened(); });

  toggle.addEventListener('click', () => setOpen(panel.hidden));
  byId('panel-close').addEventListener('click', () => { setOpen(false); toggle.focus(); });
  for (const name of TABS) byId(`tab-${name}`).addEventListener('click', () => select(name));
  byId('tab-store').parentElement.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = TABS.findIndex((name) => event.target.id === `tab-${name}`);
    if (step && at >= 0) select(TABS[(at + step + TABS.length) % TABS.length], { focus: true });
  });

  const remembered = sessionStorage.getItem(REMEMBERED);
  setOpen(remembered ? remembered === 'open' && !isNarrow() : !isNarrow());
  return { show };
}

function isNarrow() {
  return matchMedia('(max-width: 1199px)').matches;
}
