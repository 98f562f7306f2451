#include "broker/journal.hpp"

#include <gtest/gtest.h>

#include "bus/random.hpp"

namespace fairlead::broker {
namespace {

using schemas::EventKind;

constexpr ClientId ann{.gateway = {1}, .counter = 1};
constexpr ClientId bob{.gateway = {1}, .counter = 2};
constexpr JournalHeader header{.lineage = {7}, .shard = 3, .segment = 1};

// A state with something of everything, and the segment that tells how it came about.
struct Story {
  State state;
  std::string segment = begin_segment(header, State{});
  std::vector<std::size_t> ends{segment.size()};  // of each record behind the checkpoint
  std::vector<std::string> digests{State{}.digest()};

  void happen(const Fact& fact) {
    append_fact(segment, header.lineage, fact);
    state.apply(fact);
    ends.push_back(segment.size());
    digests.push_back(state.digest());
  }
  Story() {
    happen(GatewayCame{.gateway = {1}, .name = "door", .head = 5});
    happen(Commit{.client = ann,
                  .seq = 1,
                  .kind = EventKind::open,
                  .peer = "192.0.2.1:1",
                  .effects = {schemas::Bind{ann, "7"}, schemas::Join{ann, "room"}}});
    happen(Commit{.client = ann,
                  .seq = 2,
                  .effects = {schemas::Send{.scope = schemas::Scope::all, .payload = "hi"},
                              schemas::SetSession{.client = ann, .session = "s"}}});
    happen(ClientCame{{.client = bob,
                       .committed = 4,
                       .peer = "p",
                       .uid = "8",
                       .groups = {"room"},
                       .session_version = 2,
                       .session = "t"}});
    happen(DeadLetter{.client = bob, .seq = 5, .payload = "poison", .reason = "died"});
    happen(Commit{.client = ann, .seq = 3, .kind = EventKind::close});
    happen(GatewayCame{.gateway = {2}, .name = "other"});
    happen(GatewayGone{{2}});
  }
};

}  // namespace

TEST(Journal, replayed_it_is_the_state_before) {
  const Story story;
  const auto replayed = replay_segment(story.segment);
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(replayed->header.lineage, header.lineage);
  EXPECT_EQ(replayed->header.shard, header.shard);
  EXPECT_EQ(replayed->state.digest(), story.state.digest());
  EXPECT_EQ(replayed->facts, 8U);
  EXPECT_FALSE(replayed->torn);
}

TEST(Journal, a_checkpoint_holds_everything_even_what_a_gateway_has_not_applied) {
  Story story;
  story.state.seal();
  const auto replayed = replay_segment(begin_segment(header, story.state));
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(replayed->state.digest(), story.state.digest());
  const auto& before = story.state.gateways().at({1}).ring;
  const auto& after = replayed->state.gateways().at({1}).ring;
  ASSERT_EQ(after.chunks().size(), before.chunks().size());
  EXPECT_EQ(after.chunks().front().body, before.chunks().front().body);
  EXPECT_EQ(after.chunks().front().first, before.chunks().front().first);
  EXPECT_TRUE(replayed->state.is_closed(ann));
}

TEST(Journal, torn_at_any_byte_it_is_the_state_at_the_last_whole_record) {
  const Story story;
  for (std::size_t cut = story.ends.front(); cut <= story.segment.size(); ++cut) {
    const auto replayed = replay_segment(std::string_view(story.segment).substr(0, cut));
    ASSERT_TRUE(replayed) << "cut at " << cut << ": " << replayed.error().message;
    std::size_t whole = 0;
    while (whole + 1 < story.ends.size() && story.ends[whole + 1] <= cut) ++whole;
    EXPECT_EQ(replayed->good_bytes, story.ends[whole]);
    EXPECT_EQ(replayed->state.digest(), story.digests[whole]);
    EXPECT_EQ(replayed->torn, cut != story.ends[whole]);
  }
}

// Whoever knows the format may say a record to the bus, for what another lineage made of it.
TEST(Journal, a_message_that_holds_a_record_is_not_taken_for_one_when_its_own_record_is_torn) {
  std::string said;
  for (const Lineage other : {Lineage{0}, Lineage{8}}) append_fact(said, other, GatewayGone{{1}});
  said.append("\x02\0\0\0\x2a\x94\xfe\xc7\x91\x02", 10);  // with no lineage in its checksum
  Story story;
  const std::size_t good = story.segment.size();
  story.happen(
      Commit{.client = bob, .seq = 5, .effects = {schemas::Send{.scope = schemas::Scope::all, .payload = said}}});
  story.happen(DeadLetter{.client = bob, .seq = 6, .payload = said, .reason = "died"});
  for (std::size_t end = good; end < story.segment.size(); ++end) {
    const auto replayed = replay_segment(std::string_view(story.segment).substr(0, end));
    ASSERT_TRUE(replayed) << "at " << end - good << ": " << replayed.error().message;
  }
}

TEST(Journal, torn_inside_its_checkpoint_it_is_no_journal) {
  const std::string segment = begin_segment(header, State{});
  for (std::size_t cut = 0; cut < segment.size(); ++cut)
    EXPECT_FALSE(replay_segment(std::string_view(segment).substr(0, cut)));
}

TEST(Journal, a_flipped_byte_is_never_taken_for_the_truth) {
  const Story story;
  for (std::size_t at = 0; at < story.segment.size(); ++at) {
    std::string damaged = story.segment;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const auto replayed = replay_segment(damaged);
    // Behind the flip there are good records, so it is damage; in the last record it looks like a torn tail.
    if (at < story.ends[story.ends.size() - 2]) {
      EXPECT_FALSE(replayed) << "flipped at " << at;
    } else {
      ASSERT_TRUE(replayed) << "flipped at " << at;
      EXPECT_EQ(replayed->good_bytes, story.ends[story.ends.size() - 2]);
    }
  }
}

TEST(Journal, random_bytes_are_no_journal_and_do_no_harm) {
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random.below(300), '\0');
    for (char& c : bytes) c = static_cast<char>(random.next());
    EXPECT_FALSE(replay_segment(bytes));
  }
}

}  // namespace fairlead::broker
