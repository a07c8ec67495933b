import type { Messages } from '../keys';

const op: Messages['op'] = {
  title: 'Operation',
  visit: {
    NORMAL: 'Inspected, normal: {title}',
    PROBLEM: 'Inspected, problem: {title}',
    INACCESSIBLE: 'Inspected, no access: {title}',
    SOURCE_GONE: 'Source gone: {title}',
  },
  onsite_check: {
    EXISTS: 'Confirmed: {title}',
    ABSENT: 'Not there: {title}',
    UNABLE: 'Could not check: {title}',
  },
  check: {
    PASS: 'Check passed: {title}',
    FAIL: 'Check failed: {title}',
    UNABLE: 'Could not check: {title}',
  },
  recheck: {
    HELD: 'Rechecked, held: {title}',
    REBOUNDED: 'Rechecked, rebounded: {title}',
    NOT_OBSERVABLE: 'Recheck not possible: {title}',
  },
  signal: 'Report: {title}',
  feedback: 'Fix reported: {title}',
  stop: 'Stop recorded: {title}',
  part: 'Our part: {title}',
  evidence: 'Evidence: {title}',
  explain: 'Explanation: {title}',
  accept: 'Accepted: {title}',
  start: 'Started: {title}',
  asObservation: 'Sent as observation: {title}',
};

export default op;
