import board from './board';
import camera from './camera';
import check from './check';
import common from './common';
import detail from './detail';
import domain from './domain';
import form from './form';
import leader from './leader';
import map from './map';
import me from './me';
import notices from './notices';
import op from './op';
import outbox from './outbox';
import report from './report';
import shell from './shell';
import signIn from './signIn';
import work from './work';

// What the inspector's application says. The console's and the review's words are `desk`, so that no phone loads them.
export default {
  board,
  camera,
  check,
  common,
  detail,
  domain,
  form,
  leader,
  map,
  me,
  notices,
  op,
  outbox,
  report,
  shell,
  signIn,
  work,
};
