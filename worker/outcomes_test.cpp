#include "worker/outcomes.hpp"

#include <gtest/gtest.h>

#include "schemas/codec.hpp"
#include "schemas/limits.hpp"

namespace fairlead::worker {
namespace {

constexpr LinkId link{0xabc};

schemas::Outcome outcome(std::uint64_t seq, std::size_t payload = 0) {
  return {.unit = {1},
          .attempt = 1,
          .seq = seq,
          .effects = {schemas::Send{.scope = schemas::Scope::all, .payload = std::string(payload, 'x')}}};
}

struct Read {
  schemas::Header header;
  std::vector<schemas::Outcome> outcomes;
};

Read read(const Action& action) {
  const std::string& frame = std::get<Publish>(action).frame;
  EXPECT_LE(frame.size(), schemas::max_frame);
  EXPECT_EQ(frame.substr(0, schemas::topic_bytes), schemas::outcomes_topic(link));
  auto opened = schemas::open_frame(std::string_view(frame).substr(schemas::topic_bytes));
  EXPECT_TRUE(opened);
  Read read{.header = opened->header};
  while (!opened->records.at_end())
    read.outcomes.push_back(std::get<schemas::Outcome>(schemas::decode_from_worker(opened->records)));
  EXPECT_TRUE(opened->records.ok());
  return read;
}

}  // namespace

TEST(Outcomes, gather_in_one_frame_until_they_are_flushed) {
  Outcomes outcomes(link);
  Actions out;
  outcomes.add(outcome(1), out);
  outcomes.add(outcome(2), out);
  EXPECT_TRUE(out.empty());
  outcomes.flush(out);
  outcomes.add(outcome(3), out);
  outcomes.flush(out);
  outcomes.flush(out);  // nothing to say
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(read(out[0]).header, (schemas::Header{.link = link, .seq = 1}));
  EXPECT_EQ(read(out[0]).outcomes, (std::vector{outcome(1), outcome(2)}));
  EXPECT_EQ(read(out[1]).header.seq, 3U);
  EXPECT_EQ(outcomes.head(), 3U);
}

TEST(Outcomes, a_full_batch_leaves_by_itself) {
  Outcomes outcomes(link);
  Actions out;
  outcomes.add(outcome(1, schemas::batch_bytes - 1000), out);
  EXPECT_TRUE(out.empty());
  outcomes.add(outcome(2, 1000), out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(read(out[0]).outcomes.size(), 2U);
}

TEST(Outcomes, one_too_many_for_a_frame_begins_the_next) {
  Outcomes outcomes(link);
  schemas::Outcome large = outcome(2, schemas::max_payload);
  large.effects.push_back(large.effects.front());
  std::get<schemas::Send>(large.effects.back()).payload.resize(schemas::max_frame - schemas::max_payload - 1000);
  Actions out;
  outcomes.add(outcome(1, 5000), out);
  EXPECT_FALSE(outcomes.add(large, out).replaced);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(read(out[0]).header.seq, 1U);
  EXPECT_EQ(read(out[0]).outcomes.size(), 1U);
  EXPECT_EQ(read(out[1]).header.seq, 2U);
  EXPECT_EQ(read(out[1]).outcomes.front(), large);
}

TEST(Outcomes, what_no_frame_can_carry_becomes_a_failure) {
  Outcomes outcomes(link);
  schemas::Outcome large = outcome(1, schemas::max_payload);
  large.effects.push_back(large.effects.front());
  Actions out;
  EXPECT_TRUE(outcomes.add(large, out).replaced);
  outcomes.flush(out);
  ASSERT_EQ(out.size(), 1U);
  const auto told = read(out[0]).outcomes.front();
  EXPECT_EQ(told.verdict, schemas::Verdict::failed);
  EXPECT_EQ(told.seq, 1U);
  EXPECT_TRUE(told.effects.empty());
  EXPECT_FALSE(told.error.empty());
}

TEST(Outcomes, know_when_all_of_them_are_committed) {
  Outcomes outcomes(link);
  EXPECT_TRUE(outcomes.all_committed());
  Actions out;
  outcomes.add(outcome(1), out);
  EXPECT_FALSE(outcomes.all_committed());
  outcomes.flush(out);
  EXPECT_FALSE(outcomes.all_committed());
  EXPECT_TRUE(outcomes.on_ack(1));
  EXPECT_TRUE(outcomes.all_committed());
  EXPECT_TRUE(outcomes.on_ack(0));  // an old frame: nothing is taken back
  EXPECT_TRUE(outcomes.all_committed());
  EXPECT_FALSE(outcomes.on_ack(2));
}

}  // namespace fairlead::worker
