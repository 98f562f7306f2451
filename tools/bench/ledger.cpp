#include "tools/bench/ledger.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace fairlead::bench {

Tally& Tally::operator+=(const Tally& other) {
  sent += other.sent;
  received += other.received;
  lost += other.lost;
  duplicated += other.duplicated;
  reordered += other.reordered;
  foreign += other.foreign;
  disconnected += other.disconnected;
  return *this;
}

std::string_view Ledger::message(std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto* const digits_end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const std::size_t end = prefix_ + static_cast<std::size_t>(digits_end - digits.data());
  // The dots stay where they are while the number has as many digits as the last one.
  if (end != end_) {
    scratch_.resize(end);
    scratch_.resize(std::max(end, payload_), '.');
    end_ = end;
  }
  std::copy(static_cast<const char*>(digits.data()), digits_end, scratch_.data() + prefix_);
  return scratch_;
}

std::string_view Ledger::send() { return message(++tally_.sent); }

std::uint64_t Ledger::on_reply(std::string_view reply) {
  // The number between the dash and the filling; whatever is wrong with the rest shows when the bytes are compared.
  std::uint64_t number = 0;
  if (reply.size() > prefix_) std::from_chars(reply.data() + prefix_, reply.data() + reply.size(), number);
  if (number == 0 || number > tally_.sent || reply != message(number)) {
    ++tally_.foreign;
    return 0;
  }
  if (number == next_) {
    ++next_;
  } else if (number > next_) {
    for (; next_ < number; ++next_) skipped_.insert(skipped_.end(), next_);
    ++next_;
  } else if (skipped_.erase(number) > 0) {
    ++tally_.reordered;
  } else {
    ++tally_.duplicated;
    return 0;
  }
  ++tally_.received;
  return number;
}

std::uint64_t Ledger::outstanding() const { return tally_.sent - tally_.received; }

Tally Ledger::tally() const {
  Tally tally = tally_;
  tally.lost = outstanding();
  return tally;
}

}  // namespace fairlead::bench
