// The small services of the `shopify` global: toasts, loading line, user, scopes, modals, and answers that say "simulated".

export function installServices({ shopify, channel }) {
  let help = null;
  shopify.idToken = () => channel.ask('idToken', { retry: false });
  shopify.user = () => channel.ask('user');
  shopify.loading = (busy) => channel.tell('loading', Boolean(busy));
  shopify.scopes = {
    query: () => channel.ask('scopes.query'),
    request: (scopes) => channel.ask('scopes.request', scopes),
    revoke: (scopes) => channel.ask('scopes.revoke', scopes),
  };
  shopify.toast = toasts(channel);
  shopify.modal = {
    show: async (id) => document.getElementById(id)?.showOverlay?.(),
    hide: async (id) => document.getElementById(id)?.hideOverlay?.(),
    toggle: async (id) => document.getElementById(id)?.toggleOverlay?.(),
  };
  shopify.reviews = { request: () => channel.ask('review') };
  shopify.support = { registerHandler: async (wanted) => { help = wanted; } };
  channel.on('support', () => help?.());
  shopify.app = { extensions: async () => [] };
}

function toasts(channel) {
  const actions = new Map();
  let last = 0;
  channel.on('toastAction', (id) => actions.get(id)?.());
  return {
    show(message, { duration = 5000, isError = false, action = null, onAction = null } = {}) {
      last += 1;
      const id = `toast-${last}`;
      if (onAction) actions.set(id, onAction);
      channel.tell('toast', { id, message, duration, isError, action });
      return id;
    },
    hide(id) { channel.tell('toastHide', id); },
  };
}
