// The hosted Connect page works without this. With it: links with a token behind the #, a reload that stays signed in,
// previews while typing, a question before typed words are lost, and news for the page that opened this one.
//
// The token of the visit is kept by this tab only (sessionStorage) and is never part of an address.
const TYPING_PAUSE = 500;
const base = document.body.dataset.base;
const kept = {
  get session() { return sessionStorage.getItem(`session ${base}`); },
  set session(token) { token ? sessionStorage.setItem(`session ${base}`, token) : sessionStorage.removeItem(`session ${base}`); },
  get site() { return sessionStorage.getItem(`site ${base}`); },
  set site(origin) { sessionStorage.setItem(`site ${base}`, origin); },
};

/** What a page asks for as soon as it stands. */
function settle() {
  const { session, path, forget, site, told } = document.body.dataset;
  if (site) kept.site = site;
  if (told) tell(JSON.parse(told));
  if (session) {
    kept.session = session;
    if (location.pathname !== path || location.hash) history.pushState(null, '', path);
  } else if (forget !== undefined) {
    kept.session = null;
    history.replaceState(null, '', base);
  }
  mountEditor();
}

/** The opener is told only where the organisation named its site; another page gets nothing. */
function tell(news) {
  if (!window.opener || !kept.site) return;
  window.opener.postMessage({ source: 'connect', ...news }, kept.site);
}

/** A token behind the # opens nothing by itself: programs that preview links run scripts, but press no buttons. */
function offerLink() {
  const [, kind, token] = /^#(invite|sign_in)=([\w=-]+)$/.exec(location.hash) ?? [];
  const byLink = document.querySelector('[data-by-link]');
  if (!token || !byLink) return false;
  history.replaceState(null, '', location.pathname + location.search);
  byLink.querySelector('[name=token]').value = token;
  byLink.querySelector('[data-invited]').hidden = kind !== 'invite';
  byLink.querySelector('[data-mailed]').hidden = kind !== 'sign_in';
  byLink.hidden = false;
  document.querySelector('[data-by-code]').hidden = true;
  return true;
}

async function send(action, fields, { quiet = false } = {}) {
  let answer;
  try {
    answer = await fetch(action, { method: 'POST', body: new URLSearchParams(fields) });
  } catch {
    return null;
  }
  if (!/^text\/html/.test(answer.headers.get('content-type') ?? '')) return null;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (!quiet) show(page, answer.status);
  return page;
}

function show(page, status) {
  const control = sameControl(document.activeElement);
  if (status === 401) kept.session = null;
  document.title = page.title;
  document.documentElement.lang = page.documentElement.lang;
  document.body.replaceWith(document.adoptNode(page.body));
  settle();
  const fault = document.querySelector('[role=alert], [aria-invalid=true], [autofocus]');
  const place = fault ?? (control && document.querySelector(control)) ?? document.querySelector('main');
  if (place.matches('[role=alert]')) place.tabIndex = -1;
  place.focus({ preventScroll: true });
  if (!control || place.matches('main, [role=alert]')) window.scrollTo(0, 0);
}

/** Who works a switch stays at it; everything else leads to the start of what is new. */
function sameControl(element) {
  return element?.matches('[role=switch]') ? `form[action="${element.form.getAttribute('action')}"] [role=switch]` : null;
}

/** Whether something was typed or chosen within a visit that only *sent*, if any, would keep. */
function losesWords(sent) {
  const fields = document.querySelectorAll('.inside :is(input, textarea)');
  return [...fields].some((field) => field.form !== sent && isChanged(field));
}

/** `data-typed`: came back from the server, but was not saved. */
function isChanged(field) {
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked || field.dataset.typed !== undefined;
}

function mayLeave(sent) {
  return !losesWords(sent) || confirm(document.body.dataset.unsaved);
}

let leavingBy;
window.addEventListener('beforeunload', (event) => {
  if (losesWords(leavingBy)) event.preventDefault();
});

document.addEventListener('submit', async (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  event.preventDefault();
  if (form.dataset.busy || !mayLeave(form)) return;
  form.dataset.busy = 'yes';
  const { submitter } = event;
  const action = submitter?.getAttribute('formaction') ?? form.action;
  const fields = [...new FormData(form, submitter ?? undefined)];
  // Without a page for an answer the browser tries by itself, and shows what is in the way.
  if ((await send(action, fields)) === null) {
    delete form.dataset.busy;
    form.action = action;
    leavingBy = form;
    form.submit();
  }
});

window.addEventListener('popstate', () => {
  const token = kept.session;
  if (!mayLeave()) history.pushState(null, '', document.body.dataset.path);
  else if (token && location.pathname !== base) send(location.pathname, { session: token });
  else location.reload();
});

function mountEditor() {
  const form = document.querySelector('[data-editor]');
  if (!form) return;
  let waiting = 0;
  let latest = 0;
  form.template.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const turn = (latest += 1);
      const page = await send(form.dataset.preview, [...new FormData(form)], { quiet: true });
      const fresh = page?.querySelector('#preview');
      if (!fresh || turn !== latest || !form.isConnected) return;
      document.querySelector('#preview').replaceChildren(...document.adoptNode(fresh).childNodes);
    }, TYPING_PAUSE);
  });
}

settle();
if (!offerLink() && !document.body.dataset.session && kept.session && document.body.dataset.forget === undefined) {
  const there = document.body.dataset.resume ?? `${base}/home`;
  if (document.querySelector('[data-by-code]') && !document.querySelector('[role=alert]')) send(there, { session: kept.session });
}
