// For the organisation's own site: <script src="https://…/c/<organisation>/connect.js" async></script>
//
// Puts a button where <div data-connect></div> stands, or after this script. The button opens the Connect page in a window of
// its own; the page tells this one of "granted" and "revoked", as events "connect:granted" and "connect:revoked" on
// the document. Optional, on the script or the div: data-connect-id with data-signature, data-label.
(() => {
  const script = document.currentScript;
  if (!script) return;
  const source = new URL(script.src);
  const page = source.href.split('?')[0].replace(/\/connect\.js$/, '');
  let opened = null;

  function open(options) {
    const address = new URL(page);
    address.searchParams.set('site', location.origin);
    if (options.connectId && options.signature) {
      address.searchParams.set('connect_id', options.connectId);
      address.searchParams.set('signature', options.signature);
    }
    opened = window.open(address.href, 'connect', 'popup,width=480,height=760');
    // Where windows are not allowed, this page makes room.
    if (!opened) location.assign(address.href);
    return opened;
  }

  window.addEventListener('message', (event) => {
    const news = event.data;
    if (event.origin !== source.origin || event.source !== opened || news?.source !== 'connect') return;
    if (news.event !== 'granted' && news.event !== 'revoked') return;
    const detail = { userId: news.user_id, connectId: news.connect_id };
    document.dispatchEvent(new CustomEvent(`connect:${news.event}`, { detail }));
  });

  function addButton(place, options) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'connect-button';
    button.textContent = options.label || 'Connect';
    button.addEventListener('click', () => open(options));
    place(button);
  }

  function optionsOf(element) {
    const { connectId, signature, label } = { ...script.dataset, ...element.dataset };
    return { connectId, signature, label };
  }

  function begin() {
    const places = document.querySelectorAll('[data-connect]');
    for (const place of places) addButton((button) => place.append(button), optionsOf(place));
    if (!places.length && script.isConnected && script.dataset.button !== 'none') addButton((button) => script.after(button), optionsOf(script));
  }

  window.SmsConnect = { open: (options = {}) => open({ ...optionsOf(script), ...options }) };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
})();
