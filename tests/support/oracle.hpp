// The oracle's book-keeping: what each client of the echo app has sent, what came back, and what is wrong with that.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace fairlead::tests {

// What went wrong is counted so that one mistake is one count: a message that came late is reordered and not lost, a
// second copy is duplicated and nothing else.
struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t foreign = 0;  // never sent by that client, or not the same bytes
  std::uint64_t disconnected = 0;

  Tally& operator+=(const Tally& other);
  bool is_clean() const { return lost + duplicated + reordered + foreign + disconnected == 0; }
  bool operator==(const Tally&) const = default;
};

// One client's numbered messages: `c<client>-<n>`, filled up with dots to the size of the payload.
class Ledger {
 public:
  Ledger(std::uint64_t client, std::size_t payload) : client_(client), payload_(payload) {}

  // The next message. The view lasts until the next call of anything here.
  std::string_view send();
  void on_reply(std::string_view reply);
  void on_disconnected() { ++tally_.disconnected; }

  std::uint64_t outstanding() const;
  // With all that has not come back counted as lost.
  Tally tally() const;

 private:
  std::string_view message(std::uint64_t number);

  std::uint64_t client_;
  std::size_t payload_;
  std::string scratch_;
  Tally tally_;
  std::uint64_t next_ = 1;           // the reply that should come next
  std::set<std::uint64_t> skipped_;  // smaller ones that have not come
};

}  // namespace fairlead::tests
