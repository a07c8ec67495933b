#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

// The columns of a ledger file, as imports read and exports write them.
namespace gridwarden::source {

enum class Column {
  kSourceNo,
  kDisplayName,
  kCategory,
  kDivision,
  kAddress,
  kLongitude,
  kLatitude,
  kDatum,
  kOperatorName,
  kCreditCode,
  kTrade,
  kDisposition,
  kState
};
inline constexpr int kColumnCount = 13;

// In the order exports write them.
struct ColumnName {
  Column column;
  std::string_view field;  // our name: a field of Source, or longitude, latitude, datum
  std::string_view zh;     // what exports write
};
std::span<const ColumnName> ColumnNames();

// The column a header means: our name, the Chinese one, or one of the other names that offices use (without
// regard to case, blanks, full-width brackets and what stands in them). None when it is not one of ours.
std::optional<Column> FindColumn(std::string_view header);

const ColumnName& NameOf(Column column);

}  // namespace gridwarden::source
