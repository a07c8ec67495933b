#include "gridctl/words.h"

#include <cstdio>
#include <map>
#include <utility>

#include "domain/fire/verdict.h"
#include "domain/ledger/source_life.h"
#include "domain/workflow/case_workflow.h"
#include "gridwarden/casework/v1/casework.pb.h"
#include "gridwarden/casework/v1/routing_service.pb.h"
#include "gridwarden/grid/v1/grid.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"

namespace gridwarden::gridctl {
namespace {

using Words = std::vector<const char*>;  // by number, from 1

// The glossary's words for what services/domain has no Chinese names of.
const std::map<std::string, Words>& EnumTable() {
  static const auto* const table = new std::map<std::string, Words>{
      {"gridwarden.grid.v1.Division.Level", {"省", "市", "县", "乡镇", "村", "组"}},
      {"gridwarden.grid.v1.Post.Kind",
       {"网格长", "网格员", "巡查员", "监督员", "攻坚办", "单位承办岗", "执法", "纪检监察", "第一网格长",
        "乡镇（街道）主要负责人", "村（社区）主要负责人", "路长", "网格督查员"}},
      {"gridwarden.grid.v1.Post.Regime", {"综合", "小散乱污", "道路", "工地"}},
      {"gridwarden.grid.v1.Post.Responsibility",
       {"无领导责任", "第一责任人", "直接领导责任", "领导责任", "负总责"}},
      {"gridwarden.grid.v1.Tenure.Kind", {"正式", "代理"}},
      {"gridwarden.grid.v1.Lineage.Kind", {"合并", "拆分", "更名", "划转", "换码", "撤销"}},
      {"gridwarden.grid.v1.DivisionProposal.Kind", {"名单中消失", "名单中新出现", "更名或代码另用"}},
      {"gridwarden.grid.v1.DivisionProposal.State", {"待确认", "已采纳", "已驳回"}},
      {"gridwarden.grid.v1.DivisionProposal.Reason",
       {"名称相同", "名称相近", "代码相同", "同一上级", "不同上级", "有多个同名", "相邻区划划往同处",
        "没有线索"}},
      {"gridwarden.patrol.v1.PatrolTask.State", {"待派", "已派", "已开始", "已完成", "未完成", "免除"}},
      {"gridwarden.patrol.v1.PatrolTask.Kind", {"巡查", "检测"}},
      {"gridwarden.patrol.v1.QuotaProgress.Quota.Standing",
       {"达到进度", "落后", "已完成", "仅展示", "无法统计", "不在有效期"}},
      {"gridwarden.patrol.v1.Visit.Result", {"正常", "发现问题", "无法进入", "污染源已灭失"}},
      {"gridwarden.casework.v1.Transfer.Kind", {"移送其他单位", "涉嫌违法移送执法", "涉罪移送公安"}},
      {"gridwarden.casework.v1.DisposalTask.State", {"待处置", "已处置", "已免除"}},
      {"gridwarden.casework.v1.Application.Kind", {"延期", "挂账", "强制结案", "作废", "清单外派遣"}},
      {"gridwarden.casework.v1.Application.State", {"待审批", "已批准", "未批准", "已撤回", "已失效"}},
      {"gridwarden.casework.v1.ReturnOutcome.Outcome", {"待重新派遣", "回退成立", "回退不成立"}},
      {"gridwarden.casework.v1.Rung.Level", {"提醒", "逾期", "督办", "县级限期督办"}},
      {"gridwarden.casework.v1.SupervisionOrder.Kind", {"督办单", "县级限期督办", "挂牌督办"}},
      {"gridwarden.casework.v1.SupervisionOrder.State",
       {"待签发", "不予签发", "已签发", "已答复", "已验收", "已解除"}},
      {"gridwarden.source.v1.Zone.Kind",
       {"高污染燃料禁燃区", "双替代区域", "秸秆禁烧区", "烟花爆竹禁放区", "非道路移动机械禁用区"}},
      {"gridwarden.casework.v1.StopWork.State", {"停工整顿", "已复工验收", "已撤销"}},
      {"gridwarden.casework.v1.Case.Held", {"尚未回头看", "未反弹", "反弹", "无法观察"}},
      {"gridwarden.journal.v1.Receipt.State", {"已受理", "已入序", "已封存"}},
      {"gridwarden.notify.v1.Delivery.State", {"待送达", "已送达", "已放弃", "无人", "已汇总"}},
      {"gridwarden.notify.v1.Delivery.Channel", {"消息箱", "群机器人"}},
      {"gridwarden.notify.v1.DutyShift.Kind", {"值守中心", "外勤值班"}},
      {"gridwarden.report.v1.Rebuild.State", {"进行中", "已完成"}},
      {"gridwarden.sync.v1.Verdict", {"已办理", "此前已办理", "已存为情况记录", "未予办理", "待处理"}},
      {"gridwarden.sync.v1.Grade", {"甲", "乙", "丙", "丁"}},
      {"gridwarden.sync.v1.Record.Kind", {"案卷", "线索", "巡查任务", "污染源"}},
      {"gridwarden.sync.v1.Observation.Kind", {"现场所见", "补充证据", "情况说明"}},
      {"gridwarden.sync.v1.Flag",
       {"手机时钟被拨动", "时间超出可证范围", "前面有记录未到", "记录分叉（手机被复制）", "没有时间凭证",
        "坐标完全相同", "移动过快", "对象已被他人更新", "丢失前所做", "时间区间过宽", "卫星时间与手机不符",
        "送达时已离任"}},
  };
  return *table;
}

// The names services/domain gives; the numbers are the API's. Empty for an enum that is not the domain's.
std::string DomainWord(const std::string& type, int number) {
  const auto is = [&](const char* name) { return type == name; };
  if (is("gridwarden.casework.v1.Signal.State") && number <= domain::kSignalStateMax) {
    return std::string(domain::ZhOf(static_cast<domain::SignalState>(number)));
  }
  if (is("gridwarden.casework.v1.Case.State") && number <= domain::kCaseStateMax) {
    return std::string(domain::ZhOf(static_cast<domain::CaseState>(number)));
  }
  if (is("gridwarden.casework.v1.Action") && number <= domain::kActionMax) {
    return std::string(domain::ZhOf(static_cast<domain::Action>(number)));
  }
  if (is("gridwarden.casework.v1.Signal.Channel") && number <= 7) {
    return std::string(domain::ZhOf(static_cast<domain::Channel>(number)));
  }
  if ((is("gridwarden.casework.v1.Case.Disposition") || is("gridwarden.source.v1.Source.Disposition")) &&
      number <= 3) {
    return std::string(domain::ZhOf(static_cast<domain::Disposition>(number)));
  }
  if (is("gridwarden.intake.v1.HotspotVerdict.Verdict") && number <= domain::kFireVerdictMax) {
    return std::string(domain::ZhOf(static_cast<domain::FireVerdict>(number)));
  }
  if (is("gridwarden.intake.v1.HotspotVerdict.State") && number <= domain::kVerdictStateMax) {
    return std::string(domain::ZhOf(static_cast<domain::VerdictState>(number)));
  }
  if (is("gridwarden.source.v1.Source.State") && number <= 4) {
    return std::string(domain::ChineseNameOf(static_cast<domain::SourceState>(number)));
  }
  return "";
}

const std::map<std::string, const char*>& HeaderTable() {
  static const auto* const table = new std::map<std::string, const char*>{
      {"LOGIN", "登录名"},
      {"LABEL", "手机"},
      {"NUMBER", "编号"},
      {"SIGNATURE", "签名"},
      {"OP_ID", "记录"},
      {"WAITING FOR YOU", "待您办理"},
      {"OVER", "已了结"},
      {"SYNCED", "最近同步"},
      {"PENDING", "未送达"},
      {"PHOTOS", "照片"},
      {"MISSING", "缺号"},
      {"DEVICE", "设备"},
      {"RECEIVED", "收到时间"},
      {"HAPPENED", "发生时间"},
      {"GRADE", "时间等级"},
      {"REASON", "原因"},
      {"RPC", "操作"},
      {"FLAGS", "提示"},
      {"WHAT", "事项"},
      {"BEFORE", "变动前"},
      {"AFTER", "变动后"},
      {"OLD CODE", "原代码"},
      {"SINCE", "自"},
      {"UNTIL", "至"},
      {"SHARE", "份额"},
      {"METRES", "距离（米）"},
      {"RINGS", "界线"},
      {"POINTS", "点数"},
      {"CENTRE", "中心"},
      {"WITHDRAWN", "撤回"},
      {"LINEAGE", "沿革"},
      {"CANDIDATE", "选项"},
      {"SURE", "把握"},
      {"WHY", "依据"},
      {"PROPOSAL", "待确认事项"},
      {"SUCCESSOR", "接任"},
      {"NAME", "名称"},
      {"PHONE", "电话"},
      {"ADMIN", "管理员"},
      {"READ", "阅读"},
      {"TIME", "时间"},
      {"TEXT", "内容"},
      {"ABOUT", "事项"},
      {"NOTICE", "消息"},
      {"ATTEMPTS", "次数"},
      {"ERROR", "原因"},
      {"STATE", "状态"},
      {"CREATED", "创建时间"},
      {"ACCOUNT", "账号"},
      {"NUMBER", "编号"},
      {"CATEGORY", "类别"},
      {"WHERE", "地点"},
      {"FOUND", "发现时间"},
      {"DUE", "期限"},
      {"CLOSED", "结案时间"},
      {"WHOLE DUE", "总期限"},
      {"REWORK", "返工"},
      {"HELD", "回头看"},
      {"FIXED BY", "整改人"},
      {"CHECKED BY", "核查人"},
      {"SIGNED BY", "签字人"},
      {"CASE", "案卷"},
      {"ANSWERS", "答复单位"},
      {"CASES", "案卷数"},
      {"REPLY DUE", "答复期限"},
      {"LIMIT", "督办期限"},
      {"LISTED SINCE", "挂牌时间"},
      {"ORDER", "督办"},
      {"RUNG", "提醒"},
      {"WAS DUE", "应提醒时间"},
      {"CLOCK DUE", "时限"},
      {"TOLD", "告知"},
      {"VACANT POSTS", "空缺岗位"},
      {"LAST MET", "最近遇到"},
      {"ENDED", "结束时间"},
      {"MET BY", "来自"},
      {"POST ID", "岗位编号"},
      {"WHEN", "时间"},
      {"ACT", "动作"},
      {"FROM -> TO", "状态"},
      {"WHO", "人员"},
      {"IN WHICH POST", "岗位"},
      {"VACANCIES", "空缺"},
      {"OPEN", "在办"},
      {"ORDERS", "督办单"},
      {"TO COUNTY", "报县级"},
      {"PRESSED", "督办"},
      {"OVERDUE", "超期"},
      {"REMINDED", "提醒"},
      {"ZONE", "区域"},
      {"DAYS", "天数"},
      {"FINDING", "第几次"},
      {"UNDER APPEAL", "申诉中"},
      {"STRAW FIRES", "秸秆火点"},
      {"VERDICT", "认定"},
      {"LEADS", "牵头"},
      {"DUTY ITEM", "清单事项"},
      {"EVIDENCE", "证据"},
      {"RING", "范围"},
      {"IN POST", "在岗"},
      {"MAY", "可核查"},
      {"WHY NOT", "不可核查的原因"},
      {"VACANT", "空缺"},
      {"MAY CHECK", "可核查岗位"},
      {"WITH", "回避对象"},
      {"WITHDRAWN", "撤回"},
      {"CONFLICT", "回避申报"},
      {"HOW MUCH", "延长"},
      {"SEATS", "审批"},
      {"APPLICATION", "申请"},
      {"REVIEW DUE", "复核期限"},
      {"CLOCK", "时限"},
      {"SAID", "说明"},
      {"LEVEL", "级别"},
      {"DIVISION", "区划"},
      {"POST", "岗位"},
      {"REGIME", "体系"},
      {"RESPONSIBILITY", "责任"},
      {"HOLDER", "任职人"},
      {"HOW", "方式"},
      {"DOCUMENT", "文号"},
      {"CODE", "代码"},
      {"NOTE", "备注"},
      {"KIND", "类型"},
      {"NO", "序号"},
      {"STAFF NO", "工号"},
      {"PERSON", "人员"},
      {"CHANNEL", "来源"},
      {"SURE", "可信度"},
      {"HOURS", "相隔小时"},
      {"WHICH", "线索或案卷"},
      {"DAYS APART", "相隔天数"},
      {"OLD CASE", "原案卷"},
      {"PROPOSAL", "研判编号"},
      {"SIGNAL", "线索"},
      {"DISPOSITION", "处置方式"},
      {"SOURCE", "污染源"},
      {"TITLE", "名称"},
      {"RESULT", "结果"},
      {"LATE", "逾期"},
      {"RULE", "规则"},
      {"BASIS", "依据"},
      {"MADE_BY", "生成人"},
      {"TASKS", "任务数"},
      {"WITHOUT_A_DAY", "无可用日"},
      {"MADE", "生成时间"},
      {"FROM", "起"},
      {"TO", "止"},
      {"QUOTA", "指标"},
      {"TARGET", "要求"},
      {"STANDING", "状态"},
      {"DONE", "已完成"},
      {"NEED", "期末应完成"},
      {"TODAY", "当前应完成"},
      {"SHORT", "缺口"},
      {"FORMULA", "算式"},
      {"TASK", "任务"},
      {"INDEX", "序号"},
      {"SEQUENCED", "入序时间"},
      {"SUBJECT", "对象"},
      {"SEQ", "次序"},
      {"BY", "账号"},
      {"LEAF", "叶值"},
      {"COUNTED", "项目"},
      {"BOARD", "看板"},
      {"RECOUNT", "复核"},
      {"STRATUM", "分层"},
      {"RATIO", "抽查比例"},
      {"CANDIDATES", "候选"},
      {"DRAWN", "抽取"},
      {"INSPECTORS", "检查人员"},
      {"DRAW", "抽查"},
      {"PLACE", "对象"},
      {"TERM", "指标"},
      {"NUMERATOR", "分子（数量）"},
      {"DENOMINATOR", "分母"},
      {"RATE", "比率"},
      {"UNCERTAIN", "时间不确定"},
      {"ADJUSTED", "申诉剔除"},
      {"MONTH", "月份"},
      {"LEFT OUT", "不计原因"},
      {"SUBMITTED", "提出时间"},
      {"FURTHER UNTIL", "可再申诉至"},
      {"APPEAL", "申诉"},
  };
  return *table;
}

}  // namespace

std::string EnumWord(const google::protobuf::EnumDescriptor& type, int number, bool chinese) {
  if (number == 0) return "-";
  const google::protobuf::EnumValueDescriptor* value = type.FindValueByNumber(number);
  const std::string name = value == nullptr ? std::to_string(number) : value->name();
  if (!chinese || value == nullptr) return name;
  if (const auto found = EnumTable().find(type.full_name()); found != EnumTable().end()) {
    return static_cast<size_t>(number) <= found->second.size() ? found->second[number - 1] : name;
  }
  const std::string word = DomainWord(type.full_name(), number);
  return word.empty() ? name : word;
}

std::string StateWord(const Invocation& run, const std::string& name) {
  casework::v1::Case::State state;
  if (casework::v1::Case::State_Parse(name, &state)) return Word(run, state);
  casework::v1::Signal::State signal;
  if (casework::v1::Signal::State_Parse(name, &signal)) return Word(run, signal);
  return name.empty() ? "-" : name;
}

std::string PostWord(const Invocation& run, const std::string& post) {
  const size_t space = post.find(' ');
  grid::v1::Post::Kind kind;
  if (!grid::v1::Post::Kind_Parse(post.substr(0, space), &kind)) return post.empty() ? "-" : post;
  return Word(run, kind) + (space == std::string::npos ? "" : post.substr(space));
}

std::string ReasonWord(const Invocation& run, const std::string& reason) {
  // How an application was decided.
  if (run.chinese && reason == "AGREED") return "同意";
  if (run.chinese && reason == "REFUSED") return "不同意";
  if (run.chinese && reason == "WITHDRAWN") return "撤回";
  casework::v1::Case::Disposition disposition;
  const size_t end = reason.find(':');
  if (!casework::v1::Case::Disposition_Parse(reason.substr(0, end), &disposition)) return reason;
  return Word(run, disposition) + (end == std::string::npos ? "" : reason.substr(end));
}

std::string RpcWord(const Invocation& run, const std::string& rpc) {
  static const auto* const words = new std::map<std::string, const char*>{
      {"SubmitSignal", "上报线索"},   {"SubmitOnsiteCheck", "现场核实"}, {"AcceptCase", "接受任务"},
      {"SubmitFeedback", "整改反馈"}, {"SubmitCheck", "核查"},           {"SubmitRecheck", "回头看"},
      {"SubmitPart", "配合处置"},     {"StopProduction", "停产"},        {"StartPatrolTask", "开始巡查"},
      {"SubmitVisit", "巡查"},        {"RecordObservation", "情况记录"},
  };
  const std::string name(IdOf(rpc));
  const auto found = words->find(name);
  return run.chinese && found != words->end() ? found->second : name;
}

Table MakeTable(const Invocation& run, std::vector<std::string> english_header) {
  if (run.chinese) {
    for (std::string& word : english_header) {
      if (const auto found = HeaderTable().find(word); found != HeaderTable().end()) word = found->second;
    }
  }
  return Table(std::move(english_header));
}

std::string Say(const Invocation& run, std::string_view english, std::string_view chinese) {
  return std::string(run.chinese ? chinese : english);
}

void PrintMore(const Invocation& run, const std::string& page_token) {
  if (!page_token.empty())
    std::printf("%s --page %s\n", Say(run, "more:", "还有：").c_str(), page_token.c_str());
}

std::string CategoryWord(Invocation& run, const std::string& code) {
  if (!run.chinese) return code;
  if (!run.category_names) {
    run.category_names.emplace();
    source::v1::ListCategoriesRequest request;
    request.set_page_size(500);
    const auto answer = run.session().Call<source::v1::ListCategoriesResponse>(
        "gridwarden.source.v1.SourceService/ListCategories", request);
    if (answer.ok()) {
      for (const source::v1::Category& category : answer->categories())
        (*run.category_names)[category.code()] = category.zh();
    }
  }
  const auto found = run.category_names->find(code);
  return found == run.category_names->end() ? code : found->second;
}

std::string DutyItemWord(Invocation& run, const std::string& text) {
  if (!run.duty_titles) {
    run.duty_titles.emplace();
    const auto answer = run.session().Call<casework::v1::ListDutyItemsResponse>(
        "gridwarden.casework.v1.RoutingService/ListDutyItems", casework::v1::ListDutyItemsRequest());
    if (answer.ok()) {
      for (const casework::v1::DutyItem& item : answer->items())
        (*run.duty_titles)[item.id()] = run.chinese ? item.title() : item.title_en();
    }
  }
  const auto found = run.duty_titles->find(text);
  return found == run.duty_titles->end() ? text : found->second;
}

std::string Vacant(const Invocation& run) { return Say(run, "VACANT", "空缺"); }

}  // namespace gridwarden::gridctl
