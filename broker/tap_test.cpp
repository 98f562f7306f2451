#include "broker/tap.hpp"

#include <gmock/gmock.h>

#include "broker/test_bus.hpp"

namespace fairlead::broker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string everything = schemas::TapRequest{.body = 100, .filter = ""}.topic();

// A bus with taps on it.
class TapTest : public BrokerTest {
 protected:
  void listen(const std::string& topic) { broker->on_tap_subscription('\1' + topic, now); }
  void leave(const std::string& topic) { broker->on_tap_subscription('\0' + topic, now); }

  // The lines of the frames for `topic` in a turn, those that tell of records.
  std::vector<std::string> records(const std::string& topic = everything) {
    std::vector<std::string> found;
    last = {};
    for (const auto& send : turn().sends) {
      if (send.leg != Leg::tap || !send.frame.starts_with(topic)) continue;
      std::string_view rest = std::string_view(send.frame).substr(topic.size());
      for (bool first = true; !rest.empty(); first = false) {
        const std::size_t end = rest.find('\n');
        (first ? last : found.emplace_back()) = rest.substr(0, end);
        rest.remove_prefix(end + 1);
      }
    }
    return found;
  }
  std::string last;  // the newest line that tells of the frame itself
};

}  // namespace

TEST_F(TapTest, is_off_until_somebody_listens_and_when_they_have_left) {
  gateway_comes();
  event(1);
  EXPECT_FALSE(broker->tap().on());
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_EQ(last, "");
  listen(everything);
  EXPECT_TRUE(broker->tap().on());
  leave(everything);
  EXPECT_FALSE(broker->tap().on());
  EXPECT_EQ(broker->tap().counters().seen, 0U);
}

TEST_F(TapTest, is_off_when_its_socket_was_closed_until_somebody_listens_again) {
  gateway_comes();
  listen(everything);
  event(1);
  broker->on_tap_socket_closed();
  EXPECT_FALSE(broker->tap().on());
  EXPECT_THAT(records(), IsEmpty());
  listen(everything);
  event(2);
  EXPECT_THAT(records(), ElementsAre(HasSubstr("\"what\":\"event\"")));
}

TEST_F(TapTest, shows_the_life_of_an_event) {
  gateway_comes();
  worker_comes();
  event(1);
  outcome(next_unit(), 1, {schemas::Bind{.client = ann, .uid = "42"}});
  turn();
  listen(everything);
  broker->set_wall_time(1500ms);
  event(2, "hello");
  Turn first = turn();
  const auto unit = sent<schemas::Unit>(first, Leg::backend).at(0);
  outcome(unit, 2, {schemas::Send{.clients = {ann}, .payload = "\"hi\"\n"}});
  const std::string of_ann = ",\"client\":\"" + ann.text() + "\"";
  std::string up;
  for (const auto& send : first.sends) {
    if (send.leg == Leg::tap) up += send.frame;
  }
  EXPECT_EQ(up, everything + "{\"tap\":1,\"at\":1.500000,\"seen\":2,\"matched\":2,\"dropped\":0,\"sent\":2}\n" +
                    "{\"what\":\"event\",\"dir\":\"up\",\"kind\":\"message\"" + of_ann +
                    ",\"seq\":2,\"gateway\":\"door\",\"uid\":\"42\",\"bytes\":5,\"body\":\"hello\"}\n" +
                    "{\"what\":\"unit\",\"dir\":\"up\",\"kind\":\"message\"" + of_ann +
                    ",\"seq\":2,\"gateway\":\"door\",\"worker\":\"hand\",\"attempt\":1,\"uid\":\"42\",\"events\":1,"
                    "\"bytes\":5}\n");
  EXPECT_THAT(records(),
              ElementsAre("{\"what\":\"commit\",\"dir\":\"down\",\"kind\":\"message\"" + of_ann +
                              ",\"seq\":2,\"gateway\":\"door\",\"worker\":\"hand\",\"attempt\":1,\"uid\":\"42\","
                              "\"effects\":1,\"bytes\":5}",
                          AllOf(HasSubstr("\"what\":\"deliver\""), HasSubstr("\"to\":\"client\",\"uid\":\"42\""),
                                HasSubstr("\"body\":\"\\\"hi\\\"\\u000a\""))));
}

