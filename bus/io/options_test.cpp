#include "bus/io/options.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "bus/endpoints.hpp"

namespace fairlead::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A program with one setting of each kind, and what it says when it is started.
struct Started {
  std::string broker = "tcp://127.0.0.1:7700";
  std::vector<std::string> listen{"line://127.0.0.1:8480"};
  Duration dead_after = 4s;
  std::uint64_t max_message = 65536;
  std::int64_t threads = 1;
  bool quiet = false;
  std::string place;

  std::map<std::string, std::string> variables;
  std::optional<ExitCode> done;
  std::string out;
  std::string err;
  std::string toml;
  LogSettings log;

  Started& run(const std::vector<std::string>& arguments) {
    Options options{{.program = "fairlead-test", .summary = "Shows its options."}};
    options.text("broker", "ENDPOINT", broker, "where the broker is", valid(&BusAddress::for_connect))
        .list("listen", "ENDPOINT", listen, "where users come in", each_valid(&UserEndpoint::for_listen))
        .duration("dead-after", dead_after, "how long silence may last", at_least(100ms))
        .size("max-message", max_message, "the biggest message", size_between(1, 1U << 20U))
        .integer("threads", threads, "how many threads", between(1, 64))
        .flag("quiet", quiet, "say less")
        .argument("place", place, "where to go")
        .also([this]() -> Status {
          if (quiet && threads > 8) return Error{"--quiet is for at most 8 threads"};
          return Nothing{};
        });
    std::ostringstream out_stream;
    std::ostringstream err_stream;
    const auto look_up = [this](const char* name) -> const char* {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    };
    done = options.load(arguments, look_up, out_stream, err_stream);
    out = out_stream.str();
    err = err_stream.str();
    toml = options.effective_toml();
    log = options.log_settings();
    return *this;
  }
};

