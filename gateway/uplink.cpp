#include "gateway/uplink.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::gateway {
namespace {

std::size_t cost(const PendingEvent& event) { return event.record.size() + sizeof(PendingEvent); }

}  // namespace

Uplink::Change Uplink::keep(Session& session, std::string record) {
  session.pending.push_back({.seq = ++session.last, .record = std::move(record)});
  ++events_;
  bytes_ += cost(session.pending.back());
  if (session.paused || session.pending.size() < limits_.events_per_client) return Change::none;
  session.paused = true;
  return Change::pause;
}

std::size_t Uplink::commit(Session& session, std::uint64_t seq, Change& change) {
  change = Change::none;
  auto& pending = session.pending;
  const auto end = std::find_if(pending.begin(), pending.end(), [&](const auto& event) { return event.seq > seq; });
  for (auto event = pending.begin(); event != end; ++event) bytes_ -= cost(*event);
  const auto count = static_cast<std::size_t>(end - pending.begin());
  events_ -= count;
  if (end == pending.end()) {
    pending = {};  // with its memory: most users are silent most of the time
  } else {
    pending.erase(pending.begin(), end);
  }
  session.committed = std::max(session.committed, seq);
  if (session.paused && pending.size() <= limits_.events_per_client / 2) {
    session.paused = false;
    change = Change::resume;
  }
  return count;
}

void Uplink::forget(Session& session) {
  for (const auto& event : session.pending) bytes_ -= cost(event);
  events_ -= session.pending.size();
  session.pending.clear();
}

Uplink::Change Uplink::change_of_all() {
  if (!paused_all_ && (events_ >= limits_.events || bytes_ >= limits_.bytes)) {
    paused_all_ = true;
    return Change::pause;
  }
  // Begun again only when a quarter is free, so that a gateway at its limit does not flap.
  if (paused_all_ && events_ <= limits_.events / 4 * 3 && bytes_ <= limits_.bytes / 4 * 3) {
    paused_all_ = false;
    return Change::resume;
  }
  return Change::none;
}

}  // namespace fairlead::gateway
