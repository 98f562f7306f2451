// The book-keeping of fairlead-bench and of the tests' oracle: what each client of the echo app has sent, what came back, and what is wrong with that.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace fairlead::bench {

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
  Ledger(std::uint64_t client, std::size_t payload)
      : payload_(payload), scratch_('c' + std::to_string(client) + '-'), prefix_(scratch_.size()) {}

  // The next message. The view lasts until the next call of anything here.
  std::string_view send();
  // Somebody else has sent this client's messages up to this number, to whoever keeps this ledger: a fan-out.
  void expect(std::uint64_t through) { tally_.sent = through; }
  // The number of a message that came for the first time; 0: of nothing that was owed.
  std::uint64_t on_reply(std::string_view reply);
  void on_disconnected() { ++tally_.disconnected; }

  std::uint64_t outstanding() const;
  // With all that has not come back counted as lost.
  Tally tally() const;

 private:
  std::string_view message(std::uint64_t number);

  std::size_t payload_;
  std::string scratch_;  // the message that was made last
  std::size_t prefix_;   // of it: `c<client>-`
  std::size_t end_ = 0;  // of its number
  Tally tally_;
  std::uint64_t next_ = 1;           // the reply that should come next
  std::set<std::uint64_t> skipped_;  // smaller ones that have not come
};

}  // namespace fairlead::bench
