import type { Messages } from '../keys';

const report: Messages['report'] = {
  title: 'Report a problem',
  takePhoto: 'Take photos',
  kind: 'What is it',
  moreKinds: 'More kinds',
  search: 'Search kinds',
  nothingFound: 'Nothing found',
  noKinds: 'Kinds are not fetched yet: prepare for offline first',
  send: 'Submit',
  words: 'A line about it (optional)',
  place: 'Where',
  byPosition: 'By position',
  choosePlace: 'Choose the village',
  placeLater: 'No position is fine: choose the village now, or keep the draft and choose later.',
  drafts: '{count} not submitted yet',
  draftsTitle: 'Drafts',
  noDrafts: 'No drafts',
  discard: 'Discard',
  discarded: 'Draft deleted',
};

export default report;
