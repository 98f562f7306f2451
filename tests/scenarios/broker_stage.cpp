#include "tests/scenarios/broker_stage.hpp"

#include <stdexcept>

#include "bus/text.hpp"
#include "schemas/codec.hpp"
#include "tests/scenarios/words.hpp"

namespace fairlead::scenarios {
namespace {

using namespace schemas;

Effect effect_of(const std::string& word, const ClientId& self) {
  const std::string kind = parts_of(word, 2).front();
  const std::string rest = word.size() > kind.size() ? word.substr(kind.size() + 1) : "";
  if (kind == "reply") return Send{.scope = Scope::clients, .clients = {self}, .payload = rest};
  if (kind == "all") return Send{.scope = Scope::all, .payload = rest};
  if (kind == "uid" || kind == "group") {
    const auto parts = parts_of(rest, 2);
    return Send{.scope = kind == "uid" ? Scope::uids : Scope::groups, .names = {parts.at(0)}, .payload = parts.at(1)};
  }
  if (kind == "bind") return Bind{.client = self, .uid = rest};
  if (kind == "join") return Join{.client = self, .group = rest};
  if (kind == "leave") return Leave{.client = self, .group = rest};
  if (kind == "session") return SetSession{.client = self, .session = rest};
  if (kind == "close") return CloseClient{.client = self};
  throw std::runtime_error("no such effect: " + word);
}

}  // namespace

BrokerStage::BrokerStage() : header_{.lineage = {77}, .shard = 0, .segment = 1} {
  journal_ = broker::begin_segment(header_, {});
  broker_ = std::make_unique<broker::Broker>(broker::Config{.incarnation = {1}}, header_);
}

std::vector<std::string> BrokerStage::play(const std::vector<std::string>& inputs) {
  said_.clear();
  for (const auto& line : inputs) input(line);
  end_turn(said_);
  return said_;
}

BrokerStage::Actor& BrokerStage::actor(const std::string& name) {
  Actor& actor = actors_[name];
  if (!actor.incarnation) actor.incarnation = {0x1000 * actors_.size() + static_cast<std::uint64_t>(name.back())};
  return actor;
}

ClientId BrokerStage::client(const std::string& name) const {
  const auto at = name.find('@');
  const auto gateway = actors_.find(at == std::string::npos ? "g1" : name.substr(at + 1));
  if (gateway == actors_.end()) throw std::runtime_error("no gateway for " + name);
  return {.gateway = gateway->second.incarnation, .counter = std::stoull(name.substr(1, at - 1))};
}

std::string BrokerStage::name_of(const ClientId& id) const {
  for (const auto& [name, actor] : actors_) {
    if (actor.incarnation == id.gateway) return "c" + std::to_string(id.counter) + (name == "g1" ? "" : "@" + name);
  }
  return id.text();
}

std::string BrokerStage::by_routing(broker::RoutingId routing) const {
  for (const auto& [name, actor] : actors_) {
    if (actor.routing == routing) return name;
  }
  return "somebody";
}

void BrokerStage::connect(Actor& actor) {
  actor.link = {++last_link_};
  actor.routing = static_cast<broker::RoutingId>(100 + last_link_);
  actor.here = true;
  actor.frozen = false;
  actor.numbered = 0;
  actor.units.clear();
}

void BrokerStage::from_gateway(const std::string& name, const auto& record, bool numbered) {
  Actor& gateway = actor(name);
  FrameBuilder frame;
  append(frame.body(), record);
  broker_->on_frontend_frame(
      gateway.routing,
      frame.finish({.link = gateway.link, .seq = numbered ? ++gateway.numbered : 0, .ack = gateway.applied}), now_);
}

void BrokerStage::from_worker(const std::string& name, const auto& record) {
  Actor& worker = actor(name);
  FrameBuilder frame;
  append(frame.body(), record);
  broker_->on_backend_frame(worker.routing, frame.finish({.link = worker.link}), now_);
}

void BrokerStage::outcome(const std::string& name, const Outcome& record) {
  Actor& worker = actor(name);
  FrameBuilder frame(outcomes_topic(worker.link));
  append(frame.body(), record);
  broker_->on_outcome_frame(frame.finish({.link = worker.link, .seq = ++worker.numbered}), now_);
}

void BrokerStage::input(const std::string& line) {
  const auto words = words_of(line);
  const std::string& verb = words.at(0);
  if (verb == "restart") return restart();
  if (verb == "wait") return wait(parse_duration(words.at(1)).value(), said_);
  const std::string& name = words.at(1);
  if (verb == "gateway") {
    Actor& gateway = actor(name);
    connect(gateway);
    if (option(words, "lineage", "") == "other") gateway.lineage = {5};
    gateway.applied = std::stoull(option(words, "applied", std::to_string(gateway.applied)));
    broker_->on_subscription('\1' + deliveries_topic(gateway.link), now_);
    FrameBuilder frame;
    append(frame.body(), GatewayHello{.incarnation = gateway.incarnation,
                                      .name = option(words, "name", name),
                                      .lineage = gateway.lineage,
                                      .applied = gateway.applied});
    broker_->on_frontend_frame(gateway.routing, frame.finish({.link = gateway.link}), now_);
    gateway.lineage = header_.lineage;
  } else if (verb == "ack") {
    actor(name).applied = std::stoull(words.at(2));
    from_gateway(name, Heartbeat{.head = actor(name).numbered}, false);
  } else if (verb == "join") {
    Actor& worker = actor(name);
    connect(worker);
    const WorkerHello hello{.incarnation = worker.incarnation, .name = name};
    from_worker(name, hello);
    FrameBuilder frame(outcomes_topic(worker.link));
    append(frame.body(), hello);
    broker_->on_outcome_frame(frame.finish({.link = worker.link}), now_);
    from_worker(name, Credit{std::stoull(option(words, "credit", "256"))});
  } else if (verb == "credit") {
    from_worker(name, Credit{std::stoull(words.at(2))});
  } else if (verb == "drain") {
    from_worker(name, Drain{});
  } else if (verb == "bye") {
    name[0] == 'w' ? from_worker(name, Bye{"done"}) : from_gateway(name, Bye{"done"}, false);
    actor(name).here = false;
  } else if (verb == "progress") {
    const auto& held = actor(name).units.at(client(words.at(2)));
    from_worker(name, Progress{.unit = held.unit, .attempt = held.attempt});
  } else if (verb == "event" || verb == "close") {
    const ClientId id = client(name);
    Event event{.client = id, .seq = std::stoull(words.at(2))};
    event.kind = verb == "close" ? EventKind::close : event.seq == 1 ? EventKind::open : EventKind::message;
    if (event.kind == EventKind::open) event.payload = encode(Handshake{.peer = "192.0.2.1:9"});
    if (event.kind == EventKind::close) event.payload = encode(CloseReason{.code = 1000});
    if (event.kind == EventKind::message && words.size() > 3) event.payload = words[3];
    const auto at = name.find('@');
    from_gateway(at == std::string::npos ? "g1" : name.substr(at + 1), event, true);
  } else if (verb == "outcome" || verb == "fail") {
    const ClientId id = client(words.at(2));
    const auto& held = actor(name).units.at(id);
    Outcome record{.unit = held.unit, .attempt = held.attempt, .seq = std::stoull(words.at(3))};
    if (verb == "fail") {
      record.verdict = Verdict::failed;
      record.error = words.size() > 4 ? words[4] : "it threw";
    } else {
      for (std::size_t i = 4; i < words.size(); ++i) record.effects.push_back(effect_of(words[i], id));
    }
    outcome(name, record);
  } else if (verb == "lose") {
    broker_->on_unreachable(name[0] == 'w' ? broker::Leg::backend : broker::Leg::frontend, actor(name).routing, now_);
    actor(name).here = false;
  } else if (verb == "freeze" || verb == "thaw") {
    actor(name).frozen = verb == "freeze";
  } else {
    throw std::runtime_error("no such input: " + line);
  }
}

void BrokerStage::wait(Duration time, std::vector<std::string>& said) {
  for (const Instant end = now_ + time; now_ < end;) {
    now_ += 50ms;
    for (const auto& [name, actor] : actors_) {
      if (!actor.here || actor.frozen) continue;
      name[0] == 'w' ? from_worker(name, Heartbeat{.head = actor.numbered})
                     : from_gateway(name, Heartbeat{.head = actor.numbered}, false);
    }
    end_turn(said);
  }
}

void BrokerStage::restart() {
  auto replayed = broker::replay_segment(journal_);
  if (!replayed) throw std::runtime_error(replayed.error().message);
  if (replayed->state.digest() != broker_->state_digest())
    throw std::runtime_error("the recovered state is not the state before");
  broker_ = std::make_unique<broker::Broker>(broker::Config{.incarnation = {2}}, replayed->header,
                                             std::move(replayed->state));
  for (auto& [name, actor] : actors_) actor.here = false;
}

void BrokerStage::end_turn(std::vector<std::string>& said) {
  broker::Turn turn;
  broker_->on_turn(now_, turn);
  journal_ += turn.journal;
  for (const auto& send : turn.sends) {
    if (const std::string line = show(send); !line.empty()) said.push_back(line);
  }
}

// One send in words; heartbeats are silence. Units are remembered for the outcomes to come.
std::string BrokerStage::show(const broker::Send& send) {
  const bool delivery = send.leg == broker::Leg::deliveries;
  auto frame = open_frame(std::string_view(send.frame).substr(delivery ? topic_bytes : 0)).value();
  std::string to;
  for (const auto& [name, actor] : actors_) {
    if (actor.link == frame.header.link) to = name;
  }
  if (to.empty()) to = by_routing(send.routing);
  std::string line;
  std::uint64_t number = frame.header.seq;
  const auto say = [&](const std::string& what) {
    if (!line.empty()) line += "\n";
    line += to + (number != 0 && delivery ? " #" + std::to_string(number++) : "") + ": " + what;
  };
  const auto payload_of = [](const Send& s) {
    std::string targets = s.scope == Scope::all ? " all" : "";
    for (const auto& name : s.names) targets += " " + name;
    return targets;
  };
  while (!frame.records.at_end()) {
    if (send.leg == broker::Leg::backend) {
      const auto record = decode_to_worker(frame.records);
      if (const auto* unit = std::get_if<Unit>(&record)) {
        actor(to).units[unit->client] = {unit->unit, unit->attempt};
        std::string seqs = std::to_string(unit->events.front().seq);
        if (unit->events.size() > 1) seqs += "-" + std::to_string(unit->events.back().seq);
        say("unit " + name_of(unit->client) + "[" + seqs + "]" +
            (unit->attempt > 1 ? " attempt " + std::to_string(unit->attempt) : "") +
            (unit->session.empty() ? "" : " session " + unit->session) + (unit->uid ? " uid " + *unit->uid : ""));
      } else if (const auto* cancel = std::get_if<Cancel>(&record)) {
        std::string which = "?";
        for (const auto& [id, held] : actor(to).units) {
          if (held.unit == cancel->unit) which = name_of(id);
        }
        say("cancel " + which);
      } else if (std::holds_alternative<Drained>(record)) {
        say("drained");
      } else if (std::holds_alternative<WorkerWelcome>(record)) {
        say("welcome");
      } else if (const auto* reset = std::get_if<Reset>(&record)) {
        say("reset: " + reset->reason);
      }
      continue;
    }
    const auto record = decode_to_gateway(frame.records);
    if (const auto* deliver = std::get_if<Deliver>(&record)) {
      std::string targets = payload_of(deliver->send);
      for (const auto& id : deliver->send.clients) targets += " " + name_of(id);
      say("deliver" + targets + " '" + printable(deliver->send.payload) + "'");
    } else if (const auto* committed = std::get_if<Committed>(&record)) {
      say("committed " + name_of(committed->client) + " " + std::to_string(committed->seq));
    } else if (const auto* bound = std::get_if<Bound>(&record)) {
      say("bound " + name_of(bound->client) + " " + bound->uid.value_or("-"));
    } else if (const auto* joined = std::get_if<Joined>(&record)) {
      say("joined " + name_of(joined->client) + " " + joined->group);
    } else if (const auto* left = std::get_if<Left>(&record)) {
      say("left " + name_of(left->client) + " " + left->group);
    } else if (const auto* session = std::get_if<SessionSet>(&record)) {
      say("session " + name_of(session->client) + " " + session->session);
    } else if (const auto* close = std::get_if<Close>(&record)) {
      say("close " + name_of(close->client));
    } else if (const auto* refused = std::get_if<Refused>(&record)) {
      say("refused " + name_of(refused->client));
    } else if (const auto* gap = std::get_if<Gap>(&record)) {
      say("gap through " + std::to_string(gap->through));
    } else if (const auto* welcome = std::get_if<GatewayWelcome>(&record)) {
      say("welcome, next " + std::to_string(welcome->next));
    } else if (const auto* reset = std::get_if<Reset>(&record)) {
      say("reset: " + reset->reason);
    }
  }
  return line;
}

}  // namespace fairlead::scenarios
