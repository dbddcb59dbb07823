// Starts the page: mounts the module that each element names in `data-module`, and shows the page once they stand.
import { listenToAdmin } from './moments.js';
import { watchNavigation } from './navigation.js';

const ONLY_FOR_OPENING = ['id_token', 'hmac', 'session', 'timestamp'];

let mounted = [];

/** Mounts what *root* contains, after unmounting what stood before. */
export async function mountModules(root) {
  for (const unmount of mounted.splice(0)) unmount();
  const elements = [...root.querySelectorAll('[data-module]')];
  const modules = await Promise.all(elements.map((element) => import(`./${element.dataset.module}.js`)));
  mounted = modules.map((module, index) => module.mount(elements[index])).filter(Boolean);
}

function forgetToken() {
  const here = new URL(location.href);
  for (const name of ONLY_FOR_OPENING) here.searchParams.delete(name);
  history.replaceState(history.state, '', here);
}

function showLoadProblem() {
  const notice = document.getElementById('load-problem');
  notice.hidden = false;
  notice.querySelector('button').addEventListener('click', () => location.reload());
}

async function start() {
  const page = document.documentElement;
  forgetToken();
  if (!window.shopify || !customElements.get('s-page')) showLoadProblem();
  if (window.shopify) {
    watchNavigation(mountModules);
    listenToAdmin();
    await mountModules(document.getElementById('app'));
  } else {
    page.classList.add('no-bridge');
  }
  page.classList.add('ready');
}

start();
