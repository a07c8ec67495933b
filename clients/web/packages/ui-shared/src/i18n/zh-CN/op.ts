// One line per operation, for the outbox and the timeline.
export default {
  title: '操作',
  visit: {
    NORMAL: '巡查正常：{title}',
    PROBLEM: '巡查发现问题：{title}',
    INACCESSIBLE: '巡查无法进入：{title}',
    SOURCE_GONE: '污染源已灭失：{title}',
  },
  onsite_check: {
    EXISTS: '核实属实：{title}',
    ABSENT: '核实不存在：{title}',
    UNABLE: '无法核实：{title}',
  },
  check: {
    PASS: '核查通过：{title}',
    FAIL: '核查不通过：{title}',
    UNABLE: '无法核查：{title}',
  },
  recheck: {
    HELD: '回头看未反弹：{title}',
    REBOUNDED: '回头看反弹：{title}',
    NOT_OBSERVABLE: '回头看无法查看：{title}',
  },
  signal: '随手拍：{title}',
  feedback: '整改反馈：{title}',
  stop: '停产记录：{title}',
  part: '配合处置：{title}',
  evidence: '补充情况：{title}',
  explain: '情况说明：{title}',
  accept: '接受：{title}',
  start: '开始巡查：{title}',
  asObservation: '按观察发送：{title}',
};
