// What a broker's tap frame says (docs/operating.md, "Watching the traffic"), and a record as a line for people.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "bus/result.hpp"

namespace fairlead::tap {

struct Frame {
  double at = 0;  // seconds since 1970, by the broker's clock
  // Since the broker has had this filter.
  std::uint64_t seen = 0;
  std::uint64_t matched = 0;
  std::uint64_t dropped = 0;
  std::uint64_t sent = 0;
  std::vector<nlohmann::ordered_json> records;
};
Result<Frame> read_frame(std::string_view bytes);  // behind the topic

// What has come of what there was. The broker counts for all taps with the same filter, and from when the first of them
// came; a tap counts from its own first frame.
class Tally {
 public:
  void on_frame(const Frame& frame);

  std::uint64_t seen() const { return seen_; }
  std::uint64_t matched() const { return matched_; }
  std::uint64_t captured() const { return captured_; }
  std::uint64_t not_captured() const { return matched_ - captured_; }

 private:
  bool begun_ = false;
  std::uint64_t last_seen_ = 0;
  std::uint64_t last_matched_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t matched_ = 0;
  std::uint64_t captured_ = 0;
};

struct Style {
  bool quiet = false;  // no bodies, short clients
  bool colour = false;
};

// Remembers when an event came, so that its commit can say how long it took. Bounded: the oldest are forgotten.
class Printer {
 public:
  explicit Printer(Style style) : style_(style) {}

  // Without a newline.
  std::string line(const nlohmann::ordered_json& record, double at);

 private:
  std::string took(const std::string& what, const std::string& event, double at);

  Style style_;
  std::map<std::string, double> began_;
  std::deque<std::string> order_;
};

}  // namespace fairlead::tap
