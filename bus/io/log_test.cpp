#include "bus/io/log.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fairlead::io {
namespace {

std::string text(std::initializer_list<Field> fields) {
  return log_line(LogFormat::text, "T", Level::warning, "p", "happened", fields);
}

nlohmann::json json(std::initializer_list<Field> fields) {
  return nlohmann::json::parse(log_line(LogFormat::json, "T", Level::error, "p", "happened", fields));
}

TEST(Log, a_text_line_has_time_level_program_event_and_fields) {
  EXPECT_EQ(text({{"worker", 3}, {"reason", "no heartbeat"}, {"ok", true}, {"load", 0.5}, {"to", "tcp://h:1"}}),
            "T warning p happened worker=3 reason=\"no heartbeat\" ok=true load=0.5 to=tcp://h:1");
}

TEST(Log, a_json_line_is_one_flat_object) {
  const auto line =
      json({{"worker", std::uint64_t{1} << 63U}, {"delta", -5}, {"reason", "no \"beat\""}, {"ok", false}});
  EXPECT_EQ(line, (nlohmann::json{{"time", "T"},
                                  {"level", "error"},
                                  {"program", "p"},
                                  {"event", "happened"},
                                  {"worker", std::uint64_t{1} << 63U},
                                  {"delta", -5},
                                  {"reason", "no \"beat\""},
                                  {"ok", false}}));
}

TEST(Log, a_value_cannot_forge_a_line_or_a_field) {
  EXPECT_EQ(text({{"name", "x\n2026 info p ready"}}), "T warning p happened name=\"x\\n2026 info p ready\"");
  EXPECT_EQ(text({{"name", "a b=c"}}), "T warning p happened name=\"a b=c\"");
  EXPECT_EQ(text({{"name", ""}}), "T warning p happened name=\"\"");
  EXPECT_EQ(text({{"name", "back\\slash"}}), "T warning p happened name=\"back\\\\slash\"");
}

TEST(Log, every_byte_makes_good_json) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string value{'a', static_cast<char>(byte), 'b'};
    const auto line = json({{"name", value}});
    EXPECT_EQ(line["name"].get<std::string>().size(), byte < 128 ? 3U : 4U) << byte;
  }
  EXPECT_EQ(json({{"name", "größe"}})["name"], "größe");
  EXPECT_TRUE(json({{"x", std::nan("")}})["x"].is_string());
}

TEST(Log, levels_below_the_one_set_are_off) {
  configure_log({.program = "p", .level = Level::warning});
  EXPECT_FALSE(log_enabled(Level::info));
  EXPECT_TRUE(log_enabled(Level::error));
  configure_log({.program = "p", .level = Level::off});
  EXPECT_FALSE(log_enabled(Level::error));
  configure_log({});
}

TEST(Log, goes_to_stderr_as_configured) {
  configure_log({.program = "fairlead-test", .format = LogFormat::json});
  testing::internal::CaptureStderr();
  log_ready({{"listen", "tcp://127.0.0.1:1"}});
  log(Level::debug, "not_told");
  log(Level::info, "told", {{"n", 1}});
  const std::string told = testing::internal::GetCapturedStderr();
  configure_log({});
  const std::size_t newline = told.find('\n');
  ASSERT_NE(newline, std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(told.substr(0, newline))["event"], "ready");
  EXPECT_EQ(nlohmann::json::parse(told.substr(newline + 1))["event"], "told");
}

TEST(Log, levels_are_read_by_name) {
  EXPECT_EQ(parse_level("warning"), Level::warning);
  EXPECT_EQ(parse_level("loud"), std::nullopt);
}

TEST(RepeatLimit, tells_once_in_a_while_and_counts_the_rest) {
  RepeatLimit limit(1s);
  const Instant start{};
  EXPECT_EQ(limit.allow(start), 0U);
  EXPECT_EQ(limit.allow(start + 1ms), std::nullopt);
  EXPECT_EQ(limit.allow(start + 999ms), std::nullopt);
  EXPECT_EQ(limit.allow(start + 1s), 2U);
  EXPECT_EQ(limit.allow(start + 5s), 0U);
}

}  // namespace
}  // namespace fairlead::io
