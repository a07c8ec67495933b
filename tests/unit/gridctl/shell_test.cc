#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gridctl/command.h"
#include "gridctl/csv_parts.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/casework/v1/casework.pb.h"
#include "gridwarden/grid/v1/grid.pb.h"
#include "gridwarden/patrol/v1/patrol.pb.h"
#include "gridwarden/source/v1/source.pb.h"
#include "gtest/gtest.h"

namespace gridwarden::gridctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Ran {
  int code;
  std::string out, err;
};

// Runs gridctl with these words against a port where nobody listens.
Ran Gridctl(std::vector<std::string> words) {
  setenv("GRIDWARDEN_SERVER", "http://127.0.0.1:1", 1);
  setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
  setenv("LANG", "C", 1);
  unsetenv("GRIDWARDEN_TOKEN");
  words.insert(words.begin(), "gridctl");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = RunGridctl(static_cast<int>(argv.size()), argv.data());
  std::fflush(stdout);
  std::fflush(stderr);
  const std::string out = testing::internal::GetCapturedStdout();
  return {code, out, testing::internal::GetCapturedStderr()};
}

TEST(Shell, EveryCommandHasHelpWithAnExampleOfItself) {
  for (const Command& command : AllCommands()) {
    ASSERT_FALSE(command.examples.empty()) << command.words;
    EXPECT_TRUE(absl::StrContains(command.examples.front(), "gridctl " + command.words)) << command.words;
    EXPECT_FALSE(command.summary.empty()) << command.words;
    std::vector<std::string> words;
    for (size_t at = 0; at < command.words.size();) {
      const size_t end = std::min(command.words.find(' ', at), command.words.size());
      words.push_back(command.words.substr(at, end - at));
      at = end + 1;
    }
    words.push_back("--help");
    const Ran ran = Gridctl(words);
    EXPECT_EQ(ran.code, kOk) << command.words;
    EXPECT_THAT(ran.out, HasSubstr(command.examples.front()));
  }
}

TEST(Shell, WrongWordsAreUsageAndSayWhatIsWanted) {
  EXPECT_EQ(Gridctl({}).code, kUsage);
  EXPECT_EQ(Gridctl({"help"}).code, kOk);
  EXPECT_THAT(Gridctl({"frob"}).err, HasSubstr("no such command: frob"));
  EXPECT_THAT(Gridctl({"board"}).err, HasSubstr("want DIVISION"));
  EXPECT_THAT(Gridctl({"board", "4117", "411702"}).err, HasSubstr("got 2 arguments"));
  EXPECT_THAT(Gridctl({"board", "4117", "--frob"}).err, HasSubstr("unknown option --frob"));
  EXPECT_THAT(Gridctl({"board", "4117", "--category"}).err, HasSubstr("--category wants CODE"));
  EXPECT_THAT(Gridctl({"board", "4117", "--json=1"}).err, HasSubstr("takes no value"));
  EXPECT_THAT(Gridctl({"board", "4117", "--category", "A", "--category", "B"}).err, HasSubstr("given twice"));
  EXPECT_THAT(Gridctl({"board", "4117", "--lang", "fr"}).err, HasSubstr("want zh or en"));
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"frob"}, {"board"}, {"board", "4117", "--frob"}, {"case"}, {"case", "frob"}}) {
    EXPECT_EQ(Gridctl(words).code, kUsage);
  }
}

TEST(Shell, AGroupsNameShowsItsCommands) {
  const Ran ran = Gridctl({"journal", "--help"});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_THAT(ran.out, HasSubstr("journal verify"));
  EXPECT_THAT(ran.out, Not(HasSubstr("case list")));
}

