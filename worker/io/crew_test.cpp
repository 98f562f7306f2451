// Whole workers over real sockets, with a broker that the test plays.
#include "worker/io/crew.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <set>

#include <gtest/gtest.h>

#include "bus/check.hpp"
#include "bus/io/clock.hpp"
#include "worker/io/test_broker.hpp"

namespace fairlead::worker {
namespace {

const ClientId alice{.gateway = {7}, .counter = 1};

schemas::Unit unit(std::uint64_t id, std::vector<std::string> messages, std::uint64_t first = 1) {
  schemas::Unit unit{.unit = {id}, .attempt = 1, .client = alice, .gateway = "gw", .peer = "192.0.2.7:1"};
  for (auto& message : messages) unit.events.push_back({.seq = first++, .payload = std::move(message)});
  return unit;
}

// Lets a test hold a handler back until it has seen what it wants to see.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// What the messages of these tests ask for.
class Obedient : public Handler {
 public:
  explicit Obedient(Gate& gate) : gate_(gate) {}

  void on_message(Context& ctx, std::string_view message) override {
    if (message == "wait") gate_.pass();
    if (message == "progress") ctx.progress();
    if (message == "throw") throw std::runtime_error("as asked");
    if (message == "remember") ctx.set_session(std::string(ctx.session()) + "+");
    if (message == "recall") return ctx.reply(ctx.session());
    if (message == "ask") {
      const auto count = ctx.client_count();
      return ctx.reply(count ? std::to_string(count->value) : count.error().message);
    }
    ctx.reply(message);
  }

 private:
  Gate& gate_;
};

class CrewTest : public testing::Test {
 protected:
  // A crew that drains waits for nothing when its broker is gone.
  void TearDown() override {
    gate.open();
    broker.die();
  }

  void start(unsigned threads = 1) {
    crew.emplace(Crew::Settings{.broker = broker.address(),
                                .name = "w",
                                .app = "test",
                                .version = "1",
                                .threads = threads,
                                .store = open_store("memory:").value()},
                 [this] { return std::make_unique<Obedient>(gate); });
    for (unsigned thread = 0; thread < threads; ++thread) ASSERT_TRUE(broker.hear<schemas::Credit>());
  }
  // The text of the one reply in an outcome.
  static std::string reply(const std::optional<schemas::Outcome>& outcome) {
    if (!outcome || outcome->effects.empty()) return "none";
    const auto* send = std::get_if<schemas::Send>(&outcome->effects.back());
    return send == nullptr ? "none" : send->payload;
  }
  bool ends() {
    const Instant deadline = io::now() + patience;
    while (!crew->ended() && io::now() < deadline) {
      std::array<io::WatchedFd, 1> fds{{{.fd = crew->changed().fd()}}};
      io::wait({}, fds, 100ms);
      crew->changed().clear();
    }
    return crew->ended();
  }

