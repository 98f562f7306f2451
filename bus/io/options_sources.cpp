// The command line and the environment.
#include <algorithm>
#include <array>
#include <map>

#include <CLI/CLI.hpp>

#include "bus/io/options_entry.hpp"
#include "bus/text.hpp"

namespace fairlead::io {
namespace {

// How many letters must be inserted, dropped, replaced or swapped with their neighbour to get from `a` to `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] =
          std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    if (const std::string_view part = text.substr(0, comma); !part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

bool is_flag(std::string_view typed) { return typed.size() > 1 && typed[0] == '-'; }

// What --help says about a default; nothing where there is none.
std::string default_text(const std::string& toml) {
  return toml == "\"\"" || toml == "[]" || toml == "false" ? std::string{} : " (" + toml + ")";
}

std::string flag_name(std::string_view typed) {
  typed.remove_prefix(std::min(typed.find_first_not_of('-'), typed.size()));
  return std::string(typed.substr(0, typed.find('=')));
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view typed, std::span<const std::string_view> words) {
  if (typed.size() > 64) return std::nullopt;  // nobody means a word by that
  std::optional<std::string_view> best;
  std::size_t least = typed.size() / 3 + 2;  // beyond which it is a guess, not a slip
  for (const std::string_view word : words) {
    const bool begun = typed.size() >= 3 && word.substr(0, typed.size()) == typed;
    const std::size_t distance = begun ? 1 : edit_distance(typed, word);
    if (distance >= std::min(least, std::max<std::size_t>(word.size(), 2))) continue;
    least = distance;
    best = word;
  }
  return best;
}

std::string Options::Entry::variable() const {
  std::string variable = "FAIRLEAD_";
  for (const char c : name) variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return variable;
}

std::string Options::Sources::suggest(std::string_view typed, std::string_view before) const {
  static constexpr std::array<std::string_view, 5> switches{"config", "check-config", "print-config", "version",
                                                            "help"};
  std::vector<std::string_view> names;
  for (const auto& entry : entries) {
    if (before.empty() || !entry->argument) names.push_back(entry->name);
  }
  if (!before.empty()) names.insert(names.end(), switches.begin(), switches.end());
  const auto meant = nearest(typed, names);
  return meant ? "; did you mean " + std::string(before) + std::string(*meant) + "?" : std::string{};
}

Status Options::set(std::string_view name, const std::string& value) {
  std::vector<std::string_view> names;
  for (const auto& entry : entries_) {
    if (entry->common) continue;
    names.push_back(entry->name);
    if (entry->name != name) continue;
    Status good = entry->assign(entry->kind == Entry::Kind::list ? split_at_commas(value) : std::vector{value});
    if (good) good = entry->check();
    return good ? good : Status{Error{entry->name + ": " + good.error().message}};
  }
  const auto meant = nearest(name, names);
  return Error{"'" + printable(name) + "': no such option" +
               (meant ? "; did you mean " + std::string(*meant) + "?" : std::string{})};
}

void Options::Sources::apply(const std::vector<Found>& found) {
  for (const auto& [entry, values, origin, label] : found) {
    Status good = entry->assign(values);
    if (good) good = entry->check();
    entry->faulty = entry->faulty || !good;
    entry->origin = origin;
    if (!good) errors.push_back(label + ": " + good.error().message);
  }
}

std::vector<Options::Sources::Found> Options::Sources::environment(const Environment& environment) const {
  std::vector<Found> found;
  for (const auto& entry : entries) {
    const std::string variable = entry->variable();
    const char* value = environment(variable.c_str());
    if (value == nullptr || *value == '\0') continue;  // set to nothing is how scripts say "not set"
    const bool many = entry->kind == Entry::Kind::list;
    found.push_back({entry.get(), many ? split_at_commas(value) : std::vector<std::string>{value}, variable, variable});
  }
  return found;
}

// CLI11 reads the flags. It is kept from judging how often something may come, because it gives up at the first error;
// what it does not know comes back as extras, and the words among them are dealt out to the declared arguments here.
std::vector<Options::Sources::Found> Options::Sources::command_line(std::span<const std::string> arguments,
                                                                    Asked& asked) {
  static constexpr const char* common = "Every program has";
  CLI::App app{program.summary, program.program};
  app.set_help_flag();  // ours is one flag among the others, so that it can win over errors
  app.allow_extras();
  std::map<const Entry*, CLI::Option*> options;
  std::vector<std::vector<std::string>> unused(entries.size());  // CLI11 wants variables; results() is what is read
  std::vector<std::string> unused_flags(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = *entries[i];
    const std::string help = entry.help + default_text(entry.toml());
    CLI::Option* option = nullptr;
    if (entry.kind == Entry::Kind::flag) {
      option = app.add_flag(entry.flag(), unused_flags[i], help);
    } else {
      option = app.add_option("--" + entry.name, unused[i], help);
      // One value a flag, or `--listen a b` would take b for another listener; the flag itself may come again.
      option->type_name(entry.placeholder)->expected(1)->allow_extra_args(false);
    }
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    option->group(entry.argument ? "" : entry.common ? common : "Options");  // no group: not in the help
    options[&entry] = option;
  }
  std::string unused_file;
  const auto* config = app.add_option("--config", unused_file, "a TOML file with settings")
                           ->type_name("FILE")
                           ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
                           ->group(common);
  app.add_flag("--check-config", asked.check_config, "say whether the settings are good, and end")->group(common);
  app.add_flag("--print-config", asked.print_config, "print the settings and where each came from, and end")
      ->group(common);
  app.add_flag("--version", asked.version, "print the version, and end")->group(common);
  app.add_flag("-h,--help", asked.help, "print this, and end")->group(common);
  app.footer(
      "Flags win over FAIRLEAD_* variables (FAIRLEAD_LOG_LEVEL=debug), those over the file (log-level = \"debug\"),\n"
      "that over the defaults in parentheses.");

  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ArgumentMismatch& failure) {
    const std::string message = failure.what();
    errors.push_back(message.substr(0, message.find(':')) + ": a value is missing");
  } catch (const CLI::ParseError& failure) {
    errors.emplace_back(failure.what());
  }
  if (!config->results().empty()) asked.config = config->results().back();

  std::vector<Found> found;
  for (const auto& entry : entries) {
    const std::vector<std::string>& values = options[entry.get()]->results();
    if (!values.empty()) found.push_back({entry.get(), values, "--" + entry->name, "--" + entry->name});
  }
  for (auto& dealt : deal_out(unknown_flags_told(app.remaining()))) found.push_back(std::move(dealt));

  if (asked.help) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!entries[i]->argument) continue;
      auto* shown = app.add_option(entries[i]->name, unused[i], entries[i]->help + default_text(entries[i]->toml()));
      if (entries[i]->kind != Entry::Kind::list) shown->expected(1);
    }
    asked.help_text = app.help() + "\n";
  }
  return found;
}

std::vector<std::string> Options::Sources::unknown_flags_told(const std::vector<std::string>& extras) {
  std::vector<std::string> words;
  bool value_follows = false;  // what follows an unknown flag is probably its value, and nothing to complain about
  for (const std::string& extra : extras) {
    if (is_flag(extra)) {
      errors.push_back("--" + flag_name(extra) + ": no such option" + suggest(flag_name(extra), "--"));
    } else if (!value_follows) {
      words.push_back(extra);
    }
    value_follows = is_flag(extra) && extra.find('=') == std::string::npos;
  }
  return words;
}

std::vector<Options::Sources::Found> Options::Sources::deal_out(const std::vector<std::string>& words) {
  std::vector<Found> found;
  auto next = words.begin();
  for (const auto& entry : entries) {
    if (!entry->argument || next == words.end()) continue;
    const auto end = entry->kind == Entry::Kind::list ? words.end() : next + 1;
    found.push_back({entry.get(), {next, end}, "argument " + entry->name, entry->name});
    next = end;
  }
  for (; next != words.end(); ++next)
    errors.push_back("'" + printable(without_password(*next)) + "': nothing is expected here");
  return found;
}

}  // namespace fairlead::io
