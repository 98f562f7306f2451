#include "fairlead/rehearsal.hpp"

#include <functional>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory_store.hpp"

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// Does for each message what the test says.
struct Scripted : Handler {
  void on_start(WorkerInfo& info) override { started_as = info.name; }
  void on_message(Context& ctx, std::string_view message) override { act(ctx, message); }
  void on_close(Context& ctx, const CloseReason& reason) override { ctx.send_to_all("closed: " + reason.text); }
  void on_stop(StopReason) override { stopped = true; }

  void on_timer(Context& ctx, std::string_view name, std::string_view payload) override {
    ctx.reply(std::string(name) + "=" + std::string(payload));
  }
  void on_group(Context& ctx, const GroupChange& change) override {
    ctx.reply((change.joined ? "joined " : "left ") + change.group + " of " + std::to_string(change.size));
  }

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

TEST_F(RehearsalTest, timers_come_due_in_the_order_of_their_times_and_not_before) {
  Rehearsal bus(handler, store);
  const ClientId ann = bus.open();
  handler.act = [](Context& ctx, std::string_view) {
    ctx.after(20ms, "b", "2");
    ctx.after(10ms, "c", "1");
    ctx.after(5ms, "a", "never");
    ctx.cancel_timer("a");
    ctx.after(30ms, "d", "never");
    ctx.after(40ms, "d", "3");
  };
  bus.say(ann, "go");
  bus.pass(9ms);
  EXPECT_THAT(bus.heard(ann), ElementsAre());
  bus.pass(26ms);
  EXPECT_THAT(bus.heard(ann), ElementsAre("c=1", "b=2"));
  bus.pass(5ms);
  EXPECT_THAT(bus.heard(ann), ElementsAre("d=3"));
  bus.say(ann, "go");
  bus.leave(ann);
  bus.pass(1h);
  EXPECT_THAT(bus.heard(ann), ElementsAre());
}

TEST_F(RehearsalTest, a_watched_group_tells_its_members_of_themselves) {
  Rehearsal bus(handler, store);
  const ClientId ann = bus.open();
  const ClientId bob = bus.open();
  handler.act = [&](Context& ctx, std::string_view message) {
    if (message == "join") ctx.join_group("g", {.watch = true});
    if (message == "quietly") ctx.join_group("g");
    if (message == "end") ctx.ungroup("g");
  };
  bus.say(bob, "quietly");
  bus.say(ann, "join");
  bus.say(ann, "join");
  EXPECT_THAT(bus.heard(ann), ElementsAre("joined g of 2"));
  bus.say(bob, "end");
  EXPECT_THAT(bus.heard(ann), ElementsAre("left g of 0"));
  EXPECT_THAT(bus.heard(bob), ElementsAre());
}

TEST_F(RehearsalTest, what_is_put_off_comes_again_before_anything_later_of_its_client) {
  Rehearsal bus(handler, store);
  const ClientId ann = bus.open();
  const ClientId bob = bus.open();
  int calls = 0;
  handler.act = [&](Context& ctx, std::string_view message) {
    ctx.reply(message);
    if (message == "patience" && ++calls < 3) ctx.retry_after(10ms);
  };
  bus.say(ann, "patience");
  bus.say(ann, "later");
  bus.say(bob, "meanwhile");
  EXPECT_THAT(bus.heard(ann), ElementsAre());
  EXPECT_THAT(bus.heard(bob), ElementsAre("meanwhile"));
  bus.pass(19ms);
  EXPECT_THAT(bus.heard(ann), ElementsAre());
  bus.pass(1ms);
  EXPECT_THAT(bus.heard(ann), ElementsAre("patience", "later"));
}

TEST_F(RehearsalTest, a_uid_is_closed_with_all_of_its_clients) {
  Rehearsal bus(handler, store);
  const ClientId ann = bus.open();
  const ClientId ann_too = bus.open();
  const ClientId bob = bus.open();
  handler.act = [](Context& ctx, std::string_view message) {
    if (message == "kick") return ctx.close_uid("ann", "bye");
    ctx.bind_uid(message);
  };
  bus.say(ann, "ann");
  bus.say(ann_too, "ann");
  bus.say(bob, "kick");
  EXPECT_FALSE(bus.is_open(ann) || bus.is_open(ann_too));
  EXPECT_THAT(bus.heard(ann_too), ElementsAre("bye"));
  EXPECT_THAT(bus.heard(bob), ElementsAre("closed: the worker closed it", "closed: the worker closed it"));
}

struct Ticking : Handler {
  void on_start(WorkerInfo& info) override {
    info.every(10ms, [this](Bus& bus) {
      bus.send_to_all("tick " + std::to_string(++ticks));
      if (ticks == 3) throw std::runtime_error("no");
    });
  }
  void on_message(Context&, std::string_view) override {}

  int ticks = 0;
};

TEST_F(RehearsalTest, a_worker_ticks_while_time_passes) {
  Ticking ticking;
  Rehearsal bus(ticking, store);
  const ClientId ann = bus.open();
  bus.pass(25ms);
  EXPECT_THAT(bus.heard(ann), ElementsAre("tick 1", "tick 2"));
  bus.pass(5ms);
  EXPECT_EQ(bus.failure(), "no");
  bus.pass(10ms);
  EXPECT_THAT(bus.heard(ann), ElementsAre("tick 4"));
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
