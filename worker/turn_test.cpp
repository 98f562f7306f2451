#include "worker/turn.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "schemas/codec.hpp"
#include "schemas/limits.hpp"
#include "worker/test_context.hpp"

namespace fairlead::worker {
namespace {

struct Recorder : Handler {
  void on_open(Context& ctx, const Handshake& handshake) override {
    opened = handshake;
    EXPECT_EQ(ctx.handshake(), &handshake);
  }
  void on_message(Context& ctx, std::string_view message) override {
    EXPECT_EQ(ctx.handshake(), nullptr);
    ctx.reply(message);
    if (message == "throw") throw std::runtime_error("the shelf is empty\n");
    if (message == "throw long") throw std::runtime_error(std::string(5000, '\1'));
    if (message == "throw 7") throw 7;
  }
  void on_close(Context& /*ctx*/, const CloseReason& reason) override { closed = reason; }

  std::optional<Handshake> opened;
  std::optional<CloseReason> closed;
};

schemas::Outcome outcome_of(schemas::UnitEvent event, Recorder& handler) {
  TestContext t(std::move(event));
  return take_turn(handler, t.around);
}

TEST(Turn, answers_an_event_with_its_outcome) {
  Recorder handler;
  const auto outcome = outcome_of({.seq = 5, .payload = "hi"}, handler);
  EXPECT_EQ(outcome.unit, UnitId{9});
  EXPECT_EQ(outcome.attempt, 2U);
  EXPECT_EQ(outcome.seq, 5U);
  EXPECT_EQ(outcome.verdict, schemas::Verdict::done);
  EXPECT_EQ(outcome.effects.size(), 1U);
}

TEST(Turn, an_exception_throws_the_effects_away_and_says_why) {
  Recorder handler;
  const auto outcome = outcome_of({.seq = 5, .payload = "throw"}, handler);
  EXPECT_EQ(outcome.verdict, schemas::Verdict::failed);
  EXPECT_TRUE(outcome.effects.empty());
  EXPECT_EQ(outcome.error, "the shelf is empty\\x0a");
  EXPECT_EQ(outcome_of({.payload = "throw 7"}, handler).error,
            "the handler threw something that is not a std::exception");
  EXPECT_LE(outcome_of({.payload = "throw long"}, handler).error.size(), schemas::max_text);
}

TEST(Turn, hands_over_how_a_client_came_and_why_it_went) {
  Recorder handler;
  const schemas::Handshake handshake{.peer = "192.0.2.7:5123",
                                     .listener = "ws://0.0.0.0:8080/ws",
                                     .path = "/ws",
                                     .query = {{"room", "a"}, {"room", "b"}},
                                     .headers = {{"host", "example.org"}},
                                     .cookies = {{"sid", "1"}}};
  outcome_of({.seq = 1, .kind = schemas::EventKind::open, .payload = encode(handshake)}, handler);
  ASSERT_TRUE(handler.opened);
  EXPECT_EQ(handler.opened->peer, "192.0.2.7:5123");
  EXPECT_EQ(handler.opened->gateway, "g1");
  EXPECT_EQ(handler.opened->query_value("room"), "a");
  EXPECT_EQ(handler.opened->header("host"), "example.org");
  EXPECT_EQ(handler.opened->cookie("sid"), "1");
  EXPECT_EQ(handler.opened->cookie("none"), std::nullopt);
  outcome_of({.seq = 2, .kind = schemas::EventKind::close, .payload = encode(schemas::CloseReason{1001, "gone"})},
             handler);
  ASSERT_TRUE(handler.closed);
  EXPECT_EQ(handler.closed->code, 1001);
  EXPECT_EQ(handler.closed->text, "gone");
}

TEST(Turn, an_event_that_cannot_be_read_fails_without_the_handler) {
  Recorder handler;
  EXPECT_EQ(outcome_of({.kind = schemas::EventKind::open, .payload = "?"}, handler).verdict, schemas::Verdict::failed);
  EXPECT_EQ(outcome_of({.kind = schemas::EventKind::close, .payload = ""}, handler).verdict, schemas::Verdict::failed);
  EXPECT_EQ(outcome_of({.kind = static_cast<schemas::EventKind>(9)}, handler).verdict, schemas::Verdict::failed);
  EXPECT_FALSE(handler.opened);
  EXPECT_FALSE(handler.closed);
}

}  // namespace
}  // namespace fairlead::worker
