// s-stack, s-grid, s-grid-item, s-query-container, s-divider and s-scroll-box.
import { BOX, Box, DISPLAY } from './box.js';
import { PolarisElement, define, h } from './element.js';
import { spacing } from './responsive.js';

const GAPS = {
  gap: (value) => `gap:${spacing(value)}`,
  rowGap: (value) => `row-gap:${spacing(value)}`,
  columnGap: (value) => `column-gap:${spacing(value)}`,
};
const ALIGNMENT = {
  alignItems: (value) => `align-items:${value}`,
  alignContent: (value) => `align-content:${value}`,
  justifyContent: (value) => `justify-content:${value}`,
};

class Stack extends Box {
  static css = ':host { display: flex; flex-direction: column; min-width: 0; }';
  static strings = [...Box.strings, ...Object.keys(GAPS), ...Object.keys(ALIGNMENT), 'direction'];

  translations() {
    const direction = (value) => (value === 'inline' ? 'flex-flow:row wrap' : 'flex-flow:column nowrap');
    return { ...BOX, ...GAPS, ...ALIGNMENT, direction, ...DISPLAY };
  }
}

class Grid extends Box {
  static css = ':host { display: grid; min-width: 0; grid-template-columns: minmax(0, 1fr); }';
  static strings = [
    ...Box.strings, ...Object.keys(GAPS), ...Object.keys(ALIGNMENT),
    'gridTemplateColumns', 'gridTemplateRows', 'justifyItems', 'placeItems', 'placeContent',
  ];

  translations() {
    return {
      ...BOX, ...GAPS, ...ALIGNMENT, ...DISPLAY,
      placeItems: (value) => `place-items:${value}`,
      placeContent: (value) => `place-content:${value}`,
      justifyItems: (value) => `justify-items:${value}`,
      gridTemplateRows: (value) => `grid-template-rows:${value}`,
      gridTemplateColumns: (value) => `grid-template-columns:${value}`,
    };
  }
}

class GridItem extends Box {
  static strings = [...Box.strings, 'gridColumn', 'gridRow'];

  translations() {
    const gridColumn = (value) => `grid-column:${value}`;
    return { ...BOX, ...DISPLAY, gridColumn, gridRow: (value) => `grid-row:${value}` };
  }
}

class ScrollBox extends Box {
  static css = ':host { display: block; min-width: 0; overflow: auto; }';
}

class QueryContainer extends PolarisElement {
  static css = ':host { display: block; min-width: 0; container-type: inline-size; }';
  static strings = ['containerName'];

  update() {
    const name = this.text('containerName').replace(/[^\w-]/g, '');
    this.styleHost(name ? `:host{container-name:${name}}` : '');
  }
}

class Divider extends PolarisElement {
  static css = `
    :host { display: block; align-self: stretch; }
    hr { margin: 0; border: 0; border-block-start: 1px solid var(--sim-line); }
    :host([color=strong]) hr { border-color: var(--sim-line-strong); }
    :host([direction=block]) { inline-size: 1px; }
    :host([direction=block]) hr { block-size: 100%; border: 0; border-inline-start: 1px solid var(--sim-line); }`;
  static strings = ['direction', 'color'];

  build() {
    this.root.append(h('hr'));
  }
}

export function defineLayout() {
  define('s-stack', Stack);
  define('s-grid', Grid);
  define('s-grid-item', GridItem);
  define('s-scroll-box', ScrollBox);
  define('s-query-container', QueryContainer);
  define('s-divider', Divider);
}

