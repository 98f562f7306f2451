// Conversation, for tests: a Gateway between users and a broker that says what the test wants. What the gateway does is
// written down as short lines, client 7 of it as "7":
//
//   up open 7.1 | up message 7.2 hello | up snapshot 7 committed=2 uid=ann groups=a,b | hello applied=3 | heartbeat 0
//   to 7,8 hello | close 7 1000 bye | pause 7 | resume 7 | pause all | resume all | link | unlink | bye
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bus/check.hpp"
#include "gateway/gateway.hpp"
#include "schemas/codec.hpp"

namespace fairlead::gateway {

class Conversation {
 public:
  static constexpr Incarnation incarnation{0xabc};

  explicit Conversation(Config config = {}) : gateway(with_name(std::move(config)), Random(1)) {}

  using Lines = std::vector<std::string>;

  // ---- users

  Lines opens(std::uint64_t user) {
    gateway.on_user_opened({user}, {.peer = "192.0.2.1:" + std::to_string(user)}, now, actions);
    return take();
  }
  Lines says(std::uint64_t user, std::string_view text) {
    went_on = gateway.on_user_message({user}, text, false, now, actions);
    return take();
  }
  Lines leaves(std::uint64_t user) {
    gateway.on_user_closed({user}, {.code = 1000, .reason = "left"}, now, actions);
    return take();
  }

  // ---- time

  // The end of a turn. At 0 as well.
  Lines turn(Duration later = {}) {
    now += later;
    gateway.on_turn(now, actions);
    return take();
  }
  // Turns of 100 ms each, for at least `time`.
  Lines passes(Duration time) {
    Lines all;
    for (Duration gone{}; gone < time; gone += 100ms) {
      for (auto& line : turn(100ms)) all.push_back(std::move(line));
    }
    return all;
  }

  // ---- the broker

  // Frames on DEALER and SUB of the link that is.
  template <class... Records>
  Lines control(const Records&... records) {
    schemas::FrameBuilder frame;
    (schemas::append(frame.body(), records), ...);
    gateway.on_frontend_frame(frame.finish({.link = link}), now, actions);
    return take();
  }
  template <class... Records>
  Lines delivers(std::uint64_t number, const Records&... records) {
    gateway.on_delivery_frame(delivery(number, records...), now, actions);
    return take();
  }
  template <class... Records>
  std::string delivery(std::uint64_t number, const Records&... records) {
    schemas::FrameBuilder frame(schemas::deliveries_topic(link));
    (schemas::append(frame.body(), records), ...);
    return frame.finish({.link = link, .seq = number});
  }

  // From wherever it stands to a live link; answers what went up because of it.
  Lines links(std::uint64_t lineage = 1, std::uint64_t next = 1) {
    for (int turns = 0; gateway.live() || !dialing; ++turns) {
      FAIRLEAD_CHECK(turns < 1000, "the gateway does not dial");
      turn(10ms);
    }
    Lines all = control(schemas::GatewayWelcome{.incarnation = {9}, .lineage = {lineage}, .next = next});
    for (auto& line : turn()) all.push_back(std::move(line));
    dialing = false;
    return all;
  }
  Lines breaks() {
    gateway.on_link_broken("the test broke it");
    return turn();
  }

  static ClientId client(std::uint64_t user) { return {.shard = 0, .gateway = incarnation, .counter = user}; }
  static schemas::Committed committed(std::uint64_t user, std::uint64_t seq) {
    return {.client = client(user), .seq = seq};
  }
  static schemas::Deliver to_client(std::uint64_t user, std::string payload) {
    return {.send = {.scope = schemas::Scope::clients, .clients = {client(user)}, .payload = std::move(payload)}};
  }
  static schemas::Deliver to_all(std::string payload, std::vector<ClientId> except = {}) {
    return {.send = {.scope = schemas::Scope::all, .except = std::move(except), .payload = std::move(payload)}};
  }
  static schemas::Deliver to_groups(std::vector<std::string> groups, std::string payload) {
    return {.send = {.scope = schemas::Scope::groups, .names = std::move(groups), .payload = std::move(payload)}};
  }
  static schemas::Deliver to_uids(std::vector<std::string> uids, std::string payload) {
    return {.send = {.scope = schemas::Scope::uids, .names = std::move(uids), .payload = std::move(payload)}};
  }
  static schemas::Bound bound(std::uint64_t user, std::optional<std::string> uid) {
    return {client(user), std::move(uid)};
  }
  static schemas::Joined joined(std::uint64_t user, std::string group) {
    return {.client = client(user), .group = std::move(group), .size = 1};
  }

