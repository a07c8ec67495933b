// The camera in the application.
export default {
  title: '拍照',
};
