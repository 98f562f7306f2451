#include "tools/tap/line.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <utility>

#include "bus/text.hpp"

namespace fairlead::tap {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_remembered = 65'536;

std::string time_of_day(double at) {
  const std::int64_t micros = std::llround(at * 1e6);
  const std::time_t seconds = micros / 1'000'000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%06d", local.tm_hour, local.tm_min, local.tm_sec,
                static_cast<int>(micros % 1'000'000));
  return text.data();
}

std::string text_of(const Json& record, const char* key) {
  const auto at = record.find(key);
  if (at == record.end()) return {};
  return at->is_string() ? at->get<std::string>() : at->dump();
}

const char* colour_of(const std::string& what) {
  if (what == "event" || what == "unit") return "\033[36m";
  if (what == "fail" || what == "dead") return "\033[31m";
  return "\033[32m";
}

}  // namespace

Result<Frame> read_frame(std::string_view bytes) {
  Frame frame;
  bool first = true;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    Json json = Json::parse(bytes.substr(0, end), nullptr, false);
    if (!json.is_object()) return Error{"a line that is no JSON object"};
    if (std::exchange(first, false)) {
      if (json.value("tap", 0) != 1) return Error{"not the frame of a tap, or of a newer broker"};
      const auto number = [&json](const char* key) {
        return json.contains(key) && json[key].is_number_unsigned() ? json[key].get<std::uint64_t>() : 0;
      };
      frame.at = json.contains("at") && json["at"].is_number() ? json["at"].get<double>() : 0;
      frame.seen = number("seen");
      frame.matched = number("matched");
      frame.dropped = number("dropped");
      frame.sent = number("sent");
    } else {
      frame.records.push_back(std::move(json));
    }
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
  }
  if (first) return Error{"an empty frame"};
  return frame;
}

void Tally::on_frame(const Frame& frame) {
  const auto records = static_cast<std::uint64_t>(frame.records.size());
  // The first one, or the first of a broker that has been restarted: what came before it is not ours to miss.
  if (!begun_ || frame.matched < last_matched_ || frame.seen < last_seen_) {
    begun_ = true;
    last_seen_ = frame.seen - std::min(frame.seen, records);
    last_matched_ = frame.matched - std::min(frame.matched, records);
  }
  seen_ += frame.seen - last_seen_;
  matched_ += frame.matched - last_matched_;
  last_seen_ = frame.seen;
  last_matched_ = frame.matched;
  captured_ += records;
}

std::string Printer::took(const std::string& what, const std::string& event, double at) {
  if (what == "event") {
    if (order_.size() >= most_remembered) {
      began_.erase(order_.front());
      order_.pop_front();
    }
    if (began_.emplace(event, at).second) order_.push_back(event);
    return {};
  }
  const auto began = began_.find(event);
  if ((what != "commit" && what != "dead") || began == began_.end()) return {};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), " took=%.1fms", std::max(0.0, at - began->second) * 1000);
  return text.data();
}

std::string Printer::line(const Json& record, double at) {
  const std::string what = text_of(record, "what");
  const std::string client = text_of(record, "client");
  const std::string seq = text_of(record, "seq");
  std::string name = what;
  name.resize(std::max<std::size_t>(name.size(), 7), ' ');
  std::string direction = text_of(record, "dir");
  direction.resize(std::max<std::size_t>(direction.size(), 4), ' ');
  std::string out = time_of_day(at) + " " + direction + " ";
  out += style_.colour ? colour_of(what) + name + "\033[0m" : name;
  const auto add = [&](const char* key) {
    const std::string value = text_of(record, key);
    if (!value.empty()) out += std::string(" ") + key + "=" + printable(value, 200);
  };
  if (const std::string kind = text_of(record, "kind"); !kind.empty()) out += " " + kind;
  if (const std::string to = text_of(record, "to"); !to.empty()) out += " to " + to;
  if (!client.empty()) out += " " + client + (seq.empty() ? "" : ":" + seq);
  for (const char* key : {"clients", "uid", "group"}) add(key);
  if (!style_.quiet) {
    for (const char* key : {"gateway", "worker", "attempt", "events", "effects", "number", "verdict", "reason"})
      add(key);
  }
  out += took(what, client + ":" + seq, at);
  out += " " + text_of(record, "bytes") + "B";
  if (style_.quiet) return out;
  if (const auto body = record.find("body"); body != record.end() && body->is_string()) {
    out += " \"" + printable(body->get<std::string>(), 4 * 4096) + "\"";
  } else if (const std::string hex = text_of(record, "hex"); !hex.empty()) {
    out += " 0x" + hex;
  }
  return out;
}

}  // namespace fairlead::tap
