#include "bus/io/options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "bus/check.hpp"
#include "bus/io/options_entry.hpp"
#include "bus/text.hpp"

namespace fairlead::io {
namespace {

using Texts = std::vector<std::string>;

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) {
    return Error{"'" + printable(text) + "' is not a whole number"};
  }
  return value;
}

Result<bool> parse_flag(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return Error{"'" + printable(text) + "' is not true or false"};
}

Result<std::string> take_text(std::string_view text) { return std::string(text); }

// A scalar that is given several times is what it was given last, as on every command line.
template <class T>
std::function<Status(const Texts&)> assign_last(T& into, Result<T> (*parse)(std::string_view)) {
  return [&into, parse](const Texts& values) -> Status {
    auto parsed = parse(values.back());
    if (!parsed) return parsed.error();
    into = std::move(*parsed);
    return Nothing{};
  };
}

template <class T>
std::function<Status()> check_stored(const T& stored, Check<T> check) {
  return [&stored, check = std::move(check)]() -> Status { return check ? check(stored) : Status{Nothing{}}; };
}

}  // namespace

Options::Options(Program program) : program_(std::move(program)) {
  text("log-level", "LEVEL", log_level_, "debug, info, warning, error or off",
       one_of({"debug", "info", "warning", "error", "off"}));
  text("log-format", "FORMAT", log_format_, "text or json", one_of({"text", "json"}));
  for (const auto& entry : entries_) entry->common = true;
}

Options::~Options() = default;

Options::Entry& Options::add(std::string name, std::string placeholder, std::string help) {
  const bool is_new = std::ranges::none_of(entries_, [&](const auto& entry) { return entry->name == name; });
  FAIRLEAD_CHECK(is_new, "an option is declared twice");
  entries_.push_back(std::make_unique<Entry>());
  Entry& entry = *entries_.back();
  entry.name = std::move(name);
  entry.placeholder = std::move(placeholder);
  entry.help = std::move(help);
  return entry;
}

Options& Options::text(std::string name, std::string placeholder, std::string& into, std::string help,
                       Check<std::string> check) {
  Entry& entry = add(std::move(name), std::move(placeholder), std::move(help));
  entry.assign = assign_last(into, take_text);
  entry.check = check_stored(into, std::move(check));
  entry.toml = [&into] { return toml_string(without_password(into)); };
  return *this;
}

Options& Options::integer(std::string name, std::int64_t& into, std::string help, Check<std::int64_t> check) {
  Entry& entry = add(std::move(name), "NUMBER", std::move(help));
  entry.kind = Entry::Kind::integer;
  entry.assign = assign_last(into, parse_integer);
  entry.check = check_stored(into, std::move(check));
  entry.toml = [&into] { return std::to_string(into); };
  return *this;
}

Options& Options::size(std::string name, std::uint64_t& into, std::string help, Check<std::uint64_t> check) {
  Entry& entry = add(std::move(name), "SIZE", std::move(help));
  entry.kind = Entry::Kind::size;
  entry.assign = assign_last(into, parse_size);
  entry.check = check_stored(into, std::move(check));
  entry.toml = [&into] { return std::to_string(into); };
  return *this;
}

Options& Options::duration(std::string name, Duration& into, std::string help, Check<Duration> check) {
  Entry& entry = add(std::move(name), "TIME", std::move(help));
  entry.kind = Entry::Kind::duration;
  entry.assign = assign_last(into, parse_duration);
  entry.check = check_stored(into, std::move(check));
  entry.toml = [&into] { return toml_string(duration_text(into)); };
  return *this;
}

Options& Options::flag(std::string name, bool& into, std::string help) {
  Entry& entry = add(std::move(name), "", std::move(help));
  entry.kind = Entry::Kind::flag;
  entry.assign = assign_last(into, parse_flag);
  entry.check = [] { return Status{Nothing{}}; };
  entry.toml = [&into] { return std::string(into ? "true" : "false"); };
  return *this;
}

Options& Options::list(std::string name, std::string placeholder, std::vector<std::string>& into, std::string help,
                       Check<std::vector<std::string>> check) {
  Entry& entry = add(std::move(name), std::move(placeholder), std::move(help));
  entry.kind = Entry::Kind::list;
  entry.assign = [&into](const Texts& values) -> Status {
    into = values;
    return Nothing{};
  };
  entry.check = check_stored(into, std::move(check));
  entry.toml = [&into] { return toml_array(into); };
  return *this;
}

Options& Options::argument(std::string name, std::string& into, std::string help, Check<std::string> check) {
  text(std::move(name), "", into, std::move(help), std::move(check));
  entries_.back()->argument = true;
  return *this;
}

