// OwnClient is the client of the unit being handled, as its events so far have made it. It promises that what one
// event's effects did to the client's own session, uid and groups is seen by the next event of the unit
// (docs/protocol.md, K2).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schemas/effect.hpp"
#include "schemas/records.hpp"

namespace fairlead::worker {

struct OwnClient {
  ClientId id;
  std::uint64_t session_version = 0;
  std::string session;
  std::optional<std::string> uid;
  std::vector<std::string> groups;

  static OwnClient of(const schemas::Unit& unit);

  bool is_in(std::string_view group) const;

  // As the broker's directory will apply it to this client; effects on others change nothing here.
  void apply(const schemas::Effect& effect);
};

}  // namespace fairlead::worker
