import type { Messages } from '../keys';

const form: Messages['form'] = {
  title: 'Record on site',
};

export default form;