TEST(Shell, AServerThatIsNotThereIsRefusedWithWhatToDo) {
  const Ran english = Gridctl({"journal", "status"});
  EXPECT_EQ(english.code, kRefused);
  EXPECT_THAT(english.err, HasSubstr("cannot reach http://127.0.0.1:1"));
  EXPECT_THAT(english.err, HasSubstr("GRIDWARDEN_SERVER"));
  // Options of every command may stand before it.
  const Ran chinese = Gridctl({"--lang", "zh", "--server=http://127.0.0.1:2", "journal", "status"});
  EXPECT_EQ(chinese.code, kRefused);
  EXPECT_THAT(chinese.err, HasSubstr("服务暂时不可用"));
  EXPECT_THAT(chinese.err, HasSubstr("127.0.0.1:2"));
}

TEST(Shell, FilesThatCannotBeImportedAreSaidBeforeAnythingIsSent) {
  EXPECT_THAT(Gridctl({"import", "persons", "/nonexistent/file"}).err, HasSubstr("cannot be read"));
  EXPECT_THAT(Gridctl({"import", "persons", "/tmp"}).err, HasSubstr("is a folder"));
  const Ran empty = Gridctl({"import", "persons", "/dev/null"});
  EXPECT_EQ(empty.code, kRefused);
  EXPECT_THAT(empty.err, HasSubstr("is empty"));
}

TEST(Time, IsReadInAsiaShanghaiUnlessItSaysOtherwise) {
  const absl::Time want = absl::FromUnixSeconds(1772359200);  // 2026-03-01T10:00:00Z
  for (const char* text : {"2026-03-01 18:00", "2026-03-01 18:00:00", "2026-03-01T18:00",
                           "2026-03-01T18:00:00+08:00", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000Z"}) {
    const auto time = ParseTime(text);
    ASSERT_TRUE(time.ok()) << text;
    EXPECT_EQ(*time, want) << text;
  }
  EXPECT_EQ(*ParseTime("2026-03-01"), want - absl::Hours(18));
  for (const char* text :
       {"", "yesterday", "2026-13-01", "2026-02-30", "18:00", "2026-03-01 25:00", "2026-03-01 18:00 x"}) {
    EXPECT_FALSE(ParseTime(text).ok()) << text;
  }
}

TEST(Width, CountsChineseCharactersAsTwoCells) {
  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("驿城区"), 6);
  EXPECT_EQ(DisplayWidth("A区，"), 5);
  EXPECT_EQ(DisplayWidth("𠀀"), 2);        // beyond the basic plane
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2);  // not UTF-8: one cell each, and no crash
  EXPECT_EQ(DisplayWidth("\xe9"), 1);      // cut off in the middle
}

TEST(Tables, LineUpWithFiguresToTheRight) {
  Table table({"区划", "立案", "结案率"});
  table.Add({"驿城区", "9", "83.2%"});
  table.Add({"A", "1872", "-"});
  EXPECT_EQ(table.ToString(),
            "区划    立案  结案率\n"
            "驿城区     9   83.2%\n"
            "A       1872       -\n");
  EXPECT_FALSE(table.empty());
  EXPECT_TRUE(Table({"A"}).empty());
}

TEST(Csv, TravelsInPartsWithTheHeaderAndTheLineOfTheFile) {
  const std::vector<Part> parts = SplitCsv("h\n1\n\"2\nb\"\n3\n4\n5", 2);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].content, "h\n1\n\"2\nb\"\n");
  EXPECT_EQ(parts[1].content, "h\n3\n4\n");
  EXPECT_EQ(parts[2].content, "h\n5");
  EXPECT_EQ(parts[2].rows, 1);
  EXPECT_EQ(SplitCsv("h\n", 2).size(), 1u);
  EXPECT_EQ(SplitCsv("h", 2).front().content, "h");
  EXPECT_EQ(SplitCsv("", 2).size(), 1u);
}

