import type { Messages } from '../keys';

const check: Messages['check'] = {
  title: 'Check',
  compare: 'Before and after',
  before: 'Before',
  after: 'After',
  hours: 'This has to be checked between {window}; it cannot pass now.',
  early: 'The recheck is not due yet; a rebound may be reported at any time.',
  whyFail: 'What is not put right',
};

export default check;
