// Reads App Bridge's configuration as the genuine script does: remembered values of this frame, `data-*` of the script
// tag, `shopify-*` meta tags, then `shop`, `host` and `locale` of the address.
const REMEMBERED = 'simulated-app-bridge';

/** Settings of this document, or null when the script tag itself is wrong (said on the console, as the genuine one does). */
export function readConfig(script) {
  if (!script || script.type === 'module' || script.async || script.defer) {
    console.error('App Bridge must be a blocking script: no async, defer or type=module.');
    return null;
  }
  if (document.querySelector('script[src]') !== script) {
    console.error('App Bridge must be the first script of the document.');
    return null;
  }
  const address = new URLSearchParams(location.search);
  const fromAddress = {};
  for (const name of ['shop', 'host', 'locale']) if (address.get(name)) fromAddress[name] = address.get(name);
  const config = { locale: 'en-US', ...recall(), ...beforeTheRewrite(), ...fromMeta(), ...pickApiKey(script.dataset), ...fromAddress };
  const missing = ['apiKey', 'shop'].filter((name) => !config[name]);
  if (missing.length) throw new Error(`App Bridge: missing required configuration fields: ${missing.join(', ')}`);
  remember(config);
  return Object.freeze(config);
}

// A bounce page writes the wanted document over itself, in the same window, which therefore still has its settings.
function beforeTheRewrite() {
  return window.shopify?.config ?? {};
}

function pickApiKey(dataset) {
  return dataset.apiKey ? { apiKey: dataset.apiKey } : {};
}

function fromMeta() {
  const values = {};
  for (const meta of document.querySelectorAll('meta[name^="shopify-"]')) {
    const name = meta.name.slice('shopify-'.length).replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
    values[name] = meta.content;
  }
  return values;
}

// A browser that blocks storage in cross-site frames throws; then every document must carry its own `shop`.
function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(REMEMBERED) ?? '{}');
  } catch (error) {
    console.debug('App Bridge: frame storage is not available.', error.name);
    return {};
  }
}

function remember({ apiKey, shop, host, locale }) {
  try {
    sessionStorage.setItem(REMEMBERED, JSON.stringify({ apiKey, shop, host, locale }));
  } catch (error) {
    console.debug('App Bridge: frame storage is not available.', error.name);
  }
}
