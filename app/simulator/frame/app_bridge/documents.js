// What happens to documents that are not shown as they came: opened outside the admin, or a bounce page.

const ADMIN_PARAMETERS = ['hmac', 'host', 'id_token', 'session', 'shop', 'timestamp', 'embedded', 'locale', 'protocol'];

export function withoutAdminParameters(href) {
  const url = new URL(href);
  for (const name of ADMIN_PARAMETERS) url.searchParams.delete(name);
  return `${url.pathname}${url.search}${url.hash}`;
}

/** Sends a window that is not framed to the app's place in the admin. */
export function redirectIntoAdmin(script, config) {
  location.replace(adminAddress(new URL(script.src), config) + withoutAdminParameters(location.href));
}

function adminAddress(source, { apiKey, host, shop }) {
  const store = shop.replace('.myshopify.com', '');
  if (source.origin !== 'https://cdn.shopify.com') return `${source.origin}/store/${store}/apps/${apiKey}`;
  return `https://${host ? atob(host) : `admin.shopify.com/store/${store}`}/apps/${apiKey}`;
}

/** The address a bounce page wants to be replaced by, or null for every other document. */
export function bounceTarget() {
  const address = new URLSearchParams(location.search);
  const wanted = address.get('shopify-reload');
  if (!wanted || address.get('id_token')) return null;
  const target = new URL(wanted, location.origin);
  if (target.origin !== location.origin) throw new Error('App Bridge: shopify-reload must be of the same origin.');
  return target;
}

/** Fetches the wanted document with a token and writes it over this one, whose security policy stays in force. */
export async function bounce(target) {
  history.replaceState(null, '', target.href);
  const response = await window.fetch(target.href, { headers: { Accept: 'text/html', 'X-Shopify-Bounce': '1' } });
  const html = await response.text();
  document.open();
  document.write(html);
  document.close();
}
