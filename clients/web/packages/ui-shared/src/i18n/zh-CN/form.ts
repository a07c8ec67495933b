// What every form on site shares: checklists, photos, position, note.
export default {
  title: '现场记录',
};
