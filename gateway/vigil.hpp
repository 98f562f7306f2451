// What a user's silence means. Any byte is a sign of life, a message is more; pings and what follows from them are for
// connections that can answer a ping, or whose operator has said what to send.
//
//   silence   ping          we ask, and ask again
//             dead          the user counts as gone
//   messages  idle          nothing was said for so long
//   login     login         no uid was bound in time
//
// A time of 0 is off. Whether the user is to be asked at all (line and frame have no ping of their own) is the caller's.
#pragma once

#include <cstdint>

#include "bus/time.hpp"

namespace fairlead::gateway {

struct VigilTimes {
  Duration ping{25s};
  Duration dead{60s};
  Duration idle{0};
  Duration login{0};
};

class Vigil {
 public:
  enum class Verdict : std::uint8_t { well, ask, silent, idle, stranger };

  explicit Vigil(Instant now) : opened_(now), heard_(now), spoke_(now), ask_(now) {}

  void on_open(Instant now) { *this = Vigil(now); }
  void on_bytes(Instant now) { heard_ = ask_ = now; }
  void on_message(Instant now) { spoke_ = now; }
  void on_login() { known_ = true; }
  bool known() const { return known_; }
  // Nobody was read until now: what was said meanwhile is not the user's silence.
  void on_deaf(Instant now) { heard_ = ask_ = spoke_ = now; }
  void on_pause(Duration pause);

  Verdict on_time(const VigilTimes& times, bool asks, Instant now);

 private:
  Instant opened_;
  Instant heard_;
  Instant spoke_;
  Instant ask_;  // the last time we asked, or heard without asking
  bool known_ = false;
};

}  // namespace fairlead::gateway
