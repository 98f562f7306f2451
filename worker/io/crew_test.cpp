// Whole workers over real sockets, with a broker that the test plays.
#include "worker/io/crew.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <set>

#include <gtest/gtest.h>

#include "bus/check.hpp"
#include "bus/io/clock.hpp"
#include "schemas/codec.hpp"
#include "schemas/frame.hpp"

namespace fairlead::worker {
namespace {

const ClientId alice{.gateway = {7}, .counter = 1};
constexpr Duration patience = 20s;  // until a test gives up

// Speaks and hears records on the two sockets that a broker has for workers. It welcomes every link that has said hello
// on both, and numbers what it sends.
class PlayedBroker {
 public:
  PlayedBroker() {
    // The second port follows from the first, and may be taken: then both are drawn again.
    for (int attempt = 0; !xsub_ && attempt < 50; ++attempt) {
      router_ = io::Socket::router(context_, "tcp://127.0.0.1:0").value();
      const int next = port_of(router_->last_endpoint()) + 1;
      if (auto bound = io::Socket::xsub(context_, "tcp://127.0.0.1:" + std::to_string(next), "o"))
        xsub_ = std::move(*bound);
    }
    FAIRLEAD_CHECK(xsub_, "no two ports in a row are free");
  }

  // The base port, from which a worker finds the backend two further and the outcomes three.
  BusAddress address() const {
    const int base = port_of(router_->last_endpoint()) - 2;
    return BusAddress::for_connect("tcp://127.0.0.1:" + std::to_string(base)).value();
  }

  struct Heard {
    LinkId link;
    schemas::ToBrokerFromWorker record;
  };

  // The next record of this kind, however long others come before it.
  template <class Record>
  std::optional<Record> hear() {
    const Instant deadline = io::now() + patience;
    while (io::now() < deadline) {
      for (auto at = heard_.begin(); at != heard_.end(); ++at) {
        if (!std::holds_alternative<Record>(at->record)) continue;
        Record found = std::get<Record>(at->record);
        heard_.erase(at);
        return found;
      }
      listen();
    }
    return std::nullopt;
  }

  template <class... Records>
  void number(const Records&... records) {
    Peer& peer = peers_.at(link_);
    send(peer.sent + 1, records...);
    peer.sent += sizeof...(records);
  }
  template <class... Records>
  void say(const Records&... records) {
    send(0, records...);
  }

  // Its sockets close, as when a broker dies.
  void die() { router_.reset(), xsub_.reset(); }

  LinkId link() const { return link_; }  // the one welcomed last
  std::size_t links() const { return peers_.size(); }

 private:
  struct Peer {
    std::optional<io::RoutingId> routing;
    bool on_pub = false;
    bool welcomed = false;
    std::uint64_t sent = 0;
    std::uint64_t outcomes = 0;
  };

  void listen() {
    std::array<io::Socket*, 2> sockets{&*router_, &*xsub_};
    io::wait(sockets, {}, 10ms);
    io::drain_router(*router_, 1000, [this](io::RoutingId from, std::string_view frame) { on_frame(from, frame); });
    io::drain(*xsub_, 1000,
              [this](std::string_view frame) { on_frame(std::nullopt, frame.substr(schemas::topic_bytes)); });
  }

  void on_frame(std::optional<io::RoutingId> from, std::string_view frame) {
    auto opened = schemas::open_frame(frame).value();
    const LinkId link = opened.header.link;
    Peer& peer = peers_[link];
    if (from) peer.routing = from;
    EXPECT_TRUE(opened.header.seq == 0 || opened.header.seq == peer.outcomes + 1);
    while (!opened.records.at_end()) {
      auto record = schemas::decode_from_worker(opened.records);
      EXPECT_TRUE(opened.records.ok());
      if (std::holds_alternative<schemas::WorkerHello>(record) && !from) peer.on_pub = true;
      if (std::holds_alternative<schemas::Outcome>(record)) ++peer.outcomes;
      heard_.push_back({link, std::move(record)});
    }
    if (!peer.welcomed && peer.routing && peer.on_pub) {
      peer.welcomed = true;
      link_ = link;
      say(schemas::WorkerWelcome{.incarnation = {5}, .shard = 1});
    }
  }

  template <class... Records>
  void send(std::uint64_t seq, const Records&... records) {
    const Peer& peer = peers_.at(link_);
    schemas::FrameBuilder builder;
    (schemas::append(builder.body(), records), ...);
    router_->send(*peer.routing, builder.finish({.link = link_, .seq = seq, .ack = peer.outcomes}));
  }

  io::Context context_;
  std::optional<io::Socket> router_;
  std::optional<io::Socket> xsub_;
  std::map<LinkId, Peer> peers_;
  LinkId link_;
  std::vector<Heard> heard_;
};

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
  for (int hello = 0; hello < 6; ++hello) {  // on both sockets
    const auto said = broker.hear<schemas::WorkerHello>();
    ASSERT_TRUE(said);
    names.insert(said->name);
    incarnations.insert(said->incarnation.value);
  }
  EXPECT_EQ(names, (std::set<std::string>{"w/0", "w/1", "w/2"}));
  EXPECT_EQ(incarnations.size(), 3U);
  EXPECT_EQ(broker.links(), 3U);
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

}  // namespace fairlead::worker
