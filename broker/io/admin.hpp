// The operator's questions and orders, as JSON (docs/operating.md, "The admin socket"). One request, one reply:
//
//   {"ask": "clients", "group": "room"}   →   {"ok": true, "clients": […]}
//   {"ask": "clinets"}                    →   {"ok": false, "error": "…", "meant": "clients"}
//
// It reads a Broker between turns; what an order changes is journaled and leaves with the next turn, and so must the
// reply.
#pragma once

#include <string>
#include <string_view>

#include "broker/broker.hpp"
#include "bus/time.hpp"

namespace fairlead::broker::io {

class Admin {
 public:
  struct Settings {
    std::string listen;
    std::string journal;        // directory
    std::string journal_level;  // as it is typed
    bool keys = false;          // only known peers get in
  };
  // `broker` outlives it. The settings are what status and machine show.
  Admin(Broker& broker, Settings settings, Instant started)
      : broker_(broker), settings_(std::move(settings)), started_(started) {}

  // Never throws, whatever the request is.
  std::string answer(std::string_view request, Instant now);

 private:
  Broker& broker_;
  Settings settings_;
  Instant started_;
};

}  // namespace fairlead::broker::io
