// Stand-in for Shopify's App Bridge, for the simulated admin and the browser tests only. It models the documented
// behaviour: configuration, session tokens on fetch, bounce page, title bar, menu, save bar, toasts, web vitals.
// Reference: "App Home APIs" and "App Bridge web components" on shopify.dev.
import { openChannel } from './channel.js';
import { readConfig } from './config.js';
import { bounce, bounceTarget, redirectIntoAdmin } from './documents.js';
import { installFetch } from './fetch.js';
import { installNavigation } from './navigation.js';
import { installSaveBar } from './save_bar.js';
import { installServices } from './services.js';
import { installTitleBar } from './title_bar.js';
import { installVitals } from './vitals.js';

function start(script) {
  const config = readConfig(script);
  if (!config) return;
  const embedded = window.top !== window;
  const shopify = {
    config,
    origin: document.referrer ? new URL(document.referrer).origin : '',
    ready: Promise.resolve(),
    environment: { embedded, mobile: false, pos: false, intent: false },
  };
  Object.defineProperty(window, 'shopify', { configurable: true, writable: true, value: shopify });
  if (!embedded) {
    if (!(config.disabledFeatures ?? '').includes('auto-redirect')) redirectIntoAdmin(script, config);
    return;
  }
  const channel = openChannel();
  const network = { delay: 0 };
  installServices({ shopify, channel });
  installFetch({ channel, config, network });
  const target = bounceTarget();
  if (target) {
    bounce(target);
    return;
  }
  channel.on('conditions', ({ delay, look }) => {
    network.delay = delay;
    document.documentElement.dataset.look = look;
  });
  const saveBar = installSaveBar({ shopify, channel });
  installTitleBar({ channel });
  installNavigation({ channel, saveBar });
  installVitals({ shopify, channel });
  channel.tell('hello');
}

start(document.currentScript);
