// Line icons on a 20 by 20 grid, drawn for this simulator under Polaris' names. An unknown name shows an empty frame.
const SVG = 'http://www.w3.org/2000/svg';
const TICK = 'M6.9 10.2l2.2 2.3 4.2-4.6';
const CIRCLE = 'M17 10a7 7 0 1 1-14 0a7 7 0 0 1 14 0z';

const PATHS = {
  'alert-circle': `${CIRCLE}M10 6.6v4.2M10 13.4v.1`,
  'alert-triangle': 'M10 3.4 17.2 16H2.8zM10 8v3.6M10 13.7v.1',
  'arrow-down': 'M10 4v12m0 0 4.5-4.5M10 16l-4.5-4.5',
  'arrow-left': 'M16 10H4m0 0 4.5 4.5M4 10l4.5-4.5',
  'arrow-right': 'M4 10h12m0 0-4.5-4.5M16 10l-4.5 4.5',
  'arrow-up': 'M10 16V4m0 0L5.5 8.5M10 4l4.5 4.5',
  'calendar': 'M4 5.5h12v11H4zM4 8.5h12M7.2 3.5v3M12.8 3.5v3',
  'cash-dollar': `${CIRCLE}M12 7.800c-.4-.8-1.1-1.100-2-1.100c-1.200 0-2 .6-2 1.600c0 2.300 4.100 1.100 4.100 3.400c0 1-.9 1.600-2.100 1.600c-1 0-1.700-.4-2.100-1.200M10 5.500v9`,
  'chart-line': 'M3.5 3.5v13h13M6.5 12.5l3-3.5 2.5 2 4-5',
  'chart-vertical': 'M5 16.5v-6M10 16.5v-12M15 16.5v-8',
  'chat': 'M3.5 4.5h13v9h-7l-3.4 3v-3H3.5z',
  'check': 'm4.5 10.6 3.6 3.6 7.4-8.2',
  'check-circle': `${CIRCLE}${TICK}`,
  'chevron-down': 'm6 8 4 4 4-4',
  'chevron-left': 'm12 6-4 4 4 4',
  'chevron-right': 'm8 6 4 4-4 4',
  'chevron-up': 'm6 12 4-4 4 4',
  'circle': CIRCLE,
  'circle-dashed': CIRCLE,
  'clipboard': 'M7 4.5H4.8v12h10.4v-12H13M7 3.2h6v2.9H7z',
  'clock': `${CIRCLE}M10 6v4l2.8 1.8`,
  'code': 'm7 6-4 4 4 4m6-8 4 4-4 4',
  'connect': 'M8 12 12 8M9 5.6l1.4-1.4a3.8 3.8 0 0 1 5.4 5.4L14.4 11M11 14.400l-1.4 1.4a3.8 3.8 0 0 1-5.4-5.4L5.6 9',
  'delete': 'M4 6h12M8 6V4h4v2M5.5 6l.8 10.500h7.400L14.5 6M8.6 9v4.500m2.8-4.500v4.5',
  'discount': 'M3.5 3.500h6l7 7-6 6-7-7zM7 7v.1',
  'duplicate': 'M7.5 7.500h9v9h-9zM12.5 7.500v-4h-9v9h4',
  'edit': 'm4 16 .9-3.600L13 4.300l2.7 2.7-8.1 8.100z',
  'email': 'M3.5 5h13v10h-13zM3.5 6l6.5 5 6.5-5',
  'export': 'M10 12.500v-9m0 0L6.7 6.800M10 3.500l3.3 3.300M4 12v4.500h12V12',
  'external': 'M11.5 3.500h5v5M16.5 3.500l-7 7M8 5H3.500v11.500H15V12',
  'filter': 'M3.5 5.500h13M6 10h8M8.5 14.500h3',
  'globe': `${CIRCLE}M3 10h14M10 3c-4.5 4.5-4.5 9.5 0 14c4.5-4.5 4.5-9.5 0-14`,
  'hide': 'M3 3.500l14 13M8.2 5.300A7 7 0 0 1 17.5 10l-1.6 2.300M5 6.700L2.5 10c2.6 4.5 6.5 5.7 10.3 4.3',
  'home': 'M3.5 9.5 10 4l6.5 5.500v7h-4.300v-4.300H7.800v4.300H3.500z',
  'import': 'M10 3.500v9m0 0 3.3-3.300M10 12.5 6.7 9.200M4 12v4.500h12V12',
  'info': `${CIRCLE}M10 9.300v4.100M10 6.600v.1`,
  'key': 'M12.5 11.500a4 4 0 1 0-3.4-1.900L3.5 15.200v1.300h2.700v-1.800H8v-1.800h1.600l1-1zM13 7v.1',
  'link': 'M8 12l4-4M9 5.600l1.4-1.400a3.8 3.8 0 0 1 5.4 5.400L14.4 11M11 14.400l-1.4 1.400a3.8 3.8 0 0 1-5.4-5.400L5.6 9',
  'list-bulleted': 'M7.5 5.500h9M7.5 10h9M7.5 14.500h9M4 5.500v.1M4 10v.1M4 14.500v.1',
  'lock': 'M5 9h10v7.500H5zM7 9V6.500a3 3 0 0 1 6 0V9',
  'menu': 'M3.5 5.500h13M3.5 10h13M3.5 14.500h13',
  'menu-horizontal': 'M5 10v.1M10 10v.1M15 10v.1',
  'menu-vertical': 'M10 5v.1M10 10v.1M10 15v.1',
  'minus': 'M4.5 10h11',
  'mobile': 'M6 2.800h8v14.400H6zM9 14.700h2',
  'note': 'M4 3.500h12v9l-4 4H4zM12 16.500v-4h4M7 7h6M7 10h3',
  'notification': 'M5 13.500V9a5 5 0 0 1 10 0v4.500l1.2 1H3.800zM8.3 16.800h3.4',
  'order': 'M4.5 3.500h11v13l-2.7-1.6-2.8 1.6-2.8-1.6-2.7 1.600zM7.5 7.500h5M7.5 10.500h5',
  'package': 'M3.5 6.5 10 3l6.5 3.500v7L10 17l-6.5-3.500zM3.5 6.5 10 10l6.5-3.500M10 10v7',
  'pause-circle': `${CIRCLE}M8.3 7.500v5M11.7 7.500v5`,
  'person': 'M13 6.800a3 3 0 1 1-6 0a3 3 0 0 1 6 0zM4 16.500c.6-3.2 3-4.7 6-4.700s5.4 1.5 6 4.7',
  'phone': 'M4 3.800h3.200l1.3 3.7-1.9 1.400a9 9 0 0 0 4.5 4.500l1.4-1.9 3.7 1.300V16c-6.5 1-13-5.4-12.2-12.200z',
  'plus': 'M10 4.500v11M4.5 10h11',
  'plus-circle': `${CIRCLE}M10 7v6M7 10h6`,
  'product': 'M3.5 9.500v-6h6l7 7-6 6zM6.7 6.700v.1',
  'question-circle': `${CIRCLE}M8 8.200a2 2 0 1 1 2.7 1.900c-.5.2-.7.6-.7 1.200M10 13.600v.1`,
  'refresh': 'M15.8 8.200A6 6 0 0 0 4.5 8M4.2 11.800A6 6 0 0 0 15.5 12M4.5 4.500V8H8M15.5 15.500V12H12',
  'reset': 'M4.5 4.500V8.500h4M4.7 8.500a6 6 0 1 1-.7 3.5',
  'save': 'M3.5 3.500h10l3 3v10h-13zM6.5 3.500v4h6v-4M6.5 16.500v-5h7v5',
  'search': 'M14 9a5 5 0 1 1-10 0a5 5 0 0 1 10 0zM12.7 12.700l3.8 3.8',
  'send': 'm3.5 9.5 13-6-4.5 13-2.8-5.700z',
  'settings': 'M12.3 10a2.3 2.3 0 1 1-4.6 0a2.3 2.3 0 0 1 4.6 0zM10 3v2.200M10 14.800V17M3 10h2.200M14.8 10H17M5 5l1.6 1.600M13.4 13.4 15 15M5 15l1.6-1.600M13.4 6.6 15 5',
  'shield-check-mark': 'M10 3 4.5 5v4.500c0 3.5 2.2 6 5.5 7.500c3.3-1.5 5.5-4 5.5-7.500V5zM7.5 9.700l1.9 1.9 3.2-3.6',
  'sort': 'M6.5 4.500v11m0 0-3-3m3 3 3-3M13.5 15.500v-11m0 0-3 3m3-3 3 3',
  'star': 'm10 3.3 2.1 4.3 4.7.7-3.4 3.3.8 4.7-4.2-2.2-4.2 2.2.8-4.700L3.2 8.300l4.7-.7z',
  'store': 'M4 8.500v8h12v-8M3.5 7l1.3-3.500h10.400L16.5 7c0 1-.8 1.8-2 1.800s-2.2-.8-2.2-1.800c0 1-1 1.8-2.3 1.800S7.7 8 7.7 7c0 1-1 1.8-2.2 1.800s-2-.8-2-1.800zM8 16.500V12h4v4.5',
  'team': 'M10 7.500a2.5 2.5 0 1 1-5 0a2.5 2.5 0 0 1 5 0zM2.5 15.500c.5-2.8 2.5-4 5-4s4.5 1.2 5 4M12.5 5.200a2.5 2.5 0 0 1 0 4.600M14.5 11.900c1.7.5 2.7 1.7 3 3.6',
  'text': 'M4.5 6.500v-2h11v2M10 4.500v11M8 15.500h4',
  'theme': 'M3.5 4h13v12h-13zM3.5 7.500h13M8 7.500V16',
  'view': 'M2.5 10c2-3.5 4.5-5 7.5-5s5.5 1.5 7.5 5c-2 3.5-4.5 5-7.5 5s-5.5-1.5-7.5-5zM12.2 10a2.2 2.2 0 1 1-4.4 0a2.2 2.2 0 0 1 4.4 0z',
  'wrench': 'M16 6.500l-2.7 2.7-2.5-2.500L13.5 4A4 4 0 0 0 8.3 9L3.8 13.500l2.7 2.700L11 11.700A4 4 0 0 0 16 6.500z',
  'x': 'm5.5 5.5 9 9m0-9-9 9',
  'x-circle': `${CIRCLE}m0 0M7.6 7.600l4.8 4.800m0-4.8-4.8 4.8`.replace('zm0 0M', 'zM'),
};

const FILLED = new Set(['check-circle-filled']);
const DASHED = new Set(['circle-dashed']);

export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, 'svg');
  const attributes = {
    viewBox: '0 0 20 20', width: size, height: size, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5,
    'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true',
  };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  if (FILLED.has(name)) svg.append(shape(CIRCLE, { fill: 'currentColor' }), shape(TICK, { stroke: '#fff' }));
  else svg.append(shape(PATHS[name] ?? 'M5 5h10v10H5z', DASHED.has(name) ? { 'stroke-dasharray': '2.2 2.2' } : {}));
  return svg;
}

function shape(d, attributes) {
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', d);
  for (const [key, value] of Object.entries(attributes)) path.setAttribute(key, value);
  return path;
}
