// The journal. Whatever a segment holds, it is read or refused; what is read is a prefix of what was written, wherever the segment is
// cut and whichever byte is wrong; and a checkpoint of it reads as the same state.
#include <string>

#include "broker/journal.hpp"
#include "tests/fuzz/making.hpp"

namespace {

using namespace fairlead;          // NOLINT(google-build-using-namespace)
using namespace fairlead::broker;  // NOLINT(google-build-using-namespace)

const JournalHeader journal_header{.lineage = {7}, .shard = 0, .segment = 1};

void check_whole(std::string_view segment, Result<Replayed>& replayed) {
  if (!replayed) return FUZZ_DEMAND(!replayed.error().message.empty(), "an error says something");
  FUZZ_DEMAND(replayed->good_bytes <= segment.size(), "what is good is there");
  FUZZ_DEMAND(replayed->torn == (replayed->good_bytes < segment.size()), "what is not good is a torn tail");
  const std::string digest = replayed->state.digest();
  auto good = replay_segment(segment.substr(0, replayed->good_bytes));
  FUZZ_DEMAND(good && !good->torn && good->state.digest() == digest, "without its tail it is the same");
  replayed->state.seal();
  const std::string checkpoint = begin_segment(replayed->header, replayed->state);
  auto again = replay_segment(checkpoint);
  FUZZ_DEMAND(again && !again->torn && again->state.digest() == digest, "a checkpoint reads as the same state");
}

void check_cut(std::string_view segment, const Result<Replayed>& whole, std::size_t at, std::size_t checkpoint) {
  const auto cut = replay_segment(segment.substr(0, at));
  if (!whole) return;
  if (at >= checkpoint) FUZZ_DEMAND(cut.has_value(), "a cut behind the checkpoint is a torn tail");
  if (!cut) return;
  FUZZ_DEMAND(cut->facts <= whole->facts && cut->good_bytes <= whole->good_bytes, "a cut segment is a prefix");
}

void check_flip(std::string segment, const Result<Replayed>& whole, std::size_t at, unsigned bit) {
  if (!whole || at >= whole->good_bytes) return;
  const std::string original = segment;
  segment[at] = static_cast<char>(static_cast<unsigned char>(segment[at]) ^ 1U << bit);
  const auto flipped = replay_segment(segment);
  if (!flipped) return;
  FUZZ_DEMAND(flipped->good_bytes <= at, "nothing is read that is wrong, nor anything behind it");
  const auto prefix = replay_segment(std::string_view(original).substr(0, flipped->good_bytes));
  FUZZ_DEMAND(prefix && prefix->state.digest() == flipped->state.digest(), "what is read was written");
}

// Facts of a few clients, as a broker would make them.
Fact make_fact(fuzz::Input& input) {
  switch (input.byte() % 8) {
    case 0:
      return GatewayCame{.gateway = {0x60U + input.byte() % 2U}, .name = fuzz::make_name(input), .head = input.byte()};
    case 1:
      return GatewayGone{.gateway = {0x60U + input.byte() % 2U}};
    case 2:
      return ClientCame{{.client = fuzz::make_client(input), .committed = input.byte(), .peer = "p", .uid = {}}};
    case 3:
      return DeadLetter{.client = fuzz::make_client(input),
                        .seq = input.byte() % 8U,
                        .kind = static_cast<schemas::EventKind>(input.byte() % 5),
                        .peer = {},
                        .payload = std::string(input.text()),
                        .reason = "r"};
    case 4:
      return DeadLetterDone{
          .client = fuzz::make_client(input), .seq = input.byte() % 8U, .replay = input.byte() % 2 == 1};
    case 5:
      return Published{.publisher = {input.byte() % 4U}, .id = input.byte(), .effects = fuzz::make_effects(input)};
    default:
      return Commit{.client = fuzz::make_client(input),
                    .seq = input.byte() % 8U,
                    .kind = static_cast<schemas::EventKind>(input.byte() % 5),
                    .peer = "p",
                    .effects = fuzz::make_effects(input)};
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned mode = input.byte() % 3;
  const std::uint64_t cut = input.below(65536);
  const unsigned bit = input.byte() % 8;
  std::string segment;
  std::size_t checkpoint = 0;
  if (mode > 0) {
    segment = begin_segment(journal_header, State{});
    checkpoint = segment.size();
  }
  if (mode == 0) segment = input.rest();
  if (mode == 1) {  // records with any body
    while (!input.empty()) segment += fuzz::make_journal_record(input.text(), journal_header.lineage);
  }
  if (mode == 2) {  // facts, and any bytes behind them
    for (unsigned facts = input.byte() % 64; facts > 0 && !input.empty(); --facts)
      append_fact(segment, journal_header.lineage, make_fact(input));
    segment += input.rest();
  }
  if (segment.empty()) return 0;
  auto whole = replay_segment(segment);
  check_whole(segment, whole);
  check_cut(segment, whole, cut % (segment.size() + 1), checkpoint == 0 ? segment.size() : checkpoint);
  check_flip(segment, whole, cut % segment.size(), bit);
  return 0;
}
