// The admin's title bar, read from <s-page heading> and its slots (or the older <ui-title-bar>), and kept in step.
import { HiddenElement, defineHidden } from './hidden_element.js';

const SLOTS = ['primary-action', 'secondary-actions', 'breadcrumb-actions', 'accessory'];

export function installTitleBar({ channel }) {
  let actions = [];
  let pending = 0;

  /** What the admin shows of a button; the number leads back to it. */
  function view(element) {
    actions.push(element);
    return {
      action: actions.length - 1, label: element.textContent.trim() || element.getAttribute('accessibilityLabel') || '',
      icon: element.getAttribute('icon'), tone: element.getAttribute('tone'),
      disabled: element.hasAttribute('disabled'), loading: element.hasAttribute('loading'),
    };
  }

  function viewWithMenu(element) {
    const menu = document.getElementById(element.getAttribute('commandFor') ?? '');
    if (menu?.localName !== 's-menu') return view(element);
    return { label: element.textContent.trim(), items: [...menu.querySelectorAll('s-button')].map(view) };
  }

  function readPage(page) {
    const inSlot = (name) => [...page.querySelectorAll(`:scope > [slot="${name}"]`)];
    const [badge] = inSlot('accessory');
    return {
      title: page.getAttribute('heading') || document.title,
      primary: inSlot('primary-action').map(view)[0],
      secondary: inSlot('secondary-actions').flatMap((element) => (element.localName === 's-button-group' ? [...element.children] : [element])).map(viewWithMenu),
      breadcrumb: inSlot('breadcrumb-actions').map(view)[0],
      accessory: badge && { text: badge.textContent.trim(), tone: badge.getAttribute('tone') ?? 'auto' },
    };
  }

  function readTitleBar(bar) {
    const matching = (selector) => [...bar.querySelectorAll(`:scope > ${selector}`)];
    return {
      title: bar.getAttribute('title') || document.title,
      primary: matching('[variant=primary]').map(view)[0],
      secondary: matching(':not([variant])').map(view),
      breadcrumb: matching('[variant=breadcrumb]').map(view)[0],
    };
  }

  function report() {
    pending = 0;
    actions = [];
    const bar = document.querySelector('ui-title-bar');
    const page = document.querySelector('s-page');
    channel.tell('titleBar', bar ? readTitleBar(bar) : page ? readPage(page) : { title: document.title, secondary: [] });
  }

  const soon = () => { pending ||= requestAnimationFrame(report); };

  hideSlots();
  defineHidden('ui-title-bar', class extends HiddenElement { changed() { soon(); } });
  channel.on('action', (action) => actions[action]?.click());
  const concerns = ({ target, addedNodes, removedNodes }) => target.nodeType !== Node.ELEMENT_NODE || target.closest('s-page > [slot], s-menu, title')
    || [target, ...addedNodes, ...removedNodes].some((node) => node.localName === 's-page' || SLOTS.includes(node.slot) || node.querySelector?.('s-page'));
  new MutationObserver((changes) => { if (changes.some(concerns)) soon(); }).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['heading', 'disabled', 'loading', 'tone', 'slot'],
  });
  soon();
}

function hideSlots() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`${SLOTS.map((name) => `s-page > [slot="${name}"]`).join(', ')} { display: none !important }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
