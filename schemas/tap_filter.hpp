// What a tap asks the broker for: which of the things that happen, and how much of each body (docs/operating.md,
// "Watching the traffic"). Tap and broker read the same text with this.
//
//   uid 42 and up and size > 1k
//   kind deliver and not (group lobby or all)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bus/ids.hpp"
#include "bus/result.hpp"

namespace fairlead::schemas {

// One thing that happened, as a filter sees it. Views.
struct TapSample {
  std::string_view what;  // event, unit, commit, fail, dead, deliver
  std::string_view kind;  // of the event: open, message, …; empty for a delivery
  bool up = false;        // from users to workers
  std::string_view gateway;
  std::string_view worker;
  std::span<const ClientId> clients;
  std::span<const std::string> uids;
  std::span<const std::string> groups;
  std::uint64_t size = 0;  // of the payload
};

class TapFilter {
 public:
  // Lets everything through.
  TapFilter() = default;
  // The Error says what was expected where. Bounded in length and depth: strangers may try.
  static Result<TapFilter> parse(std::string_view text);

  bool matches(const TapSample& sample) const;

 private:
  friend class TapFilterParser;

  enum class Op : std::uint8_t {
    all_of,  // left and right
    any_of,
    none_of,  // not left
    uid,
    client,
    group,
    gateway,
    worker,
    kind,
    up,
    down,
    above,
    below,
    exactly,
  };
  struct Node {
    Op op = Op::up;
    std::size_t left = 0;
    std::size_t right = 0;
    std::string text;
    ClientId client;
    std::uint64_t number = 0;
  };
  bool matches(std::size_t node, const TapSample& sample) const;

  std::vector<Node> nodes_;  // the last one is the root; none: everything
};

// A tap's subscription: `t`, the bytes wanted of each body, a colon, the filter, a newline. The frames that the broker
// sends for it begin with the same bytes. The newline keeps one topic from being the beginning of another.
struct TapRequest {
  static constexpr std::size_t most_body = 4096;
  static constexpr std::size_t longest_filter = 200;  // libzmq corrupts topics of 246 bytes and more

  std::size_t body = 0;
  std::string filter;

  std::string topic() const;
  static Result<TapRequest> parse(std::string_view topic);
};

}  // namespace fairlead::schemas
