#include "fairlead/rehearsal.hpp"

#include <functional>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory_store.hpp"

namespace fairlead {
namespace {

using testing::ElementsAre;

// Does for each message what the test says.
struct Scripted : Handler {
  void on_start(WorkerInfo& info) override { started_as = info.name; }
  void on_message(Context& ctx, std::string_view message) override { act(ctx, message); }
  void on_close(Context& ctx, const CloseReason& reason) override { ctx.send_to_all("closed: " + reason.text); }
  void on_stop(StopReason) override { stopped = true; }

  std::function<void(Context&, std::string_view)> act;
  std::string started_as;
  bool stopped = false;
};

struct RehearsalTest : testing::Test {
  Scripted handler;
  std::shared_ptr<Store> store = std::make_shared<store::MemoryStore>([] { return WallTime{}; });
};

TEST_F(RehearsalTest, delivers_to_clients_uids_groups_and_all) {
  Rehearsal bus(handler, store);
  const ClientId ann = bus.open();
  const ClientId bob = bus.open();
  handler.act = [&](Context& ctx, std::string_view) {
    ctx.bind_uid(bob, "bob");
    ctx.join_group(ann, "g");
    ctx.join_group(bob, "g");
    ctx.send_to_uid("bob", "uid");
    ctx.send_to_group("g", "group", {.except = {bob}});
    ctx.send_to_all("all");
    ctx.reply("reply");
  };
  bus.say_binary(ann, "go");
  EXPECT_THAT(bus.heard(ann), ElementsAre("group", "all", "reply"));
  EXPECT_TRUE(bus.last_was_binary(ann));
  EXPECT_THAT(bus.heard(bob), ElementsAre("uid", "all"));
  EXPECT_THAT(bus.heard(bob), ElementsAre());
}

TEST_F(RehearsalTest, a_failed_handler_leaves_nothing_behind) {
  Rehearsal bus(handler, store);
  const ClientId ann = bus.open();
  handler.act = [](Context& ctx, std::string_view) {
    ctx.set_session("half");
    ctx.reply("half");
    throw std::runtime_error("no");
  };
  bus.say(ann, "go");
  EXPECT_EQ(bus.failure(), "no");
  EXPECT_EQ(bus.session(ann), "");
  EXPECT_THAT(bus.heard(ann), ElementsAre());
}

TEST_F(RehearsalTest, who_is_closed_hears_its_last_message_and_is_gone) {
  Rehearsal bus(handler, store);
  const ClientId ann = bus.open();
  const ClientId bob = bus.open();
  handler.act = [&](Context& ctx, std::string_view) { ctx.close_client(bob, "bye"); };
  bus.say(ann, "go");
  EXPECT_THAT(bus.heard(bob), ElementsAre("bye"));
  EXPECT_FALSE(bus.is_open(bob));
  EXPECT_THAT(bus.heard(ann), ElementsAre("closed: the worker closed it"));
  bus.leave(ann);
  EXPECT_FALSE(bus.is_open(ann));
}

TEST_F(RehearsalTest, answers_queries_of_every_kind) {
  Rehearsal bus(handler, store);
  const ClientId ann = bus.open();
  const ClientId bob = bus.open();
  const ClientId eve = bus.open();
  handler.act = [](Context& ctx, std::string_view message) {
    ctx.bind_uid(message);
    ctx.join_group("g");
    ctx.set_session("s");
  };
  bus.say(ann, "1");
  bus.say(bob, "2");
  handler.act = [&](Context& ctx, std::string_view) {
    EXPECT_THAT(ctx.all_clients()->value, ElementsAre(ann, bob, eve));
    EXPECT_THAT(ctx.which_online({bob, ClientId{}})->value, ElementsAre(bob));
    EXPECT_THAT(ctx.all_uids()->value, ElementsAre("1", "2"));
    EXPECT_THAT(ctx.which_uids_online({"2", "3"})->value, ElementsAre("2"));
    EXPECT_THAT(ctx.clients_of_uid("2")->value, ElementsAre(bob));
    EXPECT_EQ(ctx.uid_of(ann)->value, "1");
    EXPECT_EQ(ctx.uid_of(eve)->value, std::nullopt);
    EXPECT_THAT(ctx.clients_in_group("g")->value, ElementsAre(ann, bob));
    EXPECT_THAT(ctx.uids_in_group("g")->value, ElementsAre("1", "2"));
    EXPECT_EQ(ctx.client_count()->value, 3U);
    EXPECT_EQ(ctx.client_count("g")->value, 2U);
    EXPECT_EQ(ctx.uid_count()->value, 2U);
    EXPECT_EQ(ctx.group_sizes()->value.at("g"), 2U);
    EXPECT_THAT(ctx.all_groups()->value, ElementsAre("g"));
    EXPECT_EQ(ctx.sessions()->value.size(), 3U);
    EXPECT_EQ(ctx.sessions("g")->value.size(), 2U);
    EXPECT_EQ(ctx.session_of(bob)->value->uid, "2");
    EXPECT_TRUE(ctx.is_online(bob)->complete);
  };
  bus.say(eve, "ask");
  EXPECT_EQ(bus.failure(), std::nullopt);
  bus.lose_a_gateway();
  handler.act = [](Context& ctx, std::string_view) { EXPECT_FALSE(ctx.all_clients()->complete); };
  bus.say(eve, "ask");
  bus.lose_the_broker();
  handler.act = [](Context& ctx, std::string_view) { EXPECT_FALSE(ctx.all_clients()); };
  bus.say(eve, "ask");
}

TEST_F(RehearsalTest, starts_and_stops_its_handler) {
  {
    const Rehearsal bus(handler, store);
    EXPECT_EQ(handler.started_as, "rehearsal");
    EXPECT_FALSE(handler.stopped);
  }
  EXPECT_TRUE(handler.stopped);
}

}  // namespace
}  // namespace fairlead
