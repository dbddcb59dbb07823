// Stand-in for Shopify's Polaris web components, for the simulated admin and the browser tests only: the documented tags,
// attributes, slots, properties and events of the elements that pages here use, in a neutral look of its own.
import { defineActions } from './actions.js';
import { defineBox } from './box.js';
import { defineChoices } from './choices.js';
import { defineFeedback } from './feedback.js';
import { defineFields } from './fields.js';
import { defineLayout } from './layout.js';
import { defineOverlays } from './overlays.js';
import { definePage } from './page.js';
import { defineTable } from './table.js';
import { defineText } from './text.js';
import { applyTheme } from './theme.js';

applyTheme();
defineBox();
defineLayout();
defineText();
defineActions();
defineFields();
defineChoices();
defineFeedback();
defineOverlays();
defineTable();
definePage();