TEST_F(TapTest, shows_what_failed_and_what_died) {
  config.max_attempts = 1;
  start();
  gateway_comes();
  worker_comes();
  listen(everything);
  event(1);
  const auto unit = next_unit();
  const schemas::Outcome failed{
      .unit = unit.unit, .attempt = unit.attempt, .seq = 1, .verdict = schemas::Verdict::failed, .error = "no"};
  broker->on_outcome_frame(schemas::outcomes_topic(worker_link) + frame(worker_link, ++outcomes, 0, failed), now);
  EXPECT_THAT(records(), ElementsAre(AllOf(HasSubstr("\"what\":\"fail\""), HasSubstr("\"reason\":\"no\"")),
                                     AllOf(HasSubstr("\"what\":\"dead\""), HasSubstr("the handler failed: no"))));
}

TEST_F(TapTest, has_a_filter_for_each_listener) {
  const std::string opens = schemas::TapRequest{.body = 0, .filter = "kind open"}.topic();
  const std::string big = schemas::TapRequest{.body = 4, .filter = "size > 5 and kind message"}.topic();
  gateway_comes();
  listen(opens);
  listen(big);
  event(1);
  event(2, "small");
  event(3, "bigger");
  const Turn all = turn();
  std::string to_opens;
  std::string to_big;
  for (const auto& send : all.sends) {
    if (send.leg == Leg::tap) (send.frame.starts_with(opens) ? to_opens : to_big) += send.frame;
  }
  EXPECT_THAT(to_opens, HasSubstr("\"seen\":3,\"matched\":1,"));
  EXPECT_THAT(to_opens, Not(HasSubstr("\"body\"")));
  EXPECT_THAT(to_big, HasSubstr("\"seen\":3,\"matched\":1,"));
  EXPECT_THAT(to_big, HasSubstr("\"bytes\":6,\"body\":\"bigg\""));
}

TEST_F(TapTest, cuts_no_character_in_two_and_shows_bytes_as_hex) {
  const std::string three = schemas::TapRequest{.body = 3, .filter = "kind message"}.topic();
  gateway_comes();
  listen(three);
  event(1);
  event(2, "ab\xc3\xa4");
  event(3, std::string("\xff\x00\x01\x02", 4));
  EXPECT_THAT(records(three), ElementsAre(HasSubstr("\"body\":\"ab\""), HasSubstr("\"hex\":\"ff0001\"")));
}

TEST_F(TapTest, drops_what_is_too_much_and_says_so) {
  gateway_comes();
  listen(everything);
  const auto burst = static_cast<std::size_t>(Tap::records_a_second / 10);
  event(1);
  for (std::uint64_t seq = 2; seq < burst + 12; ++seq) event(seq);
  EXPECT_EQ(records().size(), burst);
  EXPECT_THAT(last, HasSubstr("\"dropped\":11,\"sent\":2000}"));
  EXPECT_EQ(broker->tap().counters().dropped, 11U);
  now += 1ms;  // twenty more may come
  turn();
  for (std::uint64_t seq = burst + 12; seq < burst + 62; ++seq) event(seq);
  EXPECT_EQ(records().size(), 20U);
}

TEST_F(TapTest, sends_big_frames_before_the_turn_ends_so_that_none_grows) {
  gateway_comes();
  listen(schemas::TapRequest{.body = 4096, .filter = "kind message"}.topic());
  event(1);
  for (std::uint64_t seq = 2; seq < 40; ++seq) event(seq, std::string(4096, 'x'));
  std::size_t frames = 0;
  for (const auto& send : turn().sends) {
    if (send.leg != Leg::tap) continue;
    ++frames;
    EXPECT_LT(send.frame.size(), Tap::frame_bytes + 8192);
  }
  EXPECT_GE(frames, 4U);
}

TEST_F(TapTest, says_a_word_when_nothing_matches) {
  listen(everything);
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_NE(last, "");
  records();
  EXPECT_EQ(last, "");
  now += Tap::word_every;
  records();
  EXPECT_THAT(last, HasSubstr("\"sent\":0}"));
}

TEST_F(TapTest, refuses_what_is_no_filter_and_one_listener_too_many) {
  listen("t0:nonsense\n");
  listen("garbage");
  listen("");
  EXPECT_FALSE(broker->tap().on());
  EXPECT_EQ(broker->tap().counters().refused, 2U);
  for (std::size_t i = 0; i <= Tap::most_filters; ++i) listen(schemas::TapRequest{.body = i, .filter = ""}.topic());
  EXPECT_EQ(broker->tap().filters(), Tap::most_filters);
  EXPECT_EQ(broker->tap().counters().refused, 3U);
}

}  // namespace fairlead::broker
