// The check by an independent person.
export default {
  title: '核查',
};
