#include "worker/credit.hpp"

#include <algorithm>

namespace fairlead::worker {

void CreditMeter::on_handled(Duration took, bool unit_done) {
  running_ += took;
  if (!unit_done) return;
  average_ = average_ == Duration{0} ? running_ : average_ + (running_ - average_) / 4;
  running_ = Duration{0};
}

std::uint64_t CreditMeter::units() const {
  const Duration each = std::max(average_, running_);
  if (each == Duration{0}) return 1;
  return std::clamp(static_cast<std::uint64_t>(ahead / each), std::uint64_t{1}, most);
}

bool CreditMeter::worth_telling(std::uint64_t told) const {
  const std::uint64_t wanted = units();
  const std::uint64_t off = wanted > told ? wanted - told : told - wanted;
  return off > 0 && 4 * off >= told;
}

}  // namespace fairlead::worker