// A configuration file that lives as long as the test.
class File {
 public:
  explicit File(const std::string& text)
      : path_(testing::TempDir() + "options_test_" + std::to_string(::getpid()) + "_" + std::to_string(++made) +
              ".toml") {
    std::ofstream(path_) << text;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& path() const { return path_; }

 private:
  inline static int made = 0;
  std::string path_;
};

TEST(Options, defaults_stand_when_nothing_is_said) {
  const auto started = Started{}.run({});
  EXPECT_EQ(started.done, std::nullopt);
  EXPECT_EQ(started.broker, "tcp://127.0.0.1:7700");
  EXPECT_THAT(started.listen, ElementsAre("line://127.0.0.1:8480"));
  EXPECT_EQ(started.dead_after, 4s);
  EXPECT_EQ(started.err, "");
  EXPECT_EQ(started.log.program, "fairlead-test");
  EXPECT_EQ(started.log.level, Level::info);
}

TEST(Options, flags_set_every_kind) {
  const auto started = Started{}.run({"--broker", "tcp://h:1", "--listen=line://a:1", "--listen", "ws://b:2/ws",
                                      "somewhere", "--dead-after=250ms", "--max-message", "4k", "--threads", "7",
                                      "--quiet", "--log-level=error", "--log-format", "json"});
  EXPECT_EQ(started.err, "");
  EXPECT_EQ(started.done, std::nullopt);
  EXPECT_EQ(started.broker, "tcp://h:1");
  EXPECT_THAT(started.listen, ElementsAre("line://a:1", "ws://b:2/ws"));
  EXPECT_EQ(started.place, "somewhere");
  EXPECT_EQ(started.dead_after, 250ms);
  EXPECT_EQ(started.max_message, 4096U);
  EXPECT_EQ(started.threads, 7);
  EXPECT_TRUE(started.quiet);
  EXPECT_EQ(started.log.level, Level::error);
  EXPECT_EQ(started.log.format, LogFormat::json);
}

TEST(Options, flags_win_over_variables_over_the_file_over_defaults) {
  const File file(
      "threads = 2\ndead-after = \"2s\"\nmax-message = 2048\nlisten = [\"line://file:1\", \"line://file:2\"]\n");
  Started started;
  started.variables = {{"FAIRLEAD_THREADS", "3"}, {"FAIRLEAD_DEAD_AFTER", "3s"}, {"FAIRLEAD_BROKER", ""}};
  started.run({"--config", file.path(), "--threads", "4"});
  EXPECT_EQ(started.err, "");
  EXPECT_EQ(started.threads, 4);
  EXPECT_EQ(started.dead_after, 3s);
  EXPECT_EQ(started.max_message, 2048U);
  EXPECT_THAT(started.listen, ElementsAre("line://file:1", "line://file:2"));
  EXPECT_EQ(started.broker, "tcp://127.0.0.1:7700");
}

TEST(Options, a_stronger_list_replaces_a_weaker_one) {
  const File file("listen = [\"line://file:1\"]\n");
  Started started;
  started.variables = {{"FAIRLEAD_LISTEN", "line://a:1,ws://b:2/ws"}, {"FAIRLEAD_CONFIG", file.path()}};
  EXPECT_THAT(started.run({}).listen, ElementsAre("line://a:1", "ws://b:2/ws"));
  EXPECT_THAT(started.run({"--listen", "frame://c:3"}).listen, ElementsAre("frame://c:3"));
}

TEST(Options, a_flag_can_be_taken_back) {
  Started started;
  started.variables = {{"FAIRLEAD_QUIET", "yes"}};
  EXPECT_TRUE(started.run({}).quiet);
  EXPECT_FALSE(started.run({"--quiet=false"}).quiet);
}

TEST(Options, everything_that_is_wrong_is_told_at_once) {
  const File file("lisen = \"line://a:1\"\ndead-after = 5\nlog_level = \"debug\"\nmax-message = \"5x\"\n");
  Started started;
  started.variables = {{"FAIRLEAD_THREADS", "many"}};
  started.run(
      {"--config", file.path(), "--brokr", "tcp://h:1", "--log-level", "debgu", "--listen", "line://h", "one", "two"});
  EXPECT_EQ(started.done, ExitCode::usage);
  EXPECT_EQ(started.out, "");
  for (const std::string& line :
       {std::string("fairlead-test: --brokr: no such option; did you mean --broker?\n"),
        "fairlead-test: " + file.path() + ":1:1: no such key 'lisen'; did you mean listen?\n",
        "fairlead-test: " + file.path() + ":2:14: dead-after: must be a time with its unit",
        "fairlead-test: " + file.path() + ":3:1: no such key 'log_level'; did you mean log-level?\n",
        "fairlead-test: " + file.path() + ":4:15: max-message: '5x' is not a size",
        std::string("fairlead-test: FAIRLEAD_THREADS: 'many' is not a whole number\n"),
        std::string("fairlead-test: --log-level: 'debgu' is not one of debug, info, warning, error, off; did you mean "
                    "debug?\n"),
        std::string("fairlead-test: --listen: 'line://h': the port is missing"),
        std::string("fairlead-test: 'two': nothing is expected here\n"), std::string("--help tells the options\n")}) {
    EXPECT_THAT(started.err, HasSubstr(line));
  }
}

TEST(Options, a_wrong_value_is_told_even_where_a_stronger_one_stands) {
  const File file("threads = 99\n");
  const auto started = Started{}.run({"--config", file.path(), "--threads", "2"});
  EXPECT_EQ(started.done, ExitCode::usage);
  EXPECT_THAT(started.err, HasSubstr(file.path() + ":1:11: threads: 99 is not from 1 to 64"));
}

TEST(Options, a_required_value_is_missed_by_name) {
  Started started;
  started.broker = "";
  EXPECT_EQ(started.run({}).done, ExitCode::usage);
  EXPECT_THAT(started.err, HasSubstr("--broker: is required"));
}

TEST(Options, a_flag_without_its_value_is_told_with_the_rest) {
  const auto started = Started{}.run({"--threads", "0", "--broker"});
  EXPECT_EQ(started.done, ExitCode::usage);
  EXPECT_THAT(started.err, HasSubstr("--broker: a value is missing"));
  EXPECT_THAT(started.err, HasSubstr("--threads: 0 is not from 1 to 64"));
}

TEST(Options, toml_errors_have_their_place) {
  const File file("threads = 1\nbroker = \"tcp://h:1\n");
  const auto started = Started{}.run({"--config", file.path()});
  EXPECT_EQ(started.done, ExitCode::usage);
  EXPECT_THAT(started.err, HasSubstr(file.path() + ":2:"));
}

TEST(Options, a_missing_file_is_told_by_name) {
  const auto started = Started{}.run({"--config", "/nowhere/x.toml"});
  EXPECT_EQ(started.done, ExitCode::usage);
  EXPECT_THAT(started.err, HasSubstr("/nowhere/x.toml: "));
}

TEST(Options, a_folder_in_place_of_a_file_is_told) {
  const auto started = Started{}.run({"--config", "/tmp"});
  EXPECT_EQ(started.done, ExitCode::usage);
  EXPECT_THAT(started.err, HasSubstr("/tmp: is a folder"));
}

TEST(Options, types_in_the_file_are_told_with_what_was_expected) {
  const File file("broker = 7700\nlisten = [1]\nthreads = \"2\"\nquiet = 1\n[dead-after]\nx = 1\n");
  const auto started = Started{}.run({"--config", file.path()});
  EXPECT_THAT(started.err, HasSubstr(":1:10: broker: must be a string, not a whole number"));
  EXPECT_THAT(started.err, HasSubstr("listen: must be an array of strings, not an array"));
  EXPECT_THAT(started.err, HasSubstr("threads: must be a whole number, not a string"));
  EXPECT_THAT(started.err, HasSubstr("quiet: must be true or false, not a whole number"));
  EXPECT_THAT(started.err, HasSubstr("dead-after: must be a time with its unit"));
}

TEST(Options, several_settings_are_judged_together) {
  const auto started = Started{}.run({"--quiet", "--threads", "9"});
  EXPECT_EQ(started.done, ExitCode::usage);
  EXPECT_THAT(started.err, HasSubstr("--quiet is for at most 8 threads"));
}

TEST(Options, print_config_says_what_holds_and_where_it_came_from) {
  const File file("dead-after = \"2s\"\n");
  Started started;
  started.variables = {{"FAIRLEAD_THREADS", "3"}};
  started.run({"--config", file.path(), "--print-config", "--broker", "tcp://h:1", "pla\"ce"});
  EXPECT_EQ(started.done, ExitCode::ok);
  EXPECT_EQ(started.out,
            "broker = \"tcp://h:1\"  # from --broker\n"
            "listen = [\"line://127.0.0.1:8480\"]  # default\n"
            "dead-after = \"2s\"  # from " +
                file.path() +
                ":1:14\n"
                "max-message = 65536  # default\n"
                "threads = 3  # from FAIRLEAD_THREADS\n"
                "quiet = false  # default\n"
                "place = \"pla\\\"ce\"  # from argument place\n"
                "log-level = \"info\"  # default\n"
                "log-format = \"text\"  # default\n");
}

TEST(Options, what_print_config_prints_can_be_loaded) {
  const File file(
      Started{}.run({"--threads", "5", "--max-message", "1k", "--place=x", "--listen", "ws://[::1]:0/"}).toml);
  const auto again = Started{}.run({"--config", file.path()});
  EXPECT_EQ(again.err, "");
  EXPECT_EQ(again.threads, 5);
  EXPECT_EQ(again.max_message, 1024U);
  EXPECT_THAT(again.listen, ElementsAre("ws://[::1]:0/"));
}

TEST(Options, check_config_ends_with_0_or_2) {
  EXPECT_EQ(Started{}.run({"--check-config"}).done, ExitCode::ok);
  EXPECT_EQ(Started{}.run({"--check-config", "--threads", "0"}).done, ExitCode::usage);
}

TEST(Options, help_and_version_win_over_errors) {
  const auto help = Started{}.run({"--threads", "0", "--help"});
  EXPECT_EQ(help.done, ExitCode::ok);
  EXPECT_EQ(help.err, "");
  EXPECT_THAT(help.out, HasSubstr("--dead-after TIME"));
  EXPECT_THAT(help.out, HasSubstr("how long silence may last (\"4s\")"));
  EXPECT_THAT(help.out, HasSubstr("--print-config"));
  EXPECT_EQ(Started{}.run({"-h"}).done, ExitCode::ok);

  const auto version = Started{}.run({"--nonsense", "--version"});
  EXPECT_EQ(version.done, ExitCode::ok);
  EXPECT_THAT(version.out, testing::MatchesRegex("fairlead-test [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Options, a_guess_is_made_only_when_it_is_near) {
  const auto started = Started{}.run({"--zzzzzzzz"});
  EXPECT_THAT(started.err, HasSubstr("--zzzzzzzz: no such option\n"));
  EXPECT_THAT(started.err, Not(HasSubstr("did you mean")));
  EXPECT_THAT(Started{}.run({"--dead", "1s"}).err, HasSubstr("did you mean --dead-after?"));
}

TEST(OptionsSet, gives_one_setting_a_value_from_elsewhere) {
  std::uint64_t most = 1;
  std::vector<std::string> places;
  Options options{{.program = "fairlead-test"}};
  options.size("max-message", most, "", size_between(1, 65536)).list("place", "PLACE", places, "");
  EXPECT_TRUE(options.set("max-message", "4k"));
  EXPECT_EQ(most, 4096U);
  EXPECT_TRUE(options.set("place", "here,there"));
  EXPECT_THAT(places, ElementsAre("here", "there"));
  EXPECT_THAT(options.set("max-message", "1G").error().message, HasSubstr("max-message: 1073741824 bytes is not from"));
  EXPECT_THAT(options.set("max-mesage", "1").error().message, HasSubstr("did you mean max-message?"));
  EXPECT_THAT(options.set("log-level", "debug").error().message, HasSubstr("no such option"));  // not a listener's
}

}  // namespace
}  // namespace fairlead::io
