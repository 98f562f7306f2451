#include "tests/support/oracle.hpp"

#include <charconv>

namespace fairlead::tests {

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
  scratch_.assign(1, 'c').append(std::to_string(client_)).append(1, '-').append(std::to_string(number));
  if (scratch_.size() < payload_) scratch_.resize(payload_, '.');
  return scratch_;
}

std::string_view Ledger::send() { return message(++tally_.sent); }

void Ledger::on_reply(std::string_view reply) {
  // The number between the dash and the filling; whatever is wrong with the rest shows when the bytes are compared.
  std::uint64_t number = 0;
  const auto dash = reply.find('-');
  if (dash != std::string_view::npos) std::from_chars(reply.data() + dash + 1, reply.data() + reply.size(), number);
  if (number == 0 || number > tally_.sent || reply != message(number)) {
    ++tally_.foreign;
  } else if (number == next_) {
    ++tally_.received;
    ++next_;
  } else if (number > next_) {
    ++tally_.received;
    for (; next_ < number; ++next_) skipped_.insert(skipped_.end(), next_);
    ++next_;
  } else if (skipped_.erase(number) > 0) {
    ++tally_.received;
    ++tally_.reordered;
  } else {
    ++tally_.duplicated;
  }
}

std::uint64_t Ledger::outstanding() const { return tally_.sent - tally_.received; }

Tally Ledger::tally() const {
  Tally tally = tally_;
  tally.lost = outstanding();
  return tally;
}

}  // namespace fairlead::tests
