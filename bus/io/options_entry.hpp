// The inside of Options: one declared setting, and the three places values come from. Each source turns what it finds
// into texts, so that there is one parser for each kind of setting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bus/io/options.hpp"

namespace fairlead::io {

struct Options::Entry {
  enum class Kind { text, integer, size, duration, flag, list };

  std::string flag() const { return argument ? name : "--" + name; }
  std::string variable() const;

  std::string name;
  std::string placeholder;
  std::string help;
  Kind kind = Kind::text;
  bool argument = false;
  bool common = false;                                            // what every program has
  std::function<Status(const std::vector<std::string>&)> assign;  // parses and stores
  std::function<Status()> check;                                  // judges what is stored
  std::function<std::string()> toml;                              // what is stored, as a TOML value
  std::string origin;                                             // where it came from; empty: the default
  bool faulty = false;                                            // a source gave something that was refused
};

// What the command line asks for beside settings.
struct Asked {
  bool help = false;
  bool version = false;
  bool check_config = false;
  bool print_config = false;
  std::string config;  // the file
  std::string help_text;
};

struct Options::Sources {
  const Program& program;
  std::vector<std::unique_ptr<Entry>>& entries;
  std::vector<std::string> errors;

  // What one source found, before it is applied: the weaker sources go first.
  struct Found {
    Entry* entry;
    std::vector<std::string> values;
    std::string origin;  // for --print-config
    std::string label;   // what an error begins with
  };

  // These add to `errors` what they cannot read.
  std::vector<Found> command_line(std::span<const std::string> arguments, Asked& asked);
  std::vector<Found> environment(const Environment& environment) const;
  std::vector<Found> file(const std::string& path);

  std::vector<std::string> unknown_flags_told(const std::vector<std::string>& extras);  // returns the words
  std::vector<Found> deal_out(const std::vector<std::string>& words);

  void apply(const std::vector<Found>& found);
  std::string suggest(std::string_view typed, std::string_view before) const;  // "; did you mean --listen?" or nothing
};

std::string toml_string(const std::string& text);
std::string toml_array(const std::vector<std::string>& texts);

}  // namespace fairlead::io