TEST(Csv, AListOfDivisionsIsNeverCutWithinACounty) {
  const std::string list =
      "code,name\n411702001001,a\n411702002001,b\n411721001001,c\n411721001002,d\n411721002003,"
      "e\n411722003001,f\n";
  const auto parts = SplitDivisions(list, 2);
  ASSERT_TRUE(parts.ok()) << parts.status();
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_EQ((*parts)[1].content, "code,name\n411721001001,c\n411721001002,d\n411721002003,e\n");
  EXPECT_EQ((*parts)[1].first_line, 4);
  EXPECT_EQ((*parts)[1].rows, 3);
  EXPECT_EQ(SplitDivisions(list, 10)->size(), 1u);
  EXPECT_EQ(SplitDivisions("code,name\n411702001001,a\n411721002001,b\n411702001002,c\n", 2).status().code(),
            absl::StatusCode::kInvalidArgument)
      << "unsorted";
}

// Every value that stands in a table has a Chinese name of its own.
template <typename Enum>
void ExpectChinese() {
  const google::protobuf::EnumDescriptor& type = *google::protobuf::GetEnumDescriptor<Enum>();
  EXPECT_EQ(EnumWord(type, 0, true), "-");
  for (int i = 0; i < type.value_count(); ++i) {
    const auto* value = type.value(i);
    if (value->number() == 0) continue;
    EXPECT_EQ(EnumWord(type, value->number(), false), value->name());
    EXPECT_GT(DisplayWidth(EnumWord(type, value->number(), true)),
              static_cast<int>(EnumWord(type, value->number(), true).size()) / 2)
        << value->full_name();
    EXPECT_NE(EnumWord(type, value->number(), true), value->name()) << value->full_name();
  }
}

TEST(Words, AreChineseForEveryStateActionPostAndResult) {
  ExpectChinese<grid::v1::Lineage::Kind>();
  ExpectChinese<grid::v1::DivisionProposal::Kind>();
  ExpectChinese<grid::v1::DivisionProposal::State>();
  ExpectChinese<grid::v1::DivisionProposal::Reason>();
  ExpectChinese<casework::v1::Case::State>();
  ExpectChinese<casework::v1::Case::Held>();
  ExpectChinese<casework::v1::Case::Disposition>();
  ExpectChinese<casework::v1::Signal::State>();
  ExpectChinese<casework::v1::Signal::Channel>();
  ExpectChinese<casework::v1::Action>();
  ExpectChinese<grid::v1::Division::Level>();
  ExpectChinese<grid::v1::Post::Kind>();
  ExpectChinese<grid::v1::Post::Regime>();
  ExpectChinese<grid::v1::Post::Responsibility>();
  ExpectChinese<grid::v1::Tenure::Kind>();
  ExpectChinese<patrol::v1::PatrolTask::State>();
  ExpectChinese<patrol::v1::Visit::Result>();
  ExpectChinese<source::v1::Source::State>();
  ExpectChinese<source::v1::Source::Disposition>();
}

TEST(Words, TranslateWhatAnswersCarryAsText) {
  Invocation run;
  run.chinese = true;
  EXPECT_EQ(StateWord(run, "HANDLING"), "处置");
  EXPECT_EQ(StateWord(run, "ONSITE_CHECK"), "核实");
  EXPECT_EQ(StateWord(run, "STATE_UNSPECIFIED"), "-");
  EXPECT_EQ(PostWord(run, "GRID_OFFICER 灈阳街道"), "网格员 灈阳街道");
  EXPECT_EQ(PostWord(run, "驿城区环保局"), "驿城区环保局");
  EXPECT_EQ(PostWord(run, ""), "-");
  EXPECT_EQ(ReasonWord(run, "UPGRADE: 设备可改造"), "升级改造: 设备可改造");
  EXPECT_EQ(ReasonWord(run, "照片不清"), "照片不清");
  run.chinese = false;
  EXPECT_EQ(PostWord(run, "GRID_OFFICER 灈阳街道"), "GRID_OFFICER 灈阳街道");
}

}  // namespace
}  // namespace gridwarden::gridctl
