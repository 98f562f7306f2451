#include "bus/io/log.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "bus/text.hpp"

namespace fairlead::io {
namespace {

// spdlog moves finished lines to stderr, whole, from every thread; what a line looks like is decided here.
struct Log {
  Log() : sink(std::make_shared<spdlog::sinks::stderr_sink_mt>()), logger(std::make_shared<spdlog::logger>("", sink)) {
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    logger->set_error_handler([](const std::string&) {});  // stderr is where one would complain
  }

  std::shared_ptr<spdlog::sinks::stderr_sink_mt> sink;
  std::shared_ptr<spdlog::logger> logger;
  std::atomic<Level> level = Level::info;
  std::mutex mutex;  // guards what follows
  LogSettings settings;
};

Log& the_log() {
  static Log instance;
  return instance;
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
    case Level::off:
      return "off";
  }
  return "?";
}

std::string utc_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const auto seconds = static_cast<std::time_t>(millis / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  const std::string fraction = std::to_string(1000 + millis % 1000);
  return std::string(text.data(), size) + fraction.substr(1) + "Z";
}

void append_hex(std::string& out, unsigned char byte) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out += digits[byte >> 4U];
  out += digits[byte & 15U];
}

// A quoted string that is good JSON and good logfmt. Bytes that are not UTF-8 would make the line unreadable to a JSON
// parser, so then everything beyond ASCII is written as if it were Latin-1.
void append_quoted(std::string& out, std::string_view text) {
  const bool utf8 = is_utf8(text);
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
          out += "\\u00";
          append_hex(out, byte);
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

// Whether a value needs no quotes in a text line: visible ASCII without what has a meaning there.
bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    append_quoted(out, std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");  // JSON has no such numbers
    return;
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_value(std::string& out, LogFormat format, const Field::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (format == LogFormat::text && is_plain(*text)) {
      out += *text;
    } else {
      append_quoted(out, *text);
    }
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    out += *flag ? "true" : "false";
  } else if (const auto* real = std::get_if<double>(&value)) {
    append_number(out, *real);
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    out += std::to_string(*number);
  } else {
    out += std::to_string(std::get<std::uint64_t>(value));
  }
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  Log& log = the_log();
  LogFormat format{};
  std::string program;
  {
    const std::lock_guard lock(log.mutex);
    format = log.settings.format;
    program = log.settings.program;
  }
  const std::string line = log_line(format, utc_now(), level, program, event, fields);
  log.logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void configure_log(const LogSettings& settings) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  log.settings = settings;
  log.level = settings.level;
}

std::optional<Level> parse_level(std::string_view text) {
  for (const Level level : {Level::debug, Level::info, Level::warning, Level::error, Level::off}) {
    if (text == level_name(level)) return level;
  }
  return std::nullopt;
}

bool log_enabled(Level level) {
  return level != Level::off && level >= the_log().level.load(std::memory_order_relaxed);
}

void log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (log_enabled(level)) write(level, event, fields);
}

void log_ready(std::initializer_list<Field> fields) {
  if (the_log().level.load(std::memory_order_relaxed) != Level::off) write(Level::info, "ready", fields);
}

std::string log_line(LogFormat format, std::string_view time, Level level, std::string_view program,
                     std::string_view event, std::initializer_list<Field> fields) {
  std::string line;
  if (format == LogFormat::text) {
    ((((((line += time) += ' ') += level_name(level)) += ' ') += program) += ' ') += event;
    for (const Field& field : fields) {
      ((line += ' ') += field.key) += '=';
      append_value(line, format, field.value);
    }
    return line;
  }
  const auto add = [&line](std::string_view key, const Field::Value& value) {
    line += line.empty() ? '{' : ',';
    append_quoted(line, key);
    line += ':';
    append_value(line, LogFormat::json, value);
  };
  add("time", time);
  add("level", level_name(level));
  add("program", program);
  add("event", event);
  for (const Field& field : fields) add(field.key, field.value);
  return line += '}';
}

std::optional<std::uint64_t> RepeatLimit::allow(Instant now) {
  if (told_ && now - *told_ < every_) {
    ++untold_;
    return std::nullopt;
  }
  told_ = now;
  return std::exchange(untold_, 0);
}

}  // namespace fairlead::io
