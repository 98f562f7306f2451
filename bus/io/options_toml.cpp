// The configuration file.
#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>

#include <toml++/toml.h>

#include "bus/io/options_entry.hpp"
#include "bus/text.hpp"

namespace fairlead::io {
namespace {

using Kind = Options::Entry::Kind;

std::string place(const std::string& path, const toml::source_region& source) {
  return path + ":" + std::to_string(source.begin.line) + ":" + std::to_string(source.begin.column);
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

std::string_view expectation(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "a string";
    case Kind::integer:
      return "a whole number";
    case Kind::size:
      return "a size: a whole number of bytes or a string such as \"64k\"";
    case Kind::duration:
      return "a time with its unit: a string such as \"250ms\" or \"4s\"";
    case Kind::flag:
      return "true or false";
    case Kind::list:
      return "an array of strings";
  }
  return "?";
}

std::optional<std::vector<std::string>> as_texts(Kind kind, const toml::node& node) {
  const bool takes_string = kind != Kind::integer && kind != Kind::flag;
  const bool takes_integer = kind == Kind::integer || kind == Kind::size;
  if (const auto* text = node.as_string(); text != nullptr && takes_string) return {{text->get()}};
  if (const auto* number = node.as_integer(); number != nullptr && takes_integer)
    return {{std::to_string(number->get())}};
  if (const auto* flag = node.as_boolean(); flag != nullptr && kind == Kind::flag)
    return {{flag->get() ? "true" : "false"}};
  const auto* array = node.as_array();
  if (array == nullptr || kind != Kind::list) return std::nullopt;
  std::vector<std::string> texts;
  for (const toml::node& item : *array) {
    const auto* text = item.as_string();
    if (text == nullptr) return std::nullopt;
    texts.push_back(text->get());
  }
  return texts;
}

}  // namespace

std::vector<Options::Sources::Found> Options::Sources::file(const std::string& path) {
  toml::table table;
  // Opened like a file, a folder reads as an empty one.
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) {
    errors.push_back(path + ": is a folder; a file is wanted");
    return {};
  }
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& failure) {
    const bool read = failure.source().begin.line != 0;
    errors.push_back((read ? place(path, failure.source()) : path) + ": " + std::string(failure.description()));
    return {};
  }
  // The table is sorted by key; people read from the top.
  struct Line {
    toml::source_position at;
    const toml::key* key;
    const toml::node* node;
  };
  std::vector<Line> lines;
  for (const auto& [key, node] : table) lines.push_back({key.source().begin, &key, &node});
  std::ranges::sort(lines, {}, [](const Line& line) { return std::pair{line.at.line, line.at.column}; });

  std::vector<Found> found;
  for (const auto& [unused, key, node] : lines) {
    const std::string_view name = key->str();
    const auto entry = std::ranges::find_if(entries, [&](const auto& candidate) { return candidate->name == name; });
    if (entry == entries.end()) {
      errors.push_back(place(path, key->source()) + ": no such key '" + printable(name) + "'" + suggest(name, ""));
      continue;
    }
    const std::string at = place(path, node->source());
    const std::string label = at + ": " + (*entry)->name;
    auto texts = as_texts((*entry)->kind, *node);
    if (!texts) {
      (*entry)->faulty = true;
      errors.push_back(label + ": must be " + std::string(expectation((*entry)->kind)) + ", not " +
                       std::string(type_name(*node)));
      continue;
    }
    found.push_back({entry->get(), std::move(*texts), at, label});
  }
  return found;
}

std::string toml_string(const std::string& text) {
  const toml::value<std::string> value{text};
  std::ostringstream out;
  out << toml::toml_formatter{value, toml::format_flags::none};  // no '…' and no multi-line strings
  return out.str();
}

std::string toml_array(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + toml_string(text);
  return out + "]";
}

}  // namespace fairlead::io