  Lines take() {
    Lines lines;
    for (const Action& action : std::exchange(actions, {})) {
      std::visit([&](const auto& it) { describe(it, lines); }, action);
    }
    return lines;
  }

  Instant now{};
  LinkId link;
  std::uint64_t acknowledged = 0;  // the ack of the last frame that went up
  bool went_on = false;            // what on_user_message() answered
  bool dialing = false;            // the link waits for its welcome
  Actions actions;
  Gateway gateway;

 private:
  static Config with_name(Config config) {
    config.name = "gw";
    config.incarnation = incarnation;
    return config;
  }
  static std::string number(std::uint64_t value) { return std::to_string(value); }
  static std::string name(const ClientId& id) { return number(id.counter); }

  void describe(const OpenLink& open, Lines& out) {
    link = open.link;
    dialing = true;
    out.emplace_back("link");
  }
  void describe(const CloseLink&, Lines& out) {
    dialing = false;
    out.emplace_back("unlink");
  }
  static void describe(const ToUsers& message, Lines& out) {
    std::string line = "to ";
    for (const UserId user : message.users) line += (line.size() > 3 ? "," : "") + number(user.value);
    out.push_back(line + " " + *message.payload);
  }
  static void describe(const CloseUser& close, Lines& out) {
    out.push_back("close " + number(close.user.value) + " " + number(close.reason.code) + " " + close.reason.reason +
                  (close.last ? " last=" + *close.last : "") + (close.now ? " now" : ""));
  }
  static void describe(const PauseUser& pause, Lines& out) { out.push_back("pause " + number(pause.user.value)); }
  static void describe(const ResumeUser& resume, Lines& out) { out.push_back("resume " + number(resume.user.value)); }
  static void describe(const PauseAll&, Lines& out) { out.emplace_back("pause all"); }
  static void describe(const ResumeAll&, Lines& out) { out.emplace_back("resume all"); }
  static void describe(const Note&, Lines&) {}

  void describe(const SendUp& send, Lines& out) {
    auto frame = schemas::open_frame(send.frame);
    FAIRLEAD_CHECK(frame && frame->header.link == link, "a frame of another link");
    acknowledged = frame->header.ack;
    std::uint64_t at = frame->header.seq;
    if (at == 1) up = 0;  // a new link counts from 1
    while (!frame->records.at_end()) {
      const auto record = schemas::decode_from_gateway(frame->records);
      FAIRLEAD_CHECK(frame->records.ok(), "a record that cannot be read");
      if (at > 0) FAIRLEAD_CHECK(at++ == ++up, "numbers with a hole");
      std::visit([&](const auto& it) { describe_record(it, out); }, record);
    }
  }
  static void describe_record(const schemas::Unknown&, Lines& out) { out.emplace_back("up unknown"); }
  static void describe_record(const schemas::Event& event, Lines& out) {
    const std::string place = name(event.client) + "." + number(event.seq);
    switch (event.kind) {
      case schemas::EventKind::open:
        return out.push_back("up open " + place);
      case schemas::EventKind::message:
        return out.push_back("up message " + place + " " + event.payload);
      case schemas::EventKind::close:
        return out.push_back("up close " + place);
      case schemas::EventKind::timer: {
        const auto timer = schemas::decode_timer_fired(event.payload).value();
        return out.push_back("up timer " + place + " " + timer.name + " " + timer.payload);
      }
      case schemas::EventKind::group: {
        const auto change = schemas::decode_group_change(event.payload).value();
        return out.push_back("up " + std::string(change.joined ? "joined " : "left ") + place + " " + change.group +
                             " size=" + number(change.size));
      }
    }
  }
  static void describe_record(const schemas::Heartbeat& beat, Lines& out) {
    out.push_back("heartbeat " + number(beat.head));
  }
  static void describe_record(const schemas::GatewayHello& hello, Lines& out) {
    out.push_back("hello applied=" + number(hello.applied));
  }
  static void describe_record(const schemas::ClientSnapshot& client, Lines& out) {
    std::string line = "up snapshot " + name(client.client) + " committed=" + number(client.committed);
    if (client.uid) line += " uid=" + *client.uid;
    for (const auto& group : client.groups) line += " group=" + group;
    if (client.session_version > 0) line += " session=" + client.session;
    out.push_back(line);
  }
  static void describe_record(const schemas::Bye&, Lines& out) { out.emplace_back("bye"); }
  static void describe_record(const schemas::Complaint& complaint, Lines& out) {
    out.push_back("complaint " + complaint.reason);
  }

  std::uint64_t up = 0;  // the number of the last record that went up on this link
};

}  // namespace fairlead::gateway
