// How long a socket that is connecting is waited for before another is tried. libzmq does not say that a connection was refused, so
// one that does not come about is tried again while its link is dialing: nobody has seen that link yet. Short waits find a broker
// that has just come back; now and then a long one reaches a broker at the other end of the world.
#pragma once

#include "bus/time.hpp"

namespace fairlead {

class Patience {
 public:
  void on_open(Instant now);
  void on_connected() { attempts_ = 0; }
  bool over(Instant now) const { return now >= ends_; }

 private:
  static constexpr Duration usual = 100ms;
  static constexpr Duration longest = 1s;
  static constexpr unsigned long_one_in = 6;

  Instant ends_{};
  unsigned attempts_ = 0;  // since there was a connection
};

}  // namespace fairlead
