// What a test or the trial may choose. The server replaces these values when it joins the modules into one script.
export const OPTIONS = { shadow: 'open', look: 'classic' };
