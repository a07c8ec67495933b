// What is only on this phone, and what became of what was sent.
export default {
  title: '发件箱',
  allArrived: '全部已送达',
  pending: '还在本机：记录 {records} 条，照片 {photos} 张',
  lastError: '上次没有成功：{reason}',
  syncNow: '立即同步',
  wifiOnly: '大图只在 Wi-Fi 下传',
  export: '导出未送达记录包',
  asObservation: '按观察发送',
  photos: '照片已存证 {verified}/{count}',
  photoQuarantined: '照片与指纹三次不符，已隔离，可导出',
  group: {
    waiting: '待上传',
    sending: '上传中',
    delivered: '已送达',
    verified: '照片已存证',
    refused: '被退回',
  },
  why: {
    offline: '没有网络，有网络时自动送',
    waiting: '服务器在等前面的记录，会自动再送',
    retry: '没送成，{time} 再试',
    refused: '服务器没有接受',
    asserted: '任务已有变化，您的记录已作为观察并入。',
  },
};
