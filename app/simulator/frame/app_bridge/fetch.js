// Replaces `fetch` for the app's own address: session token, locale, one retry with a new token, re-authorisation.

/** *network* holds the simulator's wish for slowness: `{ delay: milliseconds }`. */
export function installFetch({ channel, config, network }) {
  // A bounce page rewrites the document in the same window, so the script may meet its own replacement here.
  const native = window.fetch.native ?? window.fetch.bind(window);

  async function fetchAsApp(input, init) {
    const request = new Request(input, init);
    if (!isOwnAddress(new URL(request.url), config)) return native(request);
    const ownsToken = !request.headers.has('Authorization');
    const again = request.clone();
    let response = await native(await dress(request, { retry: false }));
    if (ownsToken && response.headers.get('X-Shopify-Retry-Invalid-Session-Request')) {
      response = await native(await dress(again, { retry: true }));
    }
    const reauthorize = response.headers.get('X-Shopify-API-Request-Failure-Reauthorize-Url');
    if (!reauthorize) return response;
    channel.tell('redirect', new URL(reauthorize, location.href).href);
    return new Promise(() => {}); // the whole window is leaving
  }

  async function dress(request, { retry }) {
    if (network.delay) await new Promise((resolve) => setTimeout(resolve, network.delay));
    const headers = request.headers;
    if (!headers.has('Authorization')) headers.set('Authorization', `Bearer ${await channel.ask('idToken', { retry })}`);
    if (!headers.has('X-Requested-With')) headers.set('X-Requested-With', 'XMLHttpRequest');
    if (!headers.has('Accept-Language')) headers.set('Accept-Language', config.locale);
    return request;
  }

  fetchAsApp.native = native;
  window.fetch = fetchAsApp;
}

function isOwnAddress(url, config) {
  const others = (config.appOrigins ?? '').split(',').map((origin) => origin.trim()).filter(Boolean);
  return url.origin === location.origin || url.hostname.endsWith(`.${location.hostname}`) || others.includes(url.origin);
}
