// Sentences that scripts say. Those of the pages stand in the templates, those about input come from the server.

export const WORDS = {
  offline: "The server can't be reached. Your changes are still here. Check your connection, then try again.",
  serverFault: 'Something went wrong on our side. Your changes are still here. Try again in a minute.',
  saved: 'Changes saved',
  switchedOn: (label) => `${label} is on`,
  switchedOff: (label) => `${label} is off`,
  emptyText: 'Your text appears here',
  textIn: (language) => `Text in ${language}`,
  segments: (count) => `${count} ${count === 1 ? 'segment' : 'segments'}`,
  units: (used, room) => `${used} of ${room} characters`,
  worstCase: (count) => `Up to ${count} with long names and links`,
  offenders: (list) => `${list} halve what fits into a segment: 70 characters instead of 160.`,
  offender: (one) => `${one} halves what fits into a segment: 70 characters instead of 160.`,
};
