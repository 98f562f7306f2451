#include "worker/inbox.hpp"

#include <utility>

#include "bus/mutation.hpp"

namespace fairlead::worker {

void Inbox::add(schemas::Unit unit) {
  Entry entry{.own = {.id = unit.client,
                      .session_version = unit.session_version,
                      .session = std::move(unit.session),
                      .uid = std::move(unit.uid),
                      .groups = std::move(unit.groups)}};
  entry.unit = std::move(unit);
  units_.push_back(std::move(entry));
}

std::optional<Job> Inbox::take(LinkId link) {
  if (units_.empty() || out_) return std::nullopt;
  out_ = true;
  Entry& entry = units_.front();
  const bool last = entry.next + 1 == entry.unit.events.size();
  // Nobody asks for the client's state after its unit's last event, so that one may have it.
  OwnClient own = last ? std::move(entry.own) : entry.own;
  return Job{.link = link,
             .unit = entry.unit.unit,
             .attempt = entry.unit.attempt,
             .client = entry.unit.client,
             .gateway = entry.unit.gateway,
             .peer = entry.unit.peer,
             .session_version = own.session_version,
             .session = std::move(own.session),
             .uid = std::move(own.uid),
             .groups = std::move(own.groups),
             .event = std::move(entry.unit.events[entry.next])};
}

Inbox::Left Inbox::put_back(const Job& job, std::span<const schemas::Effect> effects) {
  if (!is_out(job)) return Left::nothing;
  Entry& entry = units_.front();
  if (++entry.next == entry.unit.events.size()) {
    drop_front();
    return Left::other_units;
  }
  if (!FAIRLEAD_MUTATION(no_session_carry)) {
    for (const auto& effect : effects) entry.own.apply(effect);
  }
  out_ = false;
  return Left::events;
}

Inbox::Left Inbox::put_back_failed(const Job& job) {
  if (!is_out(job)) return Left::nothing;
  drop_front();
  return Left::other_units;
}

void Inbox::cancel(UnitId unit, std::uint64_t attempt) {
  for (auto at = units_.begin(); at != units_.end(); ++at) {
    if (at->unit.unit != unit || at->unit.attempt != attempt) continue;
    if (at == units_.begin()) out_ = false;
    units_.erase(at);
    return;
  }
}

bool Inbox::is_out(const Job& job) const {
  return out_ && units_.front().unit.unit == job.unit && units_.front().unit.attempt == job.attempt;
}

}  // namespace fairlead::worker
