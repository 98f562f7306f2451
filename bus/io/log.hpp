// One fact a line on stderr, for a person who must act on it: a time, a level, the program, an event name and its
// details.
//
//   2026-03-01T12:00:00.000Z info fairlead-broker worker_lost worker=3 reason="no heartbeat for 4s"
//   {"time":"2026-03-01T12:00:00.000Z","level":"info","program":"fairlead-broker","event":"worker_lost","worker":3,…}
//
// Nothing that a peer sent can forge a line or a field: values are quoted and escaped. Safe from every thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bus/time.hpp"

namespace fairlead::io {

enum class Level { debug, info, warning, error, off };
enum class LogFormat { text, json };

struct LogSettings {
  std::string program = "fairlead";
  Level level = Level::info;
  LogFormat format = LogFormat::text;
};

// At start-up and on reload. Before the first call everything from `info` up goes to stderr as text.
void configure_log(const LogSettings& settings);
std::optional<Level> parse_level(std::string_view text);  // debug, info, warning, error, off

// Looks at its value, and is used up within the statement that makes it.
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const std::string& text) : key(name), value(std::string_view(text)) {}
  Field(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  Field(std::string_view name, bool flag) : key(name), value(flag) {}
  Field(std::string_view name, double number) : key(name), value(number) {}
  template <std::signed_integral T>
  Field(std::string_view name, T number) : key(name), value(static_cast<std::int64_t>(number)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Field(std::string_view name, T number)
      : key(name), value(static_cast<std::uint64_t>(number)) {}

  std::string_view key;
  Value value;
};

bool log_enabled(Level level);  // for whoever would have to compute a value first
void log(Level level, std::string_view event, std::initializer_list<Field> fields = {});

// The line that scripts wait for: "… info fairlead-broker ready listen=tcp://127.0.0.1:7700". Printed at every level
// but off.
void log_ready(std::initializer_list<Field> fields = {});

// What log() writes, without the newline.
std::string log_line(LogFormat format, std::string_view time, Level level, std::string_view program,
                     std::string_view event, std::initializer_list<Field> fields);

// Lets a fact that may repeat thousands of times a second be told once in a while, with the number that went untold.
//
//   if (const auto untold = refused_.allow(now)) log(Level::warning, "stranger_refused", {{"untold", *untold}});
class RepeatLimit {
 public:
  explicit RepeatLimit(Duration every) : every_(every) {}

  // How many were swallowed since the last one that was told; none: swallow this one too.
  std::optional<std::uint64_t> allow(Instant now);

 private:
  Duration every_;
  std::optional<Instant> told_;
  std::uint64_t untold_ = 0;
};

}  // namespace fairlead::io
