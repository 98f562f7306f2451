// How often a user may speak: `count` messages in `period` in the long run, `burst` of them at once. Whoever has said
// more is not to be read until next(); nothing is dropped.
//
// A limit is shared by all connections of a listener, what one of them has used up is a single Instant.
#pragma once

#include <cstdint>
#include <string_view>

#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead::gateway {

struct MessageRate {
  std::uint32_t count = 0;  // 0: as often as one likes
  Duration period{0};
  std::uint32_t burst = 1;

  // "20/s", "100/m", "1000/h"; "" and "0" are no limit. The burst is what is allowed in a second, 1 at least, unless
  // it is set afterwards.
  static Result<MessageRate> parse(std::string_view text);

  explicit operator bool() const { return count > 0; }
  bool operator==(const MessageRate&) const = default;
};

class Speech {
 public:
  void on_message(const MessageRate& rate, Instant now);
  // When the next message is in order; the past when it is now.
  Instant next(const MessageRate& rate) const;

 private:
  Instant spent_until_{};  // with nothing said meanwhile, the whole burst is there again then
};

}  // namespace fairlead::gateway
