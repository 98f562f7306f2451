#include "gateway/admission.hpp"

#include "bus/check.hpp"

namespace fairlead::gateway {

Admission::Verdict Admission::come() {
  if (limits_.total > 0 && here_ >= limits_.total) return Verdict::too_many;
  ++here_;
  return Verdict::welcome;
}

Admission::Verdict Admission::place(UserId user, const protocols::IpAddress& address) {
  if (limits_.per_address == 0) return Verdict::welcome;
  const protocols::IpAddress household = address.household();
  std::size_t& there = households_[household];
  if (there >= limits_.per_address) return Verdict::too_many_from_there;
  const bool is_new = places_.emplace(user, household).second;
  FAIRLEAD_CHECK(is_new, "a user was placed twice");
  ++there;
  return Verdict::welcome;
}

void Admission::leave(UserId user) {
  FAIRLEAD_CHECK(here_ > 0, "more users left than had come");
  --here_;
  const auto place = places_.find(user);
  if (place == places_.end()) return;
  const auto household = households_.find(place->second);
  if (--household->second == 0) households_.erase(household);
  places_.erase(place);
}

}  // namespace fairlead::gateway
