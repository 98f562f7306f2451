// A program's settings, each declared once: --dead-after 4s, over FAIRLEAD_DEAD_AFTER=4s, over `dead-after = "4s"` in
// the TOML file of --config, over the default. Whatever is wrong anywhere is told at once, with its place and what was
// meant.
//
//   struct Settings { std::string listen = "tcp://127.0.0.1:7700"; Duration dead_after = 4s; };
//   Settings settings;
//   Options options{{.program = "fairlead-broker", .summary = "Takes events in, hands units out."}};
//   options.text("listen", "ENDPOINT", settings.listen, "the base endpoint of the bus", valid(&BusAddress::for_listen))
//          .duration("dead-after", settings.dead_after, "silence after which a peer is lost", at_least(100ms));
//   if (const auto done = options.load(argc, argv)) return *done;   // --help, --version, --check-config, or errors
//
// Every program also has --config, --check-config, --print-config, --version, --help, --log-level and --log-format.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bus/io/log.hpp"
#include "bus/io/process.hpp"
#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead::io {

// Says what is wrong with a value; the option's name and place are put before it. Also asked about the default, so a
// check that refuses "" makes an option required.
template <class T>
using Check = std::function<Status(const T&)>;

class Options {
 public:
  struct Program {
    std::string program;  // "fairlead-broker"
    std::string summary;  // for --help
  };

  struct Entry;    // bus/io/options_entry.hpp
  struct Sources;  // likewise

  explicit Options(Program program);
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  // `name` is the flag without its dashes and the key in the file. What `into` holds is the default. `into` must
  // outlive load().
  Options& text(std::string name, std::string placeholder, std::string& into, std::string help,
                Check<std::string> check = {});
  Options& integer(std::string name, std::int64_t& into, std::string help, Check<std::int64_t> check = {});
  Options& size(std::string name, std::uint64_t& into, std::string help, Check<std::uint64_t> check = {});  // 64k, 2M
  Options& duration(std::string name, Duration& into, std::string help, Check<Duration> check = {});        // 250ms, 4s
  Options& flag(std::string name, bool& into, std::string help);  // --name, --name=false
  // Each `--name` adds one; the environment separates them by commas; the file has an array. What a source gives
  // replaces what weaker sources gave.
  Options& list(std::string name, std::string placeholder, std::vector<std::string>& into, std::string help,
                Check<std::vector<std::string>> check = {});
  // Arguments without a dash, in this order; the environment and the file know them by name too. `arguments` takes all
  // the rest.
  Options& argument(std::string name, std::string& into, std::string help, Check<std::string> check = {});
  Options& arguments(std::string name, std::vector<std::string>& into, std::string help,
                     Check<std::vector<std::string>> check = {});
  // Looks at several settings together, after all of them are read.
  Options& also(std::function<Status()> check);

  // Gives one setting a value that stands somewhere else, as in line://host:port?max-message=4k; the items of a list are
  // separated by commas. Says what is wrong with it.
  Status set(std::string_view name, const std::string& value);

  // Reads everything and sets up the log. A code means that the program is done: end with it.
  std::optional<ExitCode> load(int argc, char** argv);

  // The same with the surroundings as arguments; leaves the log alone.
  using Environment = std::function<const char*(const char*)>;
  std::optional<ExitCode> load(std::span<const std::string> arguments, const Environment& environment,
                               std::ostream& out, std::ostream& err);

  LogSettings log_settings() const;
  std::string effective_toml() const;  // what --print-config prints; passwords in addresses are hidden

 private:
  Entry& add(std::string name, std::string placeholder, std::string help);

  Program program_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<std::function<Status()>> also_;
  std::string log_level_ = "info";
  std::string log_format_ = "text";
};

// Ready-made checks.
Check<std::string> required();
Check<std::string> one_of(std::initializer_list<std::string_view> words);  // suggests the nearest
Check<std::int64_t> between(std::int64_t least, std::int64_t most);
Check<std::uint64_t> size_between(std::uint64_t least, std::uint64_t most);
Check<Duration> at_least(Duration least);
Check<std::vector<std::string>> at_least_one();

// A parser as a check: the text (or each item of a list) must parse. No text at all is not a value.
template <class T>
Check<std::string> valid(Result<T> (*parse)(std::string_view)) {
  return [parse](const std::string& typed) -> Status {
    if (typed.empty()) return Error{"is required"};
    auto parsed = parse(typed);
    if (!parsed) return parsed.error();
    return Nothing{};
  };
}
template <class T>
Check<std::vector<std::string>> each_valid(Result<T> (*parse)(std::string_view)) {
  return [parse](const std::vector<std::string>& typed) -> Status {
    for (const auto& one : typed) {
      if (auto parsed = parse(one); !parsed) return parsed.error();
    }
    return Nothing{};
  };
}

// The word of `words` that was probably meant, if one is near enough.
std::optional<std::string_view> nearest(std::string_view typed, std::span<const std::string_view> words);

}  // namespace fairlead::io
