// Starts the page: mounts its modules, and shows it once they stand.
import { mountModules } from './modules.js';
import { listenToAdmin } from './moments.js';
import { watchNavigation } from './navigation.js';

const ONLY_FOR_OPENING = ['id_token', 'hmac', 'session', 'timestamp'];

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
