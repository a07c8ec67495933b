// The camera in the application.
export default {
  title: '拍照',
  shutter: '拍照',
  torch: '手电',
  album: '相册',
  system: '用系统相机拍照',
  systemHint: '拍完回到这里，照片会自动保存。',
  retake: '重拍',
  opening: '正在打开相机…',
  noPlace: '无定位',
  refused: {
    denied: '没有相机权限。可在浏览器设置里允许，或用系统相机。',
    unsupported: '这里不能直接打开相机，请用系统相机。',
    busy: '相机被其他应用占用，请关闭后再试，或用系统相机。',
    insecure: '此地址不能使用相机，请用系统相机。',
  },
  problem: {
    full: '手机存储已满，照片没有保存。请在“我的”里清理已存证照片。',
    too_large: '照片超过 2 MB，请重拍',
    no_picture: '这个文件不是照片',
  },
};
