#include "bus/stream.hpp"

namespace fairlead {

InStream::Take InStream::on_record(std::uint64_t number) {
  if (number <= last_) return Take::repeated;
  if (number != last_ + 1) return Take::gap;
  last_ = number;
  return Take::yes;
}

bool InStream::lost_tail_across(std::uint64_t head) {
  const bool lost = promised_ > last_;
  promised_ = head;
  return lost;
}

}  // namespace fairlead
