#include "tools/ctl/show.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "bus/text.hpp"
#include "bus/time.hpp"

namespace fairlead::ctl {

std::string on_one_line(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out += control ? printable(std::string_view(&c, 1)) : std::string(1, c);
  }
  return out;
}

namespace {

using Json = nlohmann::ordered_json;

bool is_duration(const std::string& key) { return key == "uptime" || key == "away" || key == "silent"; }

std::string cell(const std::string& key, const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number() && is_duration(key)) {
    const double seconds = value.get<double>();
    if (seconds >= 1) return duration_text(Duration(std::chrono::seconds(std::lround(seconds))));
    return duration_text(Duration(std::chrono::milliseconds(std::lround(seconds * 1000))));
  }
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    return text.empty() ? "-" : on_one_line(text);
  }
  if (value.is_array()) {
    std::string all;
    for (const auto& one : value) all += (all.empty() ? "" : ", ") + cell(key, one);
    return all.empty() ? "-" : all;
  }
  return value.dump();
}

// Characters as people count them.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t to, bool right) {
  const std::string blanks(to > width(text) ? to - width(text) : 0, ' ');
  return right ? blanks + text : text + blanks;
}

std::string heading(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  std::transform(key.begin(), key.end(), key.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return key;
}

std::string table(const Json& rows) {
  struct Column {
    std::string key;
    std::size_t width = 0;
    bool numbers = true;
  };
  std::vector<Column> columns;
  for (const auto& [key, value] : rows.front().items()) columns.push_back({key, heading(key).size()});
  for (const auto& row : rows) {
    for (auto& column : columns) {
      column.width = std::max(column.width, width(cell(column.key, row[column.key])));
      column.numbers = column.numbers && (row[column.key].is_number() || row[column.key].is_null());
    }
  }
  std::string out;
  const auto line = [&](auto text_of) {
    std::string one;
    for (const auto& column : columns)
      one += (one.empty() ? "" : "  ") + padded(text_of(column), column.width, column.numbers);
    out += one.substr(0, one.find_last_not_of(' ') + 1) + "\n";
  };
  line([](const Column& column) { return heading(column.key); });
  for (const auto& row : rows) line([&](const Column& column) { return cell(column.key, row[column.key]); });
  return out;
}

std::string lines(const Json& object, const std::string& indent = "") {
  std::size_t widest = 0;
  for (const auto& [key, value] : object.items()) widest = std::max(widest, key.size());
  std::string out;
  for (const auto& [key, value] : object.items()) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '_', ' ');
    if (value.is_object()) {
      out += indent + name + "\n" + lines(value, indent + "  ");
    } else {
      out += indent + padded(name, widest, false) + "  " + cell(key, value) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string show(const Json& reply) {
  Json rest = Json::object();
  std::string out;
  for (const auto& [key, value] : reply.items()) {
    if (key == "ok") continue;
    const bool rows = value.is_array() && (value.empty() || value.front().is_object());
    if (rows) {
      out += value.empty() ? "none\n" : table(value);
    } else if (key == "next") {
      if (value.is_string()) out += "there are more: --after " + value.get<std::string>() + "\n";
    } else if (value.is_object() && reply.size() == 2) {
      out += lines(value);
    } else if (!(key == "total" && out == "none\n")) {
      rest[key] = value;
    }
  }
  return out + lines(rest);
}

}  // namespace fairlead::ctl
