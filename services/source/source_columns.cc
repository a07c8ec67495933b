#include "source/source_columns.h"

#include "absl/strings/ascii.h"

namespace gridwarden::source {
namespace {

constexpr ColumnName kNames[] = {
    {Column::kSourceNo, "source_no", "编号"},
    {Column::kDisplayName, "display_name", "名称"},
    {Column::kCategory, "category", "类别"},
    {Column::kDivision, "division", "所属区划"},
    {Column::kAddress, "address", "地址"},
    {Column::kLongitude, "longitude", "经度"},
    {Column::kLatitude, "latitude", "纬度"},
    {Column::kDatum, "datum", "坐标系"},
    {Column::kOperatorName, "operator_name", "经营者"},
    {Column::kCreditCode, "credit_code", "统一社会信用代码"},
    {Column::kTrade, "trade", "所属行业"},
    {Column::kDisposition, "disposition", "处置方式"},
    {Column::kState, "state", "状态"},
};
static_assert(std::size(kNames) == kColumnCount);

struct Alias {
  std::string_view header;
  Column column;
};

// 序号 is no alias: it numbers the lines of a list, not the things in it.
constexpr Alias kAliases[] = {
    {"污染源编号", Column::kSourceNo},
    {"企业编号", Column::kSourceNo},
    {"台账编号", Column::kSourceNo},
    {"台帐编号", Column::kSourceNo},
    {"no", Column::kSourceNo},
    {"污染源名称", Column::kDisplayName},
    {"企业名称", Column::kDisplayName},
    {"单位名称", Column::kDisplayName},
    {"项目名称", Column::kDisplayName},
    {"name", Column::kDisplayName},
    {"污染源类别", Column::kCategory},
    {"污染源类型", Column::kCategory},
    {"类型", Column::kCategory},
    {"区划", Column::kDivision},
    {"区划代码", Column::kDivision},
    {"行政区划", Column::kDivision},
    {"行政区划代码", Column::kDivision},
    {"属地", Column::kDivision},
    {"所属网格", Column::kDivision},
    {"网格", Column::kDivision},
    {"division_code", Column::kDivision},
    {"详细地址", Column::kAddress},
    {"企业地址", Column::kAddress},
    {"具体位置", Column::kAddress},
    {"lng", Column::kLongitude},
    {"lon", Column::kLongitude},
    {"东经", Column::kLongitude},
    {"lat", Column::kLatitude},
    {"北纬", Column::kLatitude},
    {"坐标系统", Column::kDatum},
    {"坐标类型", Column::kDatum},
    {"经营人", Column::kOperatorName},
    {"业主", Column::kOperatorName},
    {"负责人", Column::kOperatorName},
    {"法人", Column::kOperatorName},
    {"法定代表人", Column::kOperatorName},
    {"operator", Column::kOperatorName},
    {"owner", Column::kOperatorName},
    {"信用代码", Column::kCreditCode},
    {"社会信用代码", Column::kCreditCode},
    {"行业", Column::kTrade},
    {"行业类别", Column::kTrade},
    {"处置措施", Column::kDisposition},
    {"整治类型", Column::kDisposition},
    {"分类处置", Column::kDisposition},
    {"生产状态", Column::kState},
    {"运行状态", Column::kState},
};

// Lower case, without blanks, without what stands in brackets: "经度（°）" is 经度.
std::string Plain(std::string_view header) {
  std::string plain;
  for (const char c : header.substr(0, std::min(header.find('('), header.find("（")))) {
    if (!absl::ascii_isspace(static_cast<unsigned char>(c))) plain.push_back(absl::ascii_tolower(c));
  }
  return plain;
}

}  // namespace

std::span<const ColumnName> ColumnNames() { return kNames; }

std::optional<Column> FindColumn(std::string_view header) {
  const std::string plain = Plain(header);
  for (const ColumnName& name : kNames) {
    if (plain == name.field || plain == name.zh) return name.column;
  }
  for (const Alias& alias : kAliases) {
    if (plain == alias.header) return alias.column;
  }
  return std::nullopt;
}

const ColumnName& NameOf(Column column) { return kNames[static_cast<int>(column)]; }

}  // namespace gridwarden::source
