// What users said and the broker has not committed (docs/protocol.md, G2): how much that is, and who must be quiet
// until it is less. It counts; the events themselves are with their sessions.
//
// The limits are soft by what cannot be refused: a user's close, and what the shell hands in before it has heard of the
// pause.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "gateway/session.hpp"

namespace fairlead::gateway {

struct UplinkLimits {
  std::size_t events_per_client = 32;
  std::size_t events = 8192;
  std::size_t bytes = std::size_t{32} << 20U;
};

class Uplink {
 public:
  explicit Uplink(UplinkLimits limits) : limits_(limits) {}

  enum class Change { none, pause, resume };

  // Keeps an event with its session; says whether that user is to be paused now.
  Change keep(Session& session, std::string record);
  // Lets go of the session's events up to `seq`, and says how many; `change` says whether to read that user again.
  std::size_t commit(Session& session, std::uint64_t seq, Change& change);
  // Lets go of all of them.
  void forget(Session& session);

  // Whether everybody is to be paused, or read again, now. Told once for each crossing.
  Change change_of_all();

  bool paused_all() const { return paused_all_; }
  std::size_t events() const { return events_; }
  std::size_t bytes() const { return bytes_; }

 private:
  UplinkLimits limits_;
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
  bool paused_all_ = false;
};

}  // namespace fairlead::gateway