Options& Options::arguments(std::string name, std::vector<std::string>& into, std::string help,
                            Check<std::vector<std::string>> check) {
  list(std::move(name), "", into, std::move(help), std::move(check));
  entries_.back()->argument = true;
  return *this;
}

Options& Options::also(std::function<Status()> check) {
  also_.push_back(std::move(check));
  return *this;
}

std::optional<ExitCode> Options::load(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto environment = [](const char* name) -> const char* { return std::getenv(name); };
  const auto done = load(arguments, environment, std::cout, std::cerr);
  if (!done) configure_log(log_settings());
  return done;
}

std::optional<ExitCode> Options::load(std::span<const std::string> arguments, const Environment& environment,
                                      std::ostream& out, std::ostream& err) {
  // A program's own settings come first wherever they are listed.
  std::stable_partition(entries_.begin(), entries_.end(), [](const auto& entry) { return !entry->common; });
  Sources sources{program_, entries_, {}};
  Asked asked;
  std::vector<Sources::Found> typed = sources.command_line(arguments, asked);
  if (asked.help) return out << asked.help_text, ExitCode::ok;
  if (asked.version) return out << program_.program << " " << FAIRLEAD_VERSION << "\n", ExitCode::ok;

  std::string file = asked.config;
  if (const char* variable = environment("FAIRLEAD_CONFIG"); file.empty() && variable != nullptr) file = variable;
  if (!file.empty()) sources.apply(sources.file(file));
  sources.apply(sources.environment(environment));
  sources.apply(typed);

  for (const auto& entry : entries_) {
    if (!entry->origin.empty() || entry->faulty) continue;
    if (const Status good = entry->check(); !good)
      sources.errors.push_back(entry->flag() + ": " + good.error().message);
  }
  if (sources.errors.empty()) {
    for (const auto& check : also_) {
      if (const Status good = check(); !good) sources.errors.push_back(good.error().message);
    }
  }
  if (!sources.errors.empty()) {
    for (const std::string& error : sources.errors) err << program_.program << ": " << error << "\n";
    err << program_.program << ": nothing was started; --help tells the options\n";
    return ExitCode::usage;
  }
  if (asked.print_config) return out << effective_toml(), ExitCode::ok;
  if (asked.check_config) return out << program_.program << ": the configuration is good\n", ExitCode::ok;
  return std::nullopt;
}

LogSettings Options::log_settings() const {
  return {.program = program_.program,
          .level = parse_level(log_level_).value_or(Level::info),
          .format = log_format_ == "json" ? LogFormat::json : LogFormat::text};
}

std::string Options::effective_toml() const {
  std::string out;
  for (const auto& entry : entries_) {
    out += entry->name + " = " + entry->toml() + "  # ";
    out += entry->origin.empty() ? "default" : "from " + entry->origin;
    out += '\n';
  }
  return out;
}

// ---- checks

Check<std::string> required() {
  return [](const std::string& typed) -> Status {
    if (typed.empty()) return Error{"is required"};
    return Nothing{};
  };
}

Check<std::string> one_of(std::initializer_list<std::string_view> words) {
  return [words = std::vector<std::string_view>(words)](const std::string& typed) -> Status {
    if (std::ranges::find(words, typed) != words.end()) return Nothing{};
    std::string message = "'" + printable(typed) + "' is not one of";
    for (const std::string_view word : words) (message += word == words.front() ? " " : ", ") += word;
    if (const auto meant = nearest(typed, words)) ((message += "; did you mean ") += *meant) += "?";
    return Error{message};
  };
}

Check<std::int64_t> between(std::int64_t least, std::int64_t most) {
  return [=](const std::int64_t& value) -> Status {
    if (value >= least && value <= most) return Nothing{};
    return Error{std::to_string(value) + " is not from " + std::to_string(least) + " to " + std::to_string(most)};
  };
}

Check<std::uint64_t> size_between(std::uint64_t least, std::uint64_t most) {
  return [=](const std::uint64_t& value) -> Status {
    if (value >= least && value <= most) return Nothing{};
    return Error{std::to_string(value) + " bytes is not from " + std::to_string(least) + " to " + std::to_string(most)};
  };
}

Check<Duration> at_least(Duration least) {
  return [=](const Duration& value) -> Status {
    if (value >= least) return Nothing{};
    return Error{duration_text(value) + " is too short: at least " + duration_text(least)};
  };
}

Check<std::vector<std::string>> at_least_one() {
  return [](const std::vector<std::string>& values) -> Status {
    if (values.empty()) return Error{"is required"};
    return Nothing{};
  };
}

}  // namespace fairlead::io
