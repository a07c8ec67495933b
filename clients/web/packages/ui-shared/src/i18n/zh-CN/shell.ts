// The frame around the screens: tabs, network bar, update.
export default {
  title: '网格卫士 · 巡查',
  nav: {
    label: '主菜单',
    todo: '待办',
    map: '地图',
    report: '随手拍',
    notices: '消息',
    me: '我的',
  },
  net: {
    online: '有网络',
    offline: '没有网络',
    syncing: '正在同步',
    unreachable: '连不上服务器',
    signedOut: '登录已过期，请重新登录',
    refusedDevice: '本机已停用，请联系管理员',
    lastSync: '同步：{time}',
    nothingHere: '全部已送达',
    onlyHere: '仅在本机：记录 {records}，照片 {photos}',
    full: '手机存储已满，请清理照片',
  },
  update: {
    waiting: '有新版本。草稿都已保存，可以现在更新。',
    take: '更新',
    later: '稍后',
  },
  broken: {
    title: '这个页面出错了',
    kept: '已填内容、照片和记录都保存在本机，没有丢失。',
    reload: '重新打开',
  },
  missing: {
    insecure: '当前是不加密的地址（http），浏览器不允许使用相机、定位和离线存储。请改用下面的加密地址打开。',
    browser: '这个浏览器缺少必要的功能，请换用新版浏览器，或退出无痕模式。',
    list: '缺少：',
    ask: '打不开时，请把这一页给管理员看。',
    what: {
      serviceWorker: '离线打开',
      subtleCrypto: '签名与加密',
      camera: '相机',
      location: '定位',
      locks: '多窗口协调',
      storage: '存储保护',
      indexedDB: '本机数据库',
    },
  },
};
