#include "bus/stream.hpp"

#include "bus/mutation.hpp"

namespace fairlead {

InStream::Take InStream::on_record(std::uint64_t number) {
  if (FAIRLEAD_MUTATION(no_link_numbers)) return last_ = number, Take::yes;
  if (number <= last_) return Take::repeated;
  if (number != last_ + 1) return Take::gap;
  last_ = number;
  return Take::yes;
}

bool InStream::lost_tail_at(std::uint64_t head) const {
  if (FAIRLEAD_MUTATION(no_lost_tail)) return false;
  return head > last_;
}

bool InStream::lost_tail_across(std::uint64_t head) {
  if (FAIRLEAD_MUTATION(no_lost_tail)) return false;
  const bool lost = promised_ > last_;
  promised_ = head;
  return lost;
}

}  // namespace fairlead