  Gate gate;
  PlayedBroker broker;
  std::optional<Crew> crew;
};

}  // namespace

TEST_F(CrewTest, answers_every_event_with_an_outcome) {
  start();
  broker.number(unit(1, {"a", "b"}), unit(2, {"c"}, 7));
  EXPECT_EQ(reply(broker.hear<schemas::Outcome>()), "a");
  EXPECT_TRUE(crew->ready());
  EXPECT_EQ(reply(broker.hear<schemas::Outcome>()), "b");
  const auto third = broker.hear<schemas::Outcome>();
  EXPECT_EQ(reply(third), "c");
  EXPECT_EQ(third->unit, UnitId{2});
  EXPECT_EQ(third->seq, 7U);
}

TEST_F(CrewTest, an_event_sees_the_session_that_the_one_before_it_left) {
  start();
  broker.number(unit(1, {"remember", "remember", "recall"}));
  broker.hear<schemas::Outcome>();
  broker.hear<schemas::Outcome>();
  EXPECT_EQ(reply(broker.hear<schemas::Outcome>()), "++");
}

TEST_F(CrewTest, a_handler_that_throws_fails_its_event_only) {
  start();
  broker.number(unit(1, {"throw", "never"}), unit(2, {"next"}, 9));
  const auto failed = broker.hear<schemas::Outcome>();
  EXPECT_EQ(failed->verdict, schemas::Verdict::failed);
  EXPECT_EQ(failed->error, "as asked");
  EXPECT_EQ(reply(broker.hear<schemas::Outcome>()), "next");
}

TEST_F(CrewTest, heartbeats_and_finished_replies_go_out_while_a_handler_runs) {
  start();
  broker.number(unit(1, {"quick"}), unit(2, {"wait"}, 2));
  EXPECT_EQ(reply(broker.hear<schemas::Outcome>()), "quick");
  while (true) {
    const auto heartbeat = broker.hear<schemas::Heartbeat>();
    ASSERT_TRUE(heartbeat);
    broker.say(schemas::Heartbeat{.head = 2});
    if (heartbeat->head == 1) break;  // said after the quick one, and before the slow one, which is still at it
  }
  gate.open();
  EXPECT_EQ(reply(broker.hear<schemas::Outcome>()), "wait");
}

TEST_F(CrewTest, a_handler_can_say_that_it_is_alive) {
  start();
  broker.number(unit(4, {"progress"}));
  EXPECT_EQ(broker.hear<schemas::Progress>(), (schemas::Progress{.unit = {4}, .attempt = 1}));
}

TEST_F(CrewTest, a_query_waits_for_its_answer) {
  start();
  broker.number(unit(1, {"ask"}));
  const auto query = broker.hear<schemas::Query>();
  ASSERT_TRUE(query);
  EXPECT_EQ(query->ask, schemas::Ask::count_clients);
  broker.say(schemas::Answer{.id = query->id, .complete = true, .items = {"42"}});
  EXPECT_EQ(reply(broker.hear<schemas::Outcome>()), "42");
}

TEST_F(CrewTest, a_reset_is_followed_by_a_new_link_and_the_unit_again) {
  start();
  const LinkId before = broker.link();
  broker.number(unit(1, {"wait"}));
  broker.say(schemas::Reset{"for the test"});
  while (broker.link() == before) ASSERT_TRUE(broker.hear<schemas::WorkerHello>());
  auto again = unit(1, {"again"});
  again.attempt = 2;
  broker.number(again);
  gate.open();  // what the handler of the old link makes of its event, nobody hears
  const auto outcome = broker.hear<schemas::Outcome>();
  EXPECT_EQ(reply(outcome), "again");
  EXPECT_EQ(outcome->attempt, 2U);
}

TEST_F(CrewTest, notices_at_once_that_its_broker_is_gone) {
  start();
  broker.number(unit(1, {"wait"}));
  crew->drain();
  ASSERT_TRUE(broker.hear<schemas::Drain>());
  broker.die();
  gate.open();
  EXPECT_TRUE(ends());
}

TEST_F(CrewTest, drains_in_good_order) {
  start();
  broker.number(unit(1, {"wait"}));
  crew->drain();
  ASSERT_TRUE(broker.hear<schemas::Drain>());
  broker.number(schemas::Drained{});
  EXPECT_FALSE(crew->ended());
  gate.open();
  EXPECT_EQ(reply(broker.hear<schemas::Outcome>()), "wait");
  broker.say(schemas::Heartbeat{.head = 2});  // acknowledges the outcome
  EXPECT_TRUE(broker.hear<schemas::Bye>());
  EXPECT_TRUE(ends());
  EXPECT_FALSE(crew->failure());
}

TEST_F(CrewTest, each_thread_is_a_worker_of_its_own) {
  start(3);
  std::set<std::string> names;
  std::set<std::uint64_t> incarnations;
  while (names.size() < 3) {  // a hello comes on both sockets, and again until the welcome
    const auto said = broker.hear<schemas::WorkerHello>();
    ASSERT_TRUE(said);
    names.insert(said->name);
    incarnations.insert(said->incarnation.value);
  }
  EXPECT_EQ(names, (std::set<std::string>{"w/0", "w/1", "w/2"}));
  EXPECT_EQ(incarnations.size(), 3U);
  EXPECT_GE(broker.links(), 3U);
}

TEST(Crew, ticks_between_events_and_what_a_tick_says_is_published) {
  struct Clock : Handler {
    void on_start(WorkerInfo& info) override {
      info.every(1ms, [this](Bus& bus) {
        if (++ticks == 1) throw std::runtime_error("the first one fails, and the next one comes all the same");
        if (ticks <= 3) bus.send_to_group("room", std::to_string(ticks));
      });
    }
    void on_message(Context&, std::string_view) override {}
    int ticks = 0;
  };
  PlayedBroker broker;
  Crew crew({.broker = broker.address(), .name = "w", .store = open_store("memory:").value()},
            [] { return std::make_unique<Clock>(); });
  for (const std::uint64_t id : {1U, 2U}) {
    const auto publication = broker.hear<schemas::Publication>();
    ASSERT_TRUE(publication);
    EXPECT_EQ(publication->id, id);
    EXPECT_EQ(std::get<schemas::Send>(publication->effects.at(0)).payload, std::to_string(id + 1));
  }
  crew.drain();
  broker.die();
}

TEST(Crew, that_cannot_start_says_why_and_ends) {
  struct Broken : Handler {
    void on_start(WorkerInfo&) override { throw std::runtime_error("no table"); }
    void on_message(Context&, std::string_view) override {}
  };
  Crew crew({.broker = BusAddress::for_connect("tcp://127.0.0.1:9").value(),
             .name = "w",
             .threads = 2,
             .store = open_store("memory:").value()},
            [] { return std::make_unique<Broken>(); });
  while (!crew.ended()) {
    std::array<io::WatchedFd, 1> fds{{{.fd = crew.changed().fd()}}};
    io::wait({}, fds, patience);
    crew.changed().clear();
  }
  ASSERT_TRUE(crew.failure());
  EXPECT_EQ(crew.failure()->message, "no table");
}

TEST(Crew, tells_the_others_that_one_has_failed_and_who_is_replaced_that_it_is) {
  struct Listening : Handler {
    explicit Listening(std::atomic<int>& put_here) : told(put_here) {}
    void on_start(WorkerInfo& info) override {
      if (info.thread == 1) throw std::runtime_error("no second table");
    }
    void on_message(Context&, std::string_view) override {}
    void on_stop(StopReason reason) override { told = static_cast<int>(reason); }
    std::atomic<int>& told;
  };
  const auto told_by = [](unsigned threads, std::optional<StopReason> reason) {
    std::atomic<int> told = -1;
    {
      Crew crew({.broker = BusAddress::for_connect("tcp://127.0.0.1:9").value(),
                 .name = "w",
                 .threads = threads,
                 .store = open_store("memory:").value()},
                [&told] { return std::make_unique<Listening>(told); });
      if (reason) crew.drain(*reason);
      while (!crew.ended()) {
        std::array<io::WatchedFd, 1> fds{{{.fd = crew.changed().fd()}}};
        io::wait({}, fds, patience);
        crew.changed().clear();
      }
    }
    return static_cast<StopReason>(told.load());
  };
  EXPECT_EQ(told_by(2, std::nullopt), StopReason::failed);
  EXPECT_EQ(told_by(1, StopReason::replaced), StopReason::replaced);
  EXPECT_EQ(told_by(1, StopReason::asked), StopReason::asked);
}

}  // namespace fairlead::worker
